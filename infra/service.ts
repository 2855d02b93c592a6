import { catalogue, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import type * as pulumi from "@pulumi/pulumi";
import type { Broker } from "./broker/broker.ts";
import { bundle } from "./bundle.ts";
import { type Config, dropletUrl, hasContainer, publicUrl } from "./config.ts";
import type { Droplet } from "./droplet/droplet.ts";
import { type ContainerDescription, describeContainer, ServiceContainer } from "./droplet/service-container.ts";
import type { ServiceToken } from "./edge/access.ts";
import { Worker } from "./edge/worker.ts";
import { telemetryBindings } from "./telemetry.ts";
import { upstreamSecrets, upstreamVars } from "./upstreams.ts";

export interface ServiceArgs {
  config: Config;
  broker: Broker;
  /** With what the service authenticates at the broker from the droplet. */
  secret: pulumi.Output<string>;
  /** Undefined when nothing is placed on the droplet. */
  droplet: Droplet | undefined;
  /** With what a Worker is let in at a Firecrawl engine of one's own; undefined without one. */
  engineToken: ServiceToken | undefined;
}

/** A service in both its homes. */
export interface DeployedService {
  service: ServiceName;
  placement: Placement;
  version: string;
  worker: Worker;
  /** Where its container is, or would be. */
  description: ContainerDescription;
  /** Undefined while nothing of it is on the droplet. */
  container: ServiceContainer | undefined;
}

/** A movable service in both its homes: the Worker always, the container where it is placed, or kept as a standby. */
export async function deployService(
  service: ServiceName,
  { config, broker, secret, droplet, engineToken }: ServiceArgs,
): Promise<DeployedService> {
  const { placement, tools } = config.services[service];
  const built = await bundle(service);

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
    secrets: { ...telemetryBindings(config, "workers").secrets, ...upstreamSecrets(service, engineToken) },
    bindings: [{ name: "BROKER", type: "service", service: broker.worker.script.scriptName }],
  });
  const description = describeContainer(config, service, built, {
    ...vars("droplet"),
    BROKER_URL: config.auth.dropletUrl ?? broker.url,
    SERVICE_SECRET: secret,
    ...telemetryBindings(config, "droplet").secrets,
  });
  const container =
    droplet && hasContainer(config, service)
      ? new ServiceContainer(service, { config, droplet, worker, description })
      : undefined;
  return { service, placement, version: built.version, worker, description, container };
}

/** What the stack tells of a service. */
export function describeService(config: Config, { service, placement, version, worker, container }: DeployedService) {
  return {
    title: catalogue[service].title,
    placement,
    version,
    url: `${publicUrl(config, service)}/mcp`,
    /** Each side on its own, past the route. */
    sides: { workers: worker.url, ...(container && { droplet: dropletUrl(config, service) }) },
  };
}
