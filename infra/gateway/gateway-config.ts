import { catalogue } from "@hybrid-mcp/catalogue";
import type { GatewayConfig } from "@hybrid-mcp/mcp-gateway/config";
import { type Config, enabledServices, publicUrl } from "../config.ts";
import { addedServers } from "./added-servers.ts";

/** Longest wait for one server's lists, in milliseconds. */
const LIST_TIMEOUT_MS = 5_000;
/** How long a list is good for, in milliseconds. */
const LIST_TTL_MS = 60_000;
/** Longest wait for the beginning of a server's answer to a call, in milliseconds: some tools work for minutes. */
const CALL_TIMEOUT_MS = 300_000;
/** Largest request body, in bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What the gateway is told of the stack (binding `GATEWAY_CONFIG`): nothing secret is in it. */
export function gatewayConfig(config: Config): GatewayConfig {
  const services = enabledServices(config).map((name) => ({
    name,
    title: catalogue[name].title,
    url: `${publicUrl(config, name)}/mcp`,
    transport: "auto" as const,
    auth: { kind: "service" as const },
    scopes: [...catalogue[name].scopes],
  }));
  return {
    servers: [...services, ...addedServers(config)],
    listTimeoutMs: LIST_TIMEOUT_MS,
    listTtlMs: LIST_TTL_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
    maxBodyBytes: MAX_BODY_BYTES,
  };
}
