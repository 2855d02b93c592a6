import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import type { GatewayConfig, ServerConfig } from "@hybrid-mcp/mcp-gateway/config";
import { selectTools, type ToolSelection } from "@hybrid-mcp/service-kit/tool-selection";
import { type Config, enabledServices, publicUrl } from "../config.ts";
import { serviceTools } from "../service-tools.ts";
import { addedServers } from "./added-servers.ts";

/** Longest wait for one server's lists, in milliseconds. */
const LIST_TIMEOUT_MS = 5_000;
/** How long a list is good for, in milliseconds. */
const LIST_TTL_MS = 60_000;
/** Longest wait for the beginning of a server's answer to a call, in milliseconds: some tools work for minutes. */
const CALL_TIMEOUT_MS = 300_000;
/** Largest request body, in bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The scopes that some tool needs which the gateway shows: nobody is asked for what nothing needs. */
function scopesInUse(config: Config, service: ServiceName): ServerConfig["scopes"] {
  const { tools, usualToolsets } = serviceTools[service];
  const shown = selectTools(tools, (config.services[service].tools ?? {}) as ToolSelection, {}, usualToolsets);
  return catalogue[service].scopes.filter(({ name }) => shown.some(({ scope }) => scope === name));
}

/** What the gateway is told of the stack (binding `GATEWAY_CONFIG`): nothing secret is in it. */
export function gatewayConfig(config: Config): GatewayConfig {
  const services = enabledServices(config).map((name) => ({
    name,
    title: catalogue[name].title,
    url: `${publicUrl(config, name)}/mcp`,
    transport: "auto" as const,
    auth: { kind: "service" as const },
    scopes: scopesInUse(config, name),
  }));
  return {
    servers: [...services, ...addedServers(config)],
    listTimeoutMs: LIST_TIMEOUT_MS,
    listTtlMs: LIST_TTL_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
    maxBodyBytes: MAX_BODY_BYTES,
  };
}
