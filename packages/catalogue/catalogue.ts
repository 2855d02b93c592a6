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
  /** Tools that need it, of a server that does not say itself what its tools need. */
  tools?: readonly string[];
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
  github: {
    title: "GitHub",
    subdomain: "github-mcp",
    localPort: 8081,
    containerPort: 8081,
    placements: ["workers", "droplet"],
    scopes: [
      { name: "github:read", description: "Read the repositories, files and issues that you can see on GitHub" },
      { name: "github:write", description: "Create and change issues, files and pull requests in your name" },
      { name: "github:admin", description: "Delete things on GitHub and change the settings of repositories" },
    ],
  },
  firecrawl: {
    title: "Firecrawl",
    subdomain: "firecrawl-mcp",
    localPort: 8084,
    containerPort: 8084,
    placements: ["droplet", "workers"],
    scopes: [
      { name: "firecrawl:read", description: "Read single pages of the public internet" },
      { name: "firecrawl:crawl", description: "Read whole sites, which uses more of the Firecrawl account" },
    ],
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ServiceName = keyof typeof catalogue;

export const serviceNames = Object.keys(catalogue) as ServiceName[];

/**
 * n8n, an app with an MCP server of its own, on the droplet: its tools say nothing of scopes, so those that only read are
 * named here, and any other one needs the last scope (https://docs.n8n.io/advanced-ai/mcp/mcp_tools_reference/).
 */
export const n8n = {
  title: "n8n",
  subdomain: "n8n",
  localPort: 5678,
  containerPort: 5678,
  scopes: [
    {
      name: "n8n:read",
      description: "See your n8n workflows and how their runs went",
      tools: [
        "search_workflows",
        "get_workflow_details",
        "get_workflow_history",
        "get_workflow_version",
        "get_workflow_versions_diff",
        "list_workflow_tags",
        "search_workflow_executions",
        "get_workflow_execution",
        "search_projects",
        "search_folders",
        "search_nodes",
        "get_node_types",
        "get_workflow_sdk_reference",
        "get_workflow_best_practices",
      ],
    },
    { name: "n8n:execute", description: "Run, build and change your n8n workflows" },
  ],
} as const satisfies Omit<CatalogueEntry, "placements">;

/** A Firecrawl engine of one's own, on the droplet: the Firecrawl service calls it, and nobody else. */
export const firecrawlEngine = {
  title: "Firecrawl engine",
  subdomain: "firecrawl-engine",
  localPort: 8783,
  containerPort: 3002,
} as const satisfies Omit<CatalogueEntry, "placements" | "scopes">;

/** The parts of the platform that stand at the edge for ever and are no service that can be moved. */
export const platform = {
  "oauth-broker": { title: "OAuth broker", subdomain: "auth", localPort: 8789 },
  "mcp-gateway": { title: "MCP gateway", subdomain: "mcp", localPort: 8787 },
} as const;

export type PlatformName = keyof typeof platform;

/** Whether a word (from a config or a command line) names a service of the catalogue. */
export function isServiceName(word: string): word is ServiceName {
  return Object.hasOwn(catalogue, word);
}

/** What has a hostname of its own. */
export type HostName = ServiceName | PlatformName | "n8n" | "firecrawl-engine";

/** Everything that has a hostname of its own, in the catalogue's order. */
export const hostNames: HostName[] = [
  ...serviceNames,
  "n8n",
  "firecrawl-engine",
  ...(Object.keys(platform) as PlatformName[]),
];

/** The hostname's first label and the local port of whatever has them. */
export function addressOf(name: HostName): { subdomain: string; localPort: number } {
  if (name === "n8n") return n8n;
  if (name === "firecrawl-engine") return firecrawlEngine;
  return name in platform ? platform[name as PlatformName] : catalogue[name as ServiceName];
}

/** The public hostname of a service, e.g. `coda-mcp.example.com`. */
export function hostname(name: HostName, domain: string): string {
  return `${addressOf(name).subdomain}.${domain}`;
}

/** The hostname at which a gate asks the droplet's copy of a service, past any Workers route: `gate-coda.example.com`. */
export function gateHostname(service: ServiceName, domain: string): string {
  return `gate-${service}.${domain}`;
}

/**
 * The scope with which a product may fetch a person's upstream token of a service. It is no part of the service's list:
 * no other scope implies it and no wildcard holds it.
 */
export function connectScope(service: string): string {
  return `${service}:connect`;
}
