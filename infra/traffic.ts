import { gateHostname, hostname, type Placement } from "@hybrid-mcp/catalogue";
import type * as pulumi from "@pulumi/pulumi";
import type { Broker } from "./broker/broker.ts";
import { type Config, dropletUrl } from "./config.ts";
import { colourHooks, cutoverHooks, type OldEngine } from "./cutover/cutover.ts";
import { Ingress, type IngressRule } from "./edge/ingress.ts";
import { route } from "./edge/route.ts";
import type { Tunnel } from "./edge/tunnel.ts";
import type { DeployedService } from "./service.ts";

export interface TrafficArgs {
  config: Config;
  broker: Broker;
  tunnel: Tunnel;
  services: DeployedService[];
  /** Where the containers run that an update takes away. */
  engine: OldEngine;
  /** What the tunnel leads to besides. */
  rules: IngressRule[];
}

/**
 * Leads clients to the services: the last thing that an update does before it deletes what is not wanted any more. Routes to
 * Workers move first, then the tunnel leads to the containers that are there now, then routes to the droplet move. So in
 * every direction, and with new containers at the same time, nobody is led to one that is not there.
 */
export function deployTraffic({ config, broker, tunnel, services, engine, rules }: TrafficArgs): void {
  const routesTo = (placement: Placement, dependsOn: pulumi.Resource[]) =>
    services
      .filter((each) => each.placement === placement)
      .map((each) => serviceRoute(config, each, engine, dependsOn));

  // The gate asks whether the new side reaches the broker.
  const routes = routesTo("workers", [tunnel, broker.worker]);
  const ingress = new Ingress(
    { config, tunnel, rules: [...services.flatMap((each) => rulesOf(config, each)), ...rules] },
    {
      dependsOn: [...routes, ...services.flatMap(({ container }) => container ?? [])],
      hooks: colourHooks(config, services, engine),
    },
  );
  routesTo("droplet", [tunnel, broker.worker, ingress]);
}

function rulesOf({ domain }: Config, { service, description: { origin } }: DeployedService): IngressRule[] {
  return [hostname(service, domain), gateHostname(service, domain)].map((name) => ({
    hostname: name,
    service: origin,
  }));
}

function serviceRoute(
  config: Config,
  deployed: DeployedService,
  engine: OldEngine,
  dependsOn: pulumi.Resource[],
): pulumi.Resource {
  const { service, placement, version, worker, description, container } = deployed;
  const revision = placement === "droplet" ? description.revision : undefined;
  const newSide = placement === "workers" ? worker.url : dropletUrl(config, service);
  return route(
    service,
    { config, placement, scriptName: worker.script.scriptName },
    {
      dependsOn: [...dependsOn, worker, ...(container ? [container] : [])],
      hooks: cutoverHooks({ config, service, placement, version, revision, newSide, engine }),
    },
  );
}
