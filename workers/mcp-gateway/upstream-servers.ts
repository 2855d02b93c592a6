import type { GatewayConfig, ServerConfig } from "./config.ts";
import { legacyServer } from "./legacy-server.ts";
import { ModernServer } from "./modern-server.ts";
import { speaksModern } from "./speaks-modern.ts";
import type { ServerAccess, UpstreamServer } from "./upstream-server.ts";

/**
 * The servers behind the gateway for one request, in the config's order.
 * @param waitUntil lets work go on after the answer
 */
export function upstreamServers(
  { servers }: GatewayConfig,
  waitUntil: (work: Promise<unknown>) => void,
): UpstreamServer[] {
  return servers.map((config) =>
    config.auth.kind === "service" ? new ModernServer(config) : anyServer(config, waitUntil),
  );
}

/** A server of which it has to be found out what it speaks. */
function anyServer(config: ServerConfig, waitUntil: (work: Promise<unknown>) => void): UpstreamServer {
  const speaker = async (access: ServerAccess) =>
    (await speaksModern(config, access)) ? new ModernServer(config) : legacyServer(config, waitUntil);
  return {
    config,
    list: async (kind, access) => (await speaker(access)).list(kind, access),
    forward: async (request, access) => (await speaker(access)).forward(request, access),
  };
}
