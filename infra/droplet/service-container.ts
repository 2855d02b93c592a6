import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Bundle } from "../bundle.ts";
import type { Config } from "../config.ts";
import { networkAlias } from "../edge/tunnel.ts";
import type { Worker } from "../edge/worker.ts";
import { serviceContext } from "./build-context.ts";
import { containerDefaults, label } from "./containers.ts";
import type { Droplet } from "./droplet.ts";

export interface ServiceContainerArgs {
  config: Config;
  droplet: Droplet;
  /** The same bundle on Cloudflare. */
  worker: Worker;
  bundle: Bundle;
  /** Bindings, plain and secret, that the Worker has on Cloudflare too. */
  env: Record<string, pulumi.Input<string>>;
}

/** A service on the droplet: the bundle of its Worker, run by workerd in a container without a published port. */
export class ServiceContainer extends pulumi.ComponentResource {
  constructor(service: ServiceName, { config, droplet, worker, bundle, env }: ServiceContainerArgs) {
    super("hybrid-mcp:droplet:ServiceContainer", `${service}-container`);
    const { host, containers, connector } = droplet;
    const options = { parent: this, provider: host.docker };
    const port = catalogue[service].containerPort;
    const context = serviceContext(bundle, port, Object.keys(env));
    const image = new docker.RemoteImage(
      `${service}-image`,
      {
        name: `${config.name}/${service}:${context.hash}`,
        build: {
          context: context.path,
          buildArgs: { RUNTIME: containers.runtimeImage, PORT: String(port) },
          labels: { "hybrid-mcp": config.name },
        },
        triggers: { context: context.hash },
      },
      options,
    );
    new docker.Container(
      service,
      {
        ...containerDefaults,
        name: `${config.name}-${service}`,
        image: image.imageId,
        envs: Object.entries(env).map(([name, value]) => pulumi.interpolate`${name}=${value}`),
        networksAdvanced: [{ name: containers.network.name, aliases: [networkAlias(service)] }],
        memory: 256,
        waitTimeout: config.cutover.gateSeconds,
        destroyGraceSeconds: config.cutover.drainSeconds,
        labels: [label(config)],
      },
      // The upload comes first: Cloudflare refuses a bundle that does not start, before the container is touched. And its
      // calls come through the connector, which therefore outlives it: what drains from it still gets out.
      { ...options, dependsOn: [worker, connector] },
    );
    this.registerOutputs();
  }
}
