import { type Config, enabledServices, hasContainer } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Connector } from "./connector.ts";
import { Containers } from "./containers.ts";
import { Host } from "./host.ts";
import { HostKey } from "./host-key.ts";

/** The machine, what its containers share, and its end of the tunnel. */
export interface Droplet {
  host: Host;
  containers: Containers;
  connector: Connector;
}

/** Makes the droplet if a service needs it: without one there is no machine, no network and no connector. */
export function deployDroplet(config: Config, tunnel: Tunnel): Droplet | undefined {
  const hostKey = new HostKey();
  const needed = enabledServices(config).some((service) => hasContainer(config, service));
  // One that was adopted stays known: the stack must never let go of it by itself.
  if (!needed && !config.droplet.adopt) return undefined;
  const host = new Host(config, hostKey);
  const containers = new Containers(config, host);
  return { host, containers, connector: new Connector({ config, host, containers, tunnel }) };
}
