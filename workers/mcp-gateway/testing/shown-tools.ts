import type { ServiceName } from "@hybrid-mcp/catalogue";
import { tools as coda } from "@hybrid-mcp/coda/tools";
import { tools as firecrawl } from "@hybrid-mcp/firecrawl/tools";
import { tools as github, usualToolsets } from "@hybrid-mcp/github/tools";
import { selectTools } from "@hybrid-mcp/service-kit/tool-selection";

const tools = {
  coda: selectTools<never>(coda as never, {}, {}),
  github: selectTools<never>(github as never, {}, {}, usualToolsets),
  firecrawl: selectTools<never>(firecrawl as never, {}, {}),
};

/** Names at the gateway of the tools that somebody sees whom the policy allows these scopes, the implied ones among them. */
export function shownTools(service: ServiceName, scopes: string[]): string[] {
  return tools[service].filter(({ scope }) => scopes.includes(scope)).map(({ name }) => `${service}_${name}`);
}
