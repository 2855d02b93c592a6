/**
 * Every service of the platform, in one place: where it may run, how it is called, and what a person can be allowed to
 * do with it. Hostnames, ports and scopes are contracts that clients and configs rely on: add, never rename.
 */

/** Where a service runs: on Cloudflare Workers, or as a container on the droplet. */
export type Placement = "workers" | "droplet";

/** A permission of a service, with the words that a consent page shows for it. */
export interface Scope {
  /** `<service>:<what>`, e.g. `coda:read`. */
  name: string;
  description: string;
}

/** What the platform knows of a service before any config is read. */
export interface CatalogueEntry {
  /** Name for people. */
  title: string;
  /** First label of the hostname: `<subdomain>.<domain>`. */
  subdomain: string;
  /** Port at which the local stack offers it on loopback (plus the stack's port offset). */
  localPort: number;
  /** Port at which it listens in its container. */
  containerPort: number;
  /** Allowed placements; the first is the default. */
  placements: readonly [Placement, ...Placement[]];
  /** Ordered: a later scope implies the earlier ones. */
  scopes: readonly [Scope, ...Scope[]];
}

export const catalogue = {
  coda: {
    title: "Coda",
    subdomain: "coda-mcp",
    localPort: 8085,
    containerPort: 8085,
    placements: ["workers", "droplet"],
    scopes: [
      { name: "coda:read", description: "Read your Coda docs, tables and rows" },
      { name: "coda:write", description: "Add and change pages and rows in your Coda docs" },
      { name: "coda:admin", description: "Delete and share your Coda docs" },
    ],
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ServiceName = keyof typeof catalogue;

export const serviceNames = Object.keys(catalogue) as ServiceName[];

/** Whether a word (from a config or a command line) names a service of the catalogue. */
export function isServiceName(word: string): word is ServiceName {
  return Object.hasOwn(catalogue, word);
}

/** The public hostname of a service, e.g. `coda-mcp.example.com`. */
export function hostname(service: ServiceName, domain: string): string {
  return `${catalogue[service].subdomain}.${domain}`;
}

/** The hostname at which a gate asks the droplet's copy of a service, past any Workers route: `gate-coda.example.com`. */
export function gateHostname(service: ServiceName, domain: string): string {
  return `gate-${service}.${domain}`;
}
