import type { Resource, ResourceState } from "./digest.ts";
import { cloudflare, dropletBackups, droplets, spaces, uptime, volume } from "./prices.ts";
import { isOf } from "./scene.ts";
import type { Usage } from "./usage.ts";

/** One part of the monthly cost, in US dollars; null where no price is known here. */
export interface CostLine {
  what: string;
  before: number | null;
  after: number | null;
  /** How it comes about, or what is not known. */
  how: string;
}

export interface Cost {
  lines: CostLine[];
  /**
   * What has no price here is left out where it stays as it is. Null where something without a price comes, goes or changes:
   * no sum, and no difference, would be true.
   */
  before: number | null;
  after: number | null;
  /** Whether every price is known, before and after. */
  complete: boolean;
  usage: Usage;
}

/**
 * What one call of a tool costs at most, of what Cloudflare counts: through the gateway, to a service that asks the broker
 * (ARCHITECTURE, "What a call costs"; workers/oauth-broker/budget.test.ts counts the reads). Wherever the service is: on the
 * droplet it asks the broker's Worker instead of being one.
 */
const PER_CALL = {
  requests: 2,
  /** Two Workers within the free plan's 10 ms each. */
  cpuMs: 20,
  kvReads: 4,
  /** An event with its index entries, of the gateway and of the service. */
  d1RowsWritten: 8,
};

/**
 * Monthly cost before and after, by what the stack has: plans and usage at Cloudflare, droplets, their backups, volumes, checks of
 * URLs, and storage.
 *
 * @param repository of n8n's backups (config key `backup.repository`)
 */
export function costOf(resources: Resource[], usage: Usage, repository: string | undefined): Cost {
  const states = (when: "before" | "after") => resources.map((each) => each[when]).filter((each) => each !== undefined);
  const [before, after] = [states("before"), kept(resources)];
  const line = (what: string, part: (states: ResourceState[]) => Part | undefined): CostLine[] => {
    const [from, to] = [part(before), part(after)];
    if (!from && !to) return [];
    const how = [from, to].map((each) => each?.how).filter((each) => each !== undefined);
    return [{ what, before: from ? from.usd : 0, after: to ? to.usd : 0, how: [...new Set(how)].join(" → ") }];
  };
  const lines = [
    ...line("Cloudflare Workers, KV, D1", (all) => workers(all, usage)),
    ...line("Droplet", partOf("Droplet", droplet)),
    ...line("Droplet backups", partOf("Droplet", backups)),
    ...line("Data volume", partOf("Volume", dataVolume)),
    ...line("Uptime checks", uptimeChecks),
    ...line("Spaces, for n8n's backups", (all) => storage(all, repository)),
  ];
  const stays = ({ before, after, how }: CostLine) => before === after && !how.includes(" → ");
  const sum = (when: "before" | "after") =>
    lines.every((each) => each[when] !== null || stays(each))
      ? lines.reduce((total, each) => total + (each[when] ?? 0), 0)
      : null;
  const complete = lines.every((each) => each.before !== null && each.after !== null);
  return { lines, before: sum("before"), after: sum("after"), complete, usage };
}

interface Part {
  usd: number | null;
  how: string;
}

/** All of a type at DigitalOcean together; undefined if there are none. */
function partOf(type: string, price: (inputs: Record<string, unknown>) => Part | undefined) {
  return (states: ResourceState[]): Part | undefined => {
    const parts = states
      .filter((state) => state.type.startsWith("digitalocean:") && isOf(type)(state))
      .flatMap(({ inputs, outputs }) => price({ ...outputs, ...inputs }) ?? []);
    if (parts.length === 0) return undefined;
    const known = parts.every(({ usd }) => usd !== null);
    return {
      usd: known ? parts.reduce((sum, { usd }) => sum + usd!, 0) : null,
      how: parts.map(({ how }) => how).join("; "),
    };
  };
}

function workers(states: ResourceState[], { calls }: Usage): Part | undefined {
  if (!states.some((state) => state.type.startsWith("cloudflare:") && isOf("WorkersScript")(state))) return undefined;
  const used = Object.entries(PER_CALL).map(([what, each]) => [what, each * calls] as const);
  const free = used.every(([what, amount]) => {
    const { freeADay } = { freeADay: undefined, ...cloudflare[what as keyof typeof PER_CALL] };
    return freeADay === undefined || amount / 30 <= freeADay;
  });
  const more = used.reduce((sum, [what, amount]) => {
    const { included, perMillion } = cloudflare[what as keyof typeof PER_CALL];
    return sum + (Math.max(0, amount - included) / 1e6) * perMillion;
  }, 0);
  const paid = cloudflare.paidPlan + more;
  const requests = `about ${count((PER_CALL.requests * calls) / 30)} of ${count(cloudflare.requests.freeADay)} requests a day`;
  return free
    ? { usd: 0, how: `the Free plan is enough (${requests}); on the Paid plan ${dollars(paid)}` }
    : { usd: paid, how: `needs the Paid plan, ${dollars(cloudflare.paidPlan)}, and usage ${dollars(more)}` };
}

function droplet(inputs: Record<string, unknown>): Part {
  const size = String(inputs.size);
  const price = droplets.sizes[size]?.[0];
  return price === undefined
    ? { usd: null, how: `the price of ${size} is not known here: see ${droplets.source.url}` }
    : { usd: price, how: size };
}

function backups({ backups, backupPolicy, size }: Record<string, unknown>): Part | undefined {
  if (backups !== true) return undefined;
  const plan = (backupPolicy as { plan?: "daily" | "weekly" } | undefined)?.plan ?? "daily";
  const price = droplets.sizes[String(size)]?.[0];
  const how = `${plan}, ${dropletBackups[plan] * 100} % of the droplet`;
  return { usd: price === undefined ? null : price * dropletBackups[plan], how };
}

function dataVolume({ size }: Record<string, unknown>): Part {
  return { usd: Number(size) * volume.perGib, how: `${size} GB` };
}

function uptimeChecks(states: ResourceState[]): Part | undefined {
  const number = states.filter(isOf("UptimeCheck")).length;
  return number === 0
    ? undefined
    : { usd: number * uptime.perCheck, how: `${number} of them, ${dollars(uptime.perCheck)} each` };
}

/** Backups go out to storage when their container has no folder for them. */
function storage(states: ResourceState[], repository: string | undefined): Part | undefined {
  const container = states.find((state) => isOf("Container")(state) && state.urn.endsWith("::backup"));
  const mounts = (container?.inputs?.volumes ?? []) as { containerPath?: string }[];
  if (!container || mounts.some(({ containerPath }) => containerPath === "/backups")) return undefined;
  if (repository?.includes(".digitaloceanspaces.com/")) {
    return { usd: spaces.subscription, how: `up to ${spaces.includedGib} GiB, for all of the account` };
  }
  return { usd: null, how: "the price of that S3 storage is not known here" };
}

/** What there is afterwards: also what the engine tells nothing new of. */
function kept(resources: Resource[]): ResourceState[] {
  return resources.filter(({ op }) => op !== "delete").flatMap(({ after, before }) => after ?? before ?? []);
}

/** `$12.00` */
export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

const count = (value: number) => Math.ceil(value).toLocaleString("en-US");
