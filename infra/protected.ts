import { hostname } from "@hybrid-mcp/catalogue";
import { type Config, deploysN8n, hostsFirecrawl } from "./config.ts";
import { firecrawlEngineHostname } from "./droplet/firecrawl-engine.ts";
import { sshHostname } from "./droplet/ssh.ts";
import { N8N_OPEN_PATHS, type ServiceToken } from "./edge/access.ts";
import { protectedHostname } from "./edge/protected-hostname.ts";
import type { Tunnel } from "./edge/tunnel.ts";

/**
 * What Cloudflare Access stands in front of: a Firecrawl engine, the droplet's SSH server, and, where the config says so,
 * n8n's pages, beside which the paths stay open that others call.
 *
 * @returns with what the Worker of the Firecrawl service, and whoever deploys through the tunnel, are let in
 */
export function deployProtected(
  config: Config,
  tunnel: Tunnel,
): { engineToken: ServiceToken | undefined; sshToken: ServiceToken | undefined } {
  const { access } = config.services.n8n;
  if (deploysN8n(config) && access) {
    const args = {
      config,
      title: "n8n",
      hostname: hostname("n8n", config.domain),
      people: access,
      open: N8N_OPEN_PATHS,
    };
    protectedHostname("n8n", tunnel, args);
  }
  const ssh = sshHostname(config);
  const machine = { config, machine: true };
  return {
    engineToken: hostsFirecrawl(config)
      ? protectedHostname("firecrawl-engine", tunnel, {
          ...machine,
          title: "Firecrawl engine",
          hostname: firecrawlEngineHostname(config),
        })
      : undefined,
    sshToken: ssh ? protectedHostname("ssh", tunnel, { ...machine, title: "SSH", hostname: ssh }) : undefined,
  };
}
