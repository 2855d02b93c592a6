import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { label } from "./containers.ts";
import type { Host } from "./host.ts";

/** What is kept on the droplet: each has its own Docker volume, and its own folder on the DigitalOcean volume. */
export const dataNames = ["n8n", "postgres", "firecrawl-postgres"] as const;

export type DataName = (typeof dataNames)[number];

/** Folder of some data on the droplet. The host makes it: Docker mounts what is there, and does not start without it. */
export function dataFolder({ name }: Pick<Config, "name">, what: DataName): string {
  return `/mnt/${name}-data/${what}`;
}

/**
 * The Docker volume `<name>-<what>` with data that outlives containers, and the droplet with `droplet.storage` "volume":
 * then it is a folder of the DigitalOcean volume. Protected: Pulumi deletes it for no change of the config.
 * https://docs.docker.com/reference/cli/docker/volume/create/#opt
 *
 * @param adopt name of a Docker volume that the droplet has already, to be used instead
 */
export function dataVolume(
  config: Config,
  host: Pick<Host, "docker">,
  what: DataName,
  options: pulumi.CustomResourceOptions = {},
  adopt?: string,
): docker.Volume {
  if (adopt !== undefined) {
    // It is somebody's already: nothing of it changes, and it stays when the stack goes.
    const kept = { import: adopt, retainOnDelete: true, ignoreChanges: ["driver", "driverOpts", "labels"] };
    return new docker.Volume(
      `${what}-data`,
      { name: adopt },
      { ...options, ...kept, provider: host.docker, protect: true },
    );
  }
  return new docker.Volume(
    `${what}-data`,
    {
      name: `${config.name}-${what}`,
      driver: "local",
      ...(config.droplet.storage === "volume" && {
        driverOpts: { type: "none", o: "bind", device: dataFolder(config, what) },
      }),
      labels: [label(config)],
    },
    { ...options, provider: host.docker, protect: true },
  );
}
