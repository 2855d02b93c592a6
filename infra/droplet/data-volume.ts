import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { type Config, deploysN8n, hasState, hostsFirecrawl } from "../config.ts";
import { kept } from "../stateful.ts";
import type { DataGuard } from "./data-guard.ts";

/** Where the data volume is on the droplet. */
export interface DataMount {
  /** Its link stays the same whatever else is attached. */
  device: string;
  /** Where it is mounted. */
  path: string;
  /** Names of the systemd units. */
  mountUnit: string;
  automountUnit: string;
}

/** A folder on the data volume, for one container. */
export interface DataFolder {
  name: string;
  /** Numbers of the user and the group that it is made for, e.g. `1000:1000`. */
  owner: string;
}

/** Whether the stack keeps what must not be lost on a volume of its own. */
export function usesDataVolume(config: Config): boolean {
  return config.droplet.storage === "volume" && hasState(config);
}

/** Whether something keeps what must not be lost on the droplet's own disk, with which it goes. */
export function keepsDataOnDisk(config: Config): boolean {
  const adoptsVolumes = deploysN8n(config) && config.services.n8n.adopt !== undefined;
  return (config.droplet.storage === "engine" && hasState(config)) || adoptsVolumes;
}

/**
 * Where the volume `<name>-data` is found and mounted. DigitalOcean names a volume's link after the volume:
 * https://docs.digitalocean.com/products/volumes/how-to/mount/
 */
export function dataMount({ name }: Pick<Config, "name">): DataMount {
  // systemd.unit(5), "String escaping for inclusion in unit names": a dash would stand for a slash.
  const unit = `mnt-${`${name}-data`.replaceAll("-", "\\x2d")}`;
  return {
    device: `/dev/disk/by-id/scsi-0DO_Volume_${name}-data`,
    path: `/mnt/${name}-data`,
    mountUnit: `${unit}.mount`,
    automountUnit: `${unit}.automount`,
  };
}

/** The folders that are there on the volume before a container starts. */
export function dataFolders(config: Config): DataFolder[] {
  return [
    ...(deploysN8n(config)
      ? [
          { name: "n8n", owner: "1000:1000" },
          { name: "postgres", owner: "999:999" },
          ...(config.backup.repository === undefined ? [{ name: "backups", owner: "1000:1000" }] : []),
        ]
      : []),
    ...(hostsFirecrawl(config) ? [{ name: "firecrawl-postgres", owner: "999:999" }] : []),
  ];
}

/**
 * The volume with everything on the droplet that must not be lost. It outlives the droplet: it is protected, and attached by a
 * resource of its own.
 */
export class DataVolume extends pulumi.ComponentResource {
  readonly volume: digitalocean.Volume;
  private readonly attachmentOptions: pulumi.CustomResourceOptions;

  /** @param guard stands before a volume that is made anew */
  constructor(config: Config, guard: DataGuard | undefined) {
    super("hybrid-mcp:droplet:DataVolume", "data-volume");
    const { name, droplet } = config;
    this.volume = new digitalocean.Volume(
      "data",
      {
        name: `${name}-data`,
        region: droplet.region,
        size: droplet.volumeGb,
        initialFilesystemType: "ext4",
        description: "What the containers of the platform keep",
      },
      { parent: this, ...kept(config, "data"), ...(guard && { hooks: guard.hooks }) },
    );
    // It can be on one droplet only: the old one lets go of it first.
    this.attachmentOptions = { parent: this, deleteBeforeReplace: true };
    this.registerOutputs();
  }

  /** Attaches the volume to a droplet; a replaced droplet gets it when the old one has let go of it. */
  attachTo(droplet: digitalocean.Droplet): digitalocean.VolumeAttachment {
    return new digitalocean.VolumeAttachment(
      "data-attachment",
      { dropletId: droplet.id.apply(Number), volumeId: this.volume.id },
      this.attachmentOptions,
    );
  }
}
