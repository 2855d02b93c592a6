import { type Config, enabledServices, hasContainer, hostsFirecrawl } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Connector } from "./connector.ts";
import { Containers } from "./containers.ts";
import { FirecrawlEngine } from "./firecrawl-engine.ts";
import { Host } from "./host.ts";

/** The machine, what its containers share, and its end of the tunnel. */
export interface Droplet {
  host: Host;
  containers: Containers;
  connector: Connector;
}

/** Makes the droplet if something runs on it: without one there is no machine, no network and no connector. */
export function deployDroplet(config: Config, tunnel: Tunnel): Droplet | undefined {
  const isNeeded = hostsFirecrawl(config) || enabledServices(config).some((service) => hasContainer(config, service));
  if (!isNeeded) return undefined;
  const host = new Host(config);
  const containers = new Containers(config, host);
  if (hostsFirecrawl(config)) new FirecrawlEngine({ config, host, containers });
  return { host, containers, connector: new Connector({ config, host, containers, tunnel }) };
}
