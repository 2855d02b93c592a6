import { catalogue, gateHostname, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import type * as pulumi from "@pulumi/pulumi";
import type { Broker } from "./broker/broker.ts";
import { bundle } from "./bundle.ts";
import { type Config, hasContainer, publicUrl } from "./config.ts";
import { cutoverHooks } from "./cutover/cutover.ts";
import type { Droplet } from "./droplet/droplet.ts";
import { ServiceContainer } from "./droplet/service-container.ts";
import { route } from "./edge/route.ts";
import type { Tunnel } from "./edge/tunnel.ts";
import { Worker } from "./edge/worker.ts";
import { telemetryBindings } from "./telemetry.ts";
import { upstreamVars } from "./upstreams.ts";

export interface ServiceArgs {
  config: Config;
  tunnel: Tunnel;
  broker: Broker;
  /** With what the service authenticates at the broker from the droplet. */
  secret: pulumi.Output<string>;
  /** Undefined when nothing is placed on the droplet. */
  droplet: Droplet | undefined;
}

/**
 * A movable service in both its homes: the Worker always, the container where it is placed (or kept as a standby), and
 * the route that decides which of them answers.
 */
export async function deployService(service: ServiceName, { config, tunnel, broker, secret, droplet }: ServiceArgs) {
  const { placement, tools } = config.services[service];
  const built = await bundle(service);
  const dropletUrl = `https://${gateHostname(service, config.domain)}`;

  const vars = (home: Placement) => ({
    VERSION: built.version,
    PLACEMENT: home,
    PUBLIC_URL: publicUrl(config, service),
    ISSUER: broker.url,
    ...upstreamVars(config, service, home),
    ...telemetryBindings(config, home).vars,
    ...(tools && { TOOLS: JSON.stringify(tools) }),
  });

  const worker = new Worker(service, {
    config,
    bundle: built,
    vars: vars("workers"),
    secrets: telemetryBindings(config, "workers").secrets,
    bindings: [{ name: "BROKER", type: "service", service: broker.worker.script.scriptName }],
  });
  const container =
    droplet &&
    hasContainer(config, service) &&
    new ServiceContainer(service, {
      config,
      droplet,
      worker,
      bundle: built,
      env: {
        ...vars("droplet"),
        BROKER_URL: config.auth.dropletUrl ?? broker.url,
        SERVICE_SECRET: secret,
        ...telemetryBindings(config, "droplet").secrets,
      },
    });

  route(
    service,
    { config, placement, scriptName: worker.script.scriptName },
    {
      // The gate asks whether the new side reaches the broker.
      dependsOn: [worker, tunnel, broker.worker, ...(container ? [container] : [])],
      hooks: cutoverHooks({
        config,
        service,
        placement,
        version: built.version,
        newSide: placement === "workers" ? worker.url : dropletUrl,
      }),
    },
  );
  return {
    title: catalogue[service].title,
    placement,
    version: built.version,
    url: `${publicUrl(config, service)}/mcp`,
    /** Each side on its own, past the route. */
    sides: { workers: worker.url, ...(container && { droplet: dropletUrl }) },
  };
}
