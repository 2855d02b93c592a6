import { BearerTokens } from "./bearer-tokens.ts";
import { enabledServices, loadConfig } from "./config.ts";
import { deployDroplet } from "./droplet/droplet.ts";
import { Storage } from "./edge/storage.ts";
import { Tunnel } from "./edge/tunnel.ts";
import { deployService } from "./service.ts";

const config = loadConfig();

const bearerTokens = new BearerTokens();
const storage = new Storage(config);
const tunnel = new Tunnel(config);
const droplet = deployDroplet(config, tunnel);

const deployed = await Promise.all(
  enabledServices(config).map(async (service) => {
    const bearerToken = bearerTokens.of[service];
    return [service, await deployService(service, { config, tunnel, droplet, bearerToken })] as const;
  }),
);

/** Every service with its URL, where it is placed and how to sign in. */
export const services = Object.fromEntries(deployed);
export const tunnelId = tunnel.id;
export const dropletAddress = droplet?.host.address ?? null;
export const sessionsNamespaceId = storage.sessions.id;
export const auditDatabaseId = storage.audit.id;
