import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { kept } from "../stateful.ts";
import { label } from "./containers.ts";
import { dataMount } from "./data-volume.ts";
import type { Host } from "./host.ts";

/** What is kept on the droplet: each has its own Docker volume, and its own folder on the data volume. */
export type DataName = "n8n" | "postgres" | "firecrawl-postgres" | "backups";

export interface DockerVolumeArgs {
  config: Config;
  host: Host;
  what: DataName;
  /** Goes before it is made anew, where it holds the data itself. */
  hooks?: pulumi.ResourceHookBinding;
  /** Name of a Docker volume that the droplet has already, to be used instead. */
  adopt?: string | undefined;
}

/**
 * The Docker volume `<name>-<what>`, with data that outlives containers. With `droplet.storage` "volume" it stands for a
 * folder of the data volume, which is there or the container does not start; with "engine" it holds the data, and is
 * protected. https://docs.docker.com/reference/cli/docker/volume/create/#opt
 */
export function dockerVolume(
  { config, host, what, hooks, adopt }: DockerVolumeArgs,
  parent: pulumi.Resource,
): docker.Volume {
  if (adopt !== undefined) {
    // It is somebody's already: nothing of it changes, and it stays when the stack goes.
    const adopted = {
      import: adopt,
      retainOnDelete: true,
      ignoreChanges: ["driver", "driverOpts", "labels"],
      ...kept(config, `${what}-data`),
    };
    return new docker.Volume(`${what}-data`, { name: adopt }, { parent, provider: host.docker, ...adopted });
  }
  const name = `${config.name}-${what}`;
  const labels = [label(config)];
  if (config.droplet.storage === "engine") {
    const options = { parent, provider: host.docker, ...kept(config, `${what}-data`), ...(hooks && { hooks }) };
    return new docker.Volume(`${what}-data`, { name, driver: "local", labels }, options);
  }
  const driverOpts = { type: "none", o: "bind", device: `${dataMount(config).path}/${what}` };
  return new docker.Volume(`${what}-data`, { name, driver: "local", driverOpts, labels }, host.options(parent));
}
