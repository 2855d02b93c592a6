import { n8n } from "@hybrid-mcp/catalogue";
import type { ServerConfig } from "@hybrid-mcp/mcp-gateway/config";
import { type Config, n8nMcpUrl } from "../config.ts";

/** The MCP servers behind the gateway that are no service of the platform's own making: n8n, then those of the config. */
export function addedServers(config: Config): ServerConfig[] {
  const url = n8nMcpUrl(config);
  const own: ServerConfig[] = url
    ? [
        {
          name: "n8n",
          title: n8n.title,
          url,
          transport: "auto",
          auth: { kind: "connection", of: "n8n" },
          scopes: [...n8n.scopes],
        },
      ]
    : [];
  return [...own, ...config.gateway.servers];
}
