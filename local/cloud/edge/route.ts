import type { EdgeDirectory } from "../contracts.ts";
import { CLOUDFLARE_ERRORS, type CloudflareError } from "./cloudflare-error.ts";

/** Where a request goes. */
export type Destination =
  | { kind: "worker"; script: string }
  | { kind: "tunnel"; tunnelId: string }
  | { kind: "error"; error: CloudflareError };

/**
 * Decides where a request goes, as Cloudflare does: a workers.dev hostname leads to its script; any other needs a
 * proxied DNS record, in front of which a Workers route with a script wins; else the record's target answers, which
 * here is a tunnel.
 * @param hostname lower case, without a port.
 * @param path with query.
 */
export function destination(directory: EdgeDirectory, hostname: string, path: string): Destination {
  if (hostname.endsWith(".workers.dev")) {
    const script = directory.workersDev(hostname);
    return script === undefined ? { kind: "error", error: CLOUDFLARE_ERRORS.noWorker } : { kind: "worker", script };
  }
  if (!hostname.includes(".") || /^[\d.]+$|^\[/.test(hostname)) {
    return { kind: "error", error: CLOUDFLARE_ERRORS.dnsResolution };
  }
  const record = directory.dns(hostname);
  if (!record?.proxied) return { kind: "error", error: CLOUDFLARE_ERRORS.originDns };
  const script = directory.route(hostname, path)?.script;
  if (typeof script === "string") return { kind: "worker", script };
  const tunnelId = /^([\w-]+)\.cfargotunnel\.com\.?$/.exec(record.content)?.[1];
  if (record.type !== "CNAME" || tunnelId === undefined) return { kind: "error", error: CLOUDFLARE_ERRORS.originDns };
  return { kind: "tunnel", tunnelId };
}
