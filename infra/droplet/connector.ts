import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { colour } from "./colour.ts";
import { startHooks } from "./container-start.ts";
import { type Containers, containerDefaults, labels } from "./containers.ts";
import type { Host } from "./host.ts";
import { CLOUDFLARED_IMAGE } from "./images.ts";
import { MEMORY_MB } from "./memory.ts";

export interface ConnectorArgs {
  config: Config;
  host: Host;
  containers: Containers;
  tunnel: Tunnel;
}

/**
 * cloudflared: the droplet's end of the tunnel, once or in several replicas. It dials out; nothing on the droplet listens to
 * the internet. A changed one connects before the old one goes.
 */
export class Connector extends pulumi.ComponentResource {
  constructor({ config, host, containers, tunnel }: ConnectorArgs) {
    super("hybrid-mcp:droplet:Connector", "connector");
    const options = host.options(this, { lastToGo: true });
    const image = new docker.RemoteImage(
      "cloudflared-image",
      { name: config.droplet.images.cloudflared ?? CLOUDFLARED_IMAGE, keepLocally: true },
      options,
    );
    const metrics = "127.0.0.1:2000";
    const settings = {
      ...containerDefaults,
      command: ["tunnel", "--no-autoupdate", "--metrics", metrics, "run"],
      envs: [
        pulumi.interpolate`TUNNEL_TOKEN=${tunnel.token}`,
        ...(config.tunnel.edge ? [`TUNNEL_EDGE=${config.tunnel.edge}`] : []),
      ],
      // Healthy once it is connected to the edge.
      healthcheck: {
        tests: ["CMD", "cloudflared", "tunnel", "--metrics", metrics, "ready"],
        interval: "2s",
        timeout: "3s",
        startPeriod: "10s",
        retries: 5,
      },
      memory: MEMORY_MB.connector,
      cpus: "1.0",
      waitTimeout: config.cutover.gateSeconds,
      destroyGraceSeconds: config.cutover.drainSeconds,
    };
    const suffix = colour([settings, image.imageId]);
    for (let replica = 1; replica <= config.tunnel.replicas; replica++) {
      const role = replica === 1 ? "cloudflared" : `cloudflared-${replica}`;
      new docker.Container(
        role,
        {
          ...settings,
          name: pulumi.interpolate`${config.name}-${role}-${suffix}`,
          image: image.imageId,
          networksAdvanced: [{ name: containers.network.name }],
          labels: labels(config, role),
        },
        { ...options, deleteBeforeReplace: false, hooks: startHooks(config, host, role) },
      );
    }
    this.registerOutputs();
  }
}
