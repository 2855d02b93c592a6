/**
 * How long things take, in seconds, from the first to the last that is usual. What a deadline of the config bounds is bounded by
 * that besides. Measured ones are of this project's own runs, on two cores; sourced ones name their page.
 */
export interface Duration {
  seconds: readonly [from: number, to: number];
  why: string;
}

export const durations = {
  workerUpload: { seconds: [1, 5], why: "upload of a Worker: a few seconds (trace of the official plugin)" },
  containerStart: {
    seconds: [5, 30],
    why: "image built on the droplet, container started and healthy (measured in e2e/local-stack.test.ts)",
  },
  connectorStart: { seconds: [3, 15], why: "cloudflared started and connected (measured likewise)" },
  n8nChange: {
    seconds: [30, 60],
    why: "n8n stopped, backed up, and the new one ready (measured in e2e/n8n.test.ts); longer when it has much to change in its database",
  },
  databaseStart: { seconds: [5, 20], why: "PostgreSQL stopped and started (measured likewise)" },
  engineStart: {
    seconds: [30, 90],
    why: "parts of a Firecrawl engine stopped and started, by their own health checks; not measured",
  },
  dropletMade: {
    seconds: [120, 420],
    why: "a droplet in 10 to 60 s (DigitalOcean), cloud-init with Docker Engine some minutes (e2e/cloud-init.test.ts boots it)",
  },
  dropletResized: {
    seconds: [120, 1200],
    why: "the droplet is off; DigitalOcean says to expect about a minute for each GB that is used on its disk: https://docs.digitalocean.com/products/droplets/how-to/resize/",
  },
  volumeMoved: { seconds: [20, 60], why: "detach and attach, each polled every 10 s by the official plugin" },
  apiCall: { seconds: [1, 5], why: "one or two requests to a cloud's API" },
} satisfies Record<string, Duration>;

/** `about 5–30 s`, `about 2–7 min`. */
export function shownSeconds([from, to]: readonly [number, number]): string {
  if (to < 120) return `${from === to ? from : `${from}–${to}`} s`;
  const minutes = (seconds: number) => Math.max(1, Math.round(seconds / 60));
  const [a, b] = [minutes(from), minutes(to)];
  return a === b ? `${a} min` : `${a}–${b} min`;
}
