import { type Config, deploysN8n, hostsFirecrawl, needsDroplet } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Connector } from "./connector.ts";
import { Containers } from "./containers.ts";
import { DataGuard } from "./data-guard.ts";
import { FirecrawlEngine } from "./firecrawl-engine.ts";
import { Host } from "./host.ts";
import { HostKey } from "./host-key.ts";
import { N8n } from "./n8n.ts";

/** The machine, what its containers share, and its end of the tunnel. */
export interface Droplet {
  host: Host;
  containers: Containers;
  connector: Connector;
  n8n: N8n | undefined;
}

/** Makes the droplet if something runs on it: without one there is no machine, no network and no connector. */
export function deployDroplet(config: Config, tunnel: Tunnel): Droplet | undefined {
  const hostKey = new HostKey(config);
  if (!needsDroplet(config)) return undefined;
  const guard = deploysN8n(config) ? new DataGuard("n8n", config.services.n8n.generation) : undefined;
  const host = new Host(config, hostKey, guard);
  const containers = new Containers(config, host);
  const connector = new Connector({ config, host, containers, tunnel });
  const n8n = guard && new N8n({ config, host, containers, connector, guard });
  if (hostsFirecrawl(config)) new FirecrawlEngine({ config, host, containers });
  return { host, containers, connector, n8n };
}
