import type { ServiceName } from "@hybrid-mcp/catalogue";
import { tools as coda } from "@hybrid-mcp/coda/tools";
import { tools as firecrawl } from "@hybrid-mcp/firecrawl/tools";
import { tools as github, usualToolsets } from "@hybrid-mcp/github/tools";
import type { AnyTool } from "@hybrid-mcp/service-kit/tool";

/** What the program has to know of a service's tools: which ones the config may name, and which scopes they need. */
export interface ServiceTools {
  // biome-ignore lint/suspicious/noExplicitAny: of any service
  tools: readonly AnyTool<any>[];
  /** Toolsets of a client that names none. */
  usualToolsets?: readonly string[];
}

export const serviceTools: Record<ServiceName, ServiceTools> = {
  coda: { tools: coda },
  github: { tools: github, usualToolsets },
  firecrawl: { tools: firecrawl },
};
