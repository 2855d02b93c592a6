import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Bundle } from "../bundle.ts";
import type { Config } from "../config.ts";
import type { Worker } from "../edge/worker.ts";
import { type BuildContext, serviceContext } from "./build-context.ts";
import { colour } from "./colour.ts";
import { startHooks } from "./container-start.ts";
import { containerDefaults, labels, runtimeImageName } from "./containers.ts";
import type { Droplet } from "./droplet.ts";
import { MEMORY_MB } from "./memory.ts";

/** A service's container as the config describes it, whether it runs or not. */
export interface ContainerDescription {
  context: BuildContext;
  /** Bindings, plain and secret, that the Worker has on Cloudflare too. */
  env: Record<string, pulumi.Input<string>>;
  /**
   * Name under which it is found in the containers' network. It changes with the container, so that the tunnel leads to
   * the old one or to the new one and never to both.
   */
  alias: pulumi.Output<string>;
  /** What it answers at `/health`: of one bundle there can be containers with other settings. */
  revision: pulumi.Output<string>;
  /** Where the tunnel finds it. */
  origin: pulumi.Output<string>;
}

/** Describes a service's container: the bundle of its Worker, run by workerd. */
export function describeContainer(
  config: Config,
  service: ServiceName,
  bundle: Bundle,
  env: Record<string, pulumi.Input<string>>,
): ContainerDescription {
  const { containerPort, subdomain } = catalogue[service];
  const context = serviceContext(bundle, containerPort, [...Object.keys(env), "REVISION"]);
  const runtime = runtimeImageName(config);
  const revision = colour({ context: context.hash, runtime, env, settings: settings(config) });
  const alias = pulumi.interpolate`${subdomain}-${revision}`;
  return {
    context,
    env: { ...env, REVISION: revision },
    alias,
    revision,
    origin: pulumi.interpolate`http://${alias}:${containerPort}`,
  };
}

/** What is the same for every service; in megabytes, cores and seconds. */
function settings({ cutover }: Config) {
  return {
    ...containerDefaults,
    memory: MEMORY_MB.service,
    cpus: "1.0",
    waitTimeout: cutover.gateSeconds,
    destroyGraceSeconds: cutover.drainSeconds,
  } satisfies Partial<docker.ContainerArgs>;
}

export interface ServiceContainerArgs {
  config: Config;
  droplet: Droplet;
  /** The same bundle on Cloudflare. */
  worker: Worker;
  description: ContainerDescription;
}

/**
 * A service on the droplet, in a container without a published port. A changed one starts beside the old one, which goes
 * when the tunnel leads to the new one.
 */
export class ServiceContainer extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(service: ServiceName, { config, droplet, worker, description }: ServiceContainerArgs) {
    super("hybrid-mcp:droplet:ServiceContainer", `${service}-container`);
    const { host, containers, connector } = droplet;
    const options = host.options(this);
    const { context, env, alias } = description;
    const image = new docker.RemoteImage(
      `${service}-image`,
      {
        name: `${config.name}/${service}:${context.hash}`,
        build: {
          context: context.path,
          buildArgs: { RUNTIME: containers.runtimeImage, PORT: String(catalogue[service].containerPort) },
          labels: { "hybrid-mcp": config.name },
        },
        triggers: { context: context.hash },
      },
      options,
    );
    this.container = new docker.Container(
      service,
      {
        ...settings(config),
        name: pulumi.interpolate`${config.name}-${service}-${colour([alias, image.imageId])}`,
        image: image.imageId,
        envs: Object.entries(env).map(([name, value]) => pulumi.interpolate`${name}=${value}`),
        networksAdvanced: [{ name: containers.network.name, aliases: [alias] }],
        labels: labels(config, service),
      },
      {
        ...options,
        // The provider would stop the old one first.
        deleteBeforeReplace: false,
        // The upload comes first: Cloudflare refuses a bundle that does not start, before the container is touched. And its
        // calls come through the connector, which therefore outlives it: what drains from it still gets out.
        dependsOn: [worker, connector],
        hooks: startHooks(config, host, service),
      },
    );
    this.registerOutputs();
  }
}
