import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { runtimeContext } from "./build-context.ts";
import type { Host } from "./host.ts";
import { BASE_IMAGE } from "./images.ts";

/** What the containers of a stack share: their own network and the image with the Workers runtime. */
export class Containers extends pulumi.ComponentResource {
  readonly network: docker.Network;
  /**
   * Name of the image with workerd, on which every service's image is built. Its tag is its content's hash; an id would
   * do for the classic builder only, BuildKit takes it for the name of a public image.
   */
  readonly runtimeImage: pulumi.Output<string>;

  constructor(config: Config, host: Host) {
    super("hybrid-mcp:droplet:Containers", "containers");
    const options = host.options(this, { lastToGo: true });
    this.network = new docker.Network(
      "network",
      {
        name: config.name,
        driver: "bridge",
        ipamConfigs: [{ subnet: config.droplet.subnet }],
        labels: [label(config)],
      },
      options,
    );
    const context = runtimeContext();
    this.runtimeImage = new docker.RemoteImage(
      "runtime-image",
      {
        name: runtimeImageName(config),
        build: {
          context: context.path,
          buildArgs: { BASE: baseImage(config) },
          labels: { "hybrid-mcp": config.name },
        },
        triggers: { context: context.hash },
      },
      options,
    ).name;
    this.registerOutputs();
  }
}

/** Name of the image with workerd; its tag is a hash of all that is in it. */
export function runtimeImageName(config: Config): string {
  const tag = createHash("sha256")
    .update(`${runtimeContext().hash} ${baseImage(config)}`)
    .digest("hex");
  return `${config.name}/workerd:${tag.slice(0, 12)}`;
}

const baseImage = ({ droplet }: Config) => droplet.images.base ?? BASE_IMAGE;

/** The labels of a container: whose it is, and what it does there. */
export function labels(config: Config, role: string): { label: string; value: string }[] {
  return [label(config), { label: "hybrid-mcp-role", value: role }];
}

/** Marks what belongs to a stack, for people and for clean-up. */
export function label(config: Config): { label: string; value: string } {
  return { label: "hybrid-mcp", value: config.name };
}

/** What every container of the platform has: it restarts by itself, writes bounded logs, and can do little else. */
export const containerDefaults = {
  restart: "unless-stopped",
  mustRun: true,
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "3" },
  wait: true,
} satisfies Partial<docker.ContainerArgs>;
