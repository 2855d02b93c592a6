import { serviceNames } from "@hybrid-mcp/catalogue";
import type { BrokerConfig } from "@hybrid-mcp/oauth-broker/config";
import { type Config, enabledServices, hostsFirecrawl, n8nMcpUrl, publicUrl } from "../config.ts";
import { addedServers } from "../gateway/added-servers.ts";
import { upstreamUrl } from "../upstreams.ts";

/** What the broker is told of the stack (binding `BROKER_CONFIG`): nothing secret is in it. */
export function brokerConfig(config: Config): BrokerConfig {
  const { auth } = config;
  const { github, google } = auth;
  const enabled = enabledServices(config);
  const mcpUrl = n8nMcpUrl(config);
  return {
    issuer: publicUrl(config, "oauth-broker"),
    // Of services that are switched off too: their tokens are refused for what they allow, not as unknown.
    resources: Object.fromEntries(
      [...serviceNames, "mcp-gateway" as const].map((name) => [name, `${publicUrl(config, name)}/mcp`]),
    ),
    providers: {
      ...(github && auth.providers.includes("github") && { github }),
      ...(google && auth.providers.includes("google") && { google }),
    },
    policy: auth.policy,
    administrators: auth.administrators,
    connections: {
      ...auth.connections,
      ...(enabled.includes("coda") && { coda: { apiUrl: upstreamUrl(config, "coda") } }),
      ...(mcpUrl && { n8n: { mcpUrl } }),
      // An engine of one's own asks for no key.
      ...(enabled.includes("firecrawl") &&
        !hostsFirecrawl(config) && { firecrawl: { apiUrl: upstreamUrl(config, "firecrawl") } }),
    },
    products: auth.products,
    servers: addedServers(config).map(({ name, title, scopes, auth }) => ({
      name,
      title,
      scopes: scopes.map(({ name, description }) => ({ name, description })),
      ...(auth.kind === "connection" && { connection: auth.of }),
    })),
    auditRetentionDays: auth.auditRetentionDays,
    grantIdleDays: auth.grantIdleDays,
  };
}
