import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Config } from "../config.ts";
import { kept } from "../stateful.ts";
import { backupContext } from "./build-context.ts";
import { type Containers, containerDefaults, label, labels } from "./containers.ts";
import { dockerVolume } from "./docker-volume.ts";
import type { Host } from "./host.ts";
import { POSTGRES_IMAGE, RESTIC_IMAGE } from "./images.ts";
import { MEMORY_MB } from "./memory.ts";

/** Where a folder with backups is in the container. */
const FOLDER = "/backups";

export interface BackupArgs {
  config: Config;
  host: Host;
  containers: Containers;
  /** n8n's own network, in which its database is. */
  network: docker.Network;
  database: { host: string; name: string; user: string; password: pulumi.Input<string> };
  /** What n8n encrypts credentials with. */
  encryptionKey: pulumi.Input<string>;
  /** Volume with n8n's own folder. */
  data: docker.Volume;
  /** Where the backups are, unless they are in S3-compatible storage. */
  folder: BackupFolder | undefined;
  /** What has to be there first: a backup is made by the container of before a change. */
  after: pulumi.Resource;
  /** Version of n8n that the stack runs, e.g. `2.40.7`. */
  n8nVersion: string;
}

/** A folder on the droplet, or a Docker volume. */
export type BackupFolder = { hostPath: string } | { volumeName: pulumi.Output<string> };

/** Where a stack keeps its backups on the droplet; undefined when they are in S3-compatible storage. */
export function backupFolder(config: Config, host: Host, parent: pulumi.Resource): BackupFolder | undefined {
  const { repository } = config.backup;
  if (repository?.startsWith("s3:")) return undefined;
  if (repository !== undefined) return { hostPath: repository };
  return { volumeName: dockerVolume({ config, host, what: "backups" }, parent).name };
}

/**
 * Makes the backups of n8n, each day: database, files and encryption key as one snapshot, encrypted, in a folder or in S3-compatible storage.
 * droplet/backup/backup.sh says how; `npm run backup` and `npm run restore` run it in this container.
 */
export class Backup extends pulumi.ComponentResource {
  /** What the backups are encrypted with: without it they are lost, so it belongs in a second place. */
  readonly passphrase: pulumi.Output<string>;
  readonly container: docker.Container;

  constructor(args: BackupArgs, componentOptions: pulumi.ComponentResourceOptions = {}) {
    super("hybrid-mcp:droplet:Backup", "backup", {}, componentOptions);
    const { config, host, containers, network, database, encryptionKey, data, folder, after, n8nVersion } = args;
    const options = host.options(this);
    const { repository, schedule, keep } = config.backup;
    const { passphrase, accessKeyId, secretAccessKey } = config.backupSecrets;
    // Made in any case: it is protected, and stays when the config gets another.
    const generated = new random.RandomPassword(
      "backup-passphrase",
      { length: 43, special: false },
      { parent: this, ...kept(config, "backup-passphrase") },
    );
    this.passphrase = pulumi.secret(passphrase ?? generated.result);

    const context = backupContext();
    const buildArgs = {
      POSTGRES: config.droplet.images.postgres ?? POSTGRES_IMAGE,
      RESTIC: config.droplet.images.restic ?? RESTIC_IMAGE,
    };
    const hash = createHash("sha256")
      .update(JSON.stringify([context.hash, buildArgs]))
      .digest("hex")
      .slice(0, 12);
    const image = new docker.RemoteImage(
      "backup-image",
      {
        name: `${config.name}/backup:${hash}`,
        build: { context: context.path, buildArgs, labels: { "hybrid-mcp": config.name } },
        triggers: { hash },
      },
      options,
    );
    // Where a dump is while it goes into a snapshot, what restic keeps for speed, and how the last backup went.
    const work = new docker.Volume(
      "backup-work",
      { name: `${config.name}-backup-work`, labels: [label(config)] },
      options,
    );
    const env: Record<string, pulumi.Input<string>> = {
      PGHOST: database.host,
      PGDATABASE: database.name,
      PGUSER: database.user,
      PGPASSWORD: database.password,
      RESTIC_REPOSITORY: folder ? FOLDER : repository!,
      REPOSITORY_NAME: repository ?? `the volume ${config.name}-backups`,
      RESTIC_PASSWORD: this.passphrase,
      ...(!folder && {
        AWS_ACCESS_KEY_ID: pulumi.secret(accessKeyId!),
        AWS_SECRET_ACCESS_KEY: pulumi.secret(secretAccessKey!),
      }),
      N8N_ENCRYPTION_KEY: encryptionKey,
      N8N_VERSION: n8nVersion,
      STACK: config.name,
      SCHEDULE: schedule,
      KEEP_DAILY: String(keep.daily),
      KEEP_WEEKLY: String(keep.weekly),
      KEEP_MONTHLY: String(keep.monthly),
    };
    this.container = new docker.Container(
      "backup",
      {
        ...containerDefaults,
        name: `${config.name}-backup`,
        // restic takes the locks that an earlier container of this name has left for its own.
        hostname: `${config.name}-backup`,
        image: image.imageId,
        envs: Object.entries(env).map(([name, value]) => pulumi.interpolate`${name}=${value}`),
        volumes: [
          { volumeName: data.name, containerPath: "/data/n8n" },
          { volumeName: work.name, containerPath: "/work" },
          ...(folder ? [{ ...folder, containerPath: FOLDER }] : []),
        ],
        tmpfs: { "/tmp": "mode=1777,size=16m" },
        networksAdvanced: [
          { name: network.name },
          // The way out to the storage; the database's network has none.
          ...(folder ? [] : [{ name: containers.network.name }]),
        ],
        memory: MEMORY_MB.backup,
        cpus: "1.0",
        // A backup that failed makes it unhealthy: no reason to hold up an update, which may be what mends it.
        wait: false,
        destroyGraceSeconds: 10,
        labels: labels(config, "backup"),
      },
      // Not the component: its passphrase, which is protected, would hold on to all of it.
      { ...options, dependsOn: after },
    );
    this.registerOutputs();
  }
}
