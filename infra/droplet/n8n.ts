import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hostname, n8n } from "@hybrid-mcp/catalogue";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { repositoryRoot } from "../bundle.ts";
import { type Config, publicUrl } from "../config.ts";
import type { IngressRule } from "../edge/ingress.ts";
import { kept } from "../stateful.ts";
import { Backup, backupFolder } from "./backup.ts";
import { colour } from "./colour.ts";
import type { Connector } from "./connector.ts";
import { type Containers, containerDefaults, label, labels } from "./containers.ts";
import type { DataGuard } from "./data-guard.ts";
import { dockerVolume } from "./docker-volume.ts";
import type { Host } from "./host.ts";
import { N8N_IMAGE, POSTGRES_IMAGE } from "./images.ts";
import { MEMORY_MB } from "./memory.ts";
import { prepareHooks } from "./n8n-prepare.ts";
import { upgradeHooks } from "./n8n-upgrade.ts";
import { awaited } from "./unready.ts";

/** Where the tunnel finds n8n. */
export const N8N_ORIGIN = `http://n8n:${n8n.containerPort}`;

/** Name of the database's container in n8n's own network. */
const DATABASE_HOST = "n8n-database";

const script = (name: string) => readFileSync(join(repositoryRoot, "droplet/n8n", name), "utf8");

export interface N8nArgs {
  config: Config;
  host: Host;
  containers: Containers;
  /** What calls come through; it outlives n8n. */
  connector: Connector;
  /** Knows whether there has to be data. */
  guard: DataGuard;
}

/**
 * n8n on the droplet: its PostgreSQL in a network that nobody else is in, its data in volumes that no change of the config
 * deletes, and one n8n at a time.
 *
 * - `n8n-prepare` runs for a moment: owners of the volumes, a database where there is none yet.
 * - `n8n-database` never makes a database: on an empty volume it says so and nothing starts.
 * - `n8n` starts when the old one has stopped and a backup is made (`upgradeHooks`).
 */
export class N8n extends pulumi.ComponentResource {
  /** What the stack tells of it, once it runs: from then on its data is expected to be there. */
  readonly described: pulumi.Output<{ title: string; url: string; version: string; generation: string }>;
  /** What the tunnel leads to. */
  readonly rules: IngressRule[];
  readonly network: docker.Network;
  readonly encryptionKey: pulumi.Output<string>;
  readonly database: { host: string; name: string; user: string; password: pulumi.Output<string> };
  /** Volume with n8n's own folder. */
  readonly data: docker.Volume;
  readonly container: docker.Container;
  readonly backup: Backup;

  constructor({ config, host, containers, connector, guard }: N8nArgs) {
    super("hybrid-mcp:droplet:N8n", "n8n");
    const { adopt, generation, memoryMb, databaseMemoryMb, startSeconds, timezone } = config.services.n8n;
    const options = host.options(this);
    const images = {
      n8n: config.droplet.images.n8n ?? N8N_IMAGE,
      postgres: config.droplet.images.postgres ?? POSTGRES_IMAGE,
    };
    const version = versionOf(images.n8n);
    const url = publicUrl(config, "n8n");
    this.rules = [{ hostname: hostname("n8n", config.domain), service: N8N_ORIGIN }];

    // Whatever is made anew, credentials that n8n has kept stay readable.
    const secret = (name: string) =>
      pulumi.secret(
        new random.RandomPassword(name, { length: 43, special: false }, { parent: this, ...kept(config, name) }).result,
      );
    // Made in any case: it is protected, and a restore may bring the key of another stack into the config later.
    const generatedKey = secret("n8n-encryption-key");
    this.encryptionKey = config.n8nEncryptionKey === undefined ? generatedKey : pulumi.secret(config.n8nEncryptionKey);
    this.database = {
      host: DATABASE_HOST,
      name: adopt?.databaseName ?? "n8n",
      user: adopt?.databaseUser ?? "n8n",
      password: secret("n8n-database-password"),
    };

    const { hooks } = guard;
    this.data = dockerVolume({ config, host, what: "n8n", hooks, adopt: adopt?.volume }, this);
    const databaseData = dockerVolume({ config, host, what: "postgres", hooks, adopt: adopt?.databaseVolume }, this);
    const folder = backupFolder(config, host, this);
    this.network = new docker.Network(
      "n8n-network",
      { name: `${config.name}-n8n`, driver: "bridge", internal: true, labels: [label(config)] },
      options,
    );
    const image = (name: keyof typeof images) =>
      new docker.RemoteImage(`${name}-image`, { name: images[name], keepLocally: true }, options).imageId;
    const postgres = image("postgres");
    // Containers are made anew with the data that they work on.
    const ofGeneration = (role: string) => [
      ...labels(config, role),
      { label: "hybrid-mcp-generation", value: generation },
    ];
    const databaseVolume = (containerPath: string) => ({ volumeName: databaseData.name, containerPath });
    const databaseEnv = [
      `DATABASE=${this.database.name}`,
      `DATABASE_USER=${this.database.user}`,
      pulumi.interpolate`DATABASE_PASSWORD=${this.database.password}`,
    ];

    const prepare = new docker.Container(
      "n8n-prepare",
      {
        ...containerDefaults,
        name: `${config.name}-n8n-prepare`,
        image: postgres,
        entrypoints: ["/bin/bash", "-c"],
        command: [script("prepare.sh")],
        envs: [
          ...databaseEnv,
          `GENERATION=${generation}`,
          // What is adopted has to be there from the beginning.
          adopt ? "EXPECT_DATA=true" : pulumi.interpolate`EXPECT_DATA=${guard.expectsData}`,
        ],
        networkMode: "none",
        volumes: [
          { volumeName: this.data.name, containerPath: "/volumes/n8n" },
          databaseVolume("/volumes/postgres"),
          ...(folder ? [{ ...folder, containerPath: "/volumes/backups" }] : []),
        ],
        tmpfs: { "/run/postgresql": "", "/tmp": "" },
        // It changes owners, and becomes PostgreSQL's user.
        capabilities: { drops: ["ALL"], adds: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"] },
        memory: MEMORY_MB.n8nPostgres,
        restart: "no",
        mustRun: false,
        attach: true,
        wait: false,
        labels: [...ofGeneration("prepare"), { label: "hybrid-mcp-settings", value: colour(databaseEnv) }],
      },
      // Whether there has to be data counts when it runs, and does not make it run again.
      { ...options, ignoreChanges: ["envs"], hooks: prepareHooks(config, host) },
    );
    const database = new docker.Container(
      "n8n-database",
      {
        ...containerDefaults,
        name: `${config.name}-n8n-database`,
        image: postgres,
        user: "postgres",
        entrypoints: ["/bin/bash", "-c"],
        command: [script("database.sh")],
        volumes: [databaseVolume("/var/lib/postgresql/data")],
        tmpfs: { "/run/postgresql": "mode=1777", "/tmp": "mode=1777" },
        networksAdvanced: [{ name: this.network.name, aliases: [DATABASE_HOST] }],
        healthcheck: {
          tests: [
            "CMD",
            "pg_isready",
            "--quiet",
            "--host=/run/postgresql",
            `--username=${this.database.user}`,
            `--dbname=${this.database.name}`,
          ],
          interval: "2s",
          timeout: "3s",
          startPeriod: "30s",
          retries: 5,
        },
        // PostgreSQL's fast shutdown: it does not wait for clients to leave.
        stopSignal: "SIGINT",
        shmSize: 64,
        memory: databaseMemoryMb,
        cpus: "1.0",
        waitTimeout: config.cutover.gateSeconds,
        destroyGraceSeconds: 60,
        labels: ofGeneration("database"),
      },
      { ...options, dependsOn: [prepare], hooks: awaited(host, "n8n-database") },
    );

    const settings = {
      ...containerDefaults,
      image: image("n8n"),
      init: true,
      entrypoints: ["node", "-e"],
      command: [script("start.cjs")],
      envs: [
        ...Object.entries({
          DB_TYPE: "postgresdb",
          DB_POSTGRESDB_HOST: DATABASE_HOST,
          DB_POSTGRESDB_PORT: "5432",
          DB_POSTGRESDB_DATABASE: this.database.name,
          DB_POSTGRESDB_USER: this.database.user,
          // It waits for a database that starts, instead of ending and being started again.
          DB_STARTUP_CONNECT_MAX_RETRIES: "100000",
          N8N_HOST: new URL(url).hostname,
          N8N_PROTOCOL: new URL(url).protocol.replace(":", ""),
          // It is reached through start.cjs, and only while it is ready.
          N8N_LISTEN_ADDRESS: "127.0.0.1",
          N8N_PORT: "5680",
          PUBLIC_PORT: String(n8n.containerPort),
          N8N_EDITOR_BASE_URL: `${url}/`,
          N8N_WEBHOOK_URL: `${url}/`,
          // The connector is the one proxy in front of it: the edge's addresses come in its headers.
          N8N_PROXY_HOPS: "1",
          N8N_SECURE_COOKIE: String(url.startsWith("https:")),
          // n8n's own MCP server is on; each person makes an access token there, and the gateway calls it with that one. The
          // gateway's calls come from few addresses, and it has limits of its own.
          N8N_MCP_MANAGED_BY_ENV: "true",
          N8N_MCP_ACCESS_ENABLED: "true",
          N8N_MCP_SERVER_RATE_LIMIT: "3000",
          N8N_DIAGNOSTICS_ENABLED: "false",
          N8N_VERSION_NOTIFICATIONS_ENABLED: "false",
          N8N_GRACEFUL_SHUTDOWN_TIMEOUT: String(config.cutover.drainSeconds),
          GENERIC_TIMEZONE: timezone,
          TZ: timezone,
          // Most of the container's memory, less than what makes the kernel end it.
          NODE_OPTIONS: `--max-old-space-size=${Math.floor(memoryMb * 0.75)}`,
        }).map(([name, value]) => `${name}=${value}`),
        pulumi.interpolate`DB_POSTGRESDB_PASSWORD=${this.database.password}`,
        pulumi.interpolate`N8N_ENCRYPTION_KEY=${this.encryptionKey}`,
      ],
      volumes: [{ volumeName: this.data.name, containerPath: "/home/node/.n8n" }],
      tmpfs: { "/tmp": "mode=1777", "/home/node/.cache": "uid=1000,gid=1000" },
      healthcheck: {
        tests: ["CMD", "node", "-e", readinessProbe],
        interval: "5s",
        timeout: "5s",
        startPeriod: `${startSeconds}s`,
        retries: 3,
      },
      memory: memoryMb,
      cpus: "1.0",
      waitTimeout: startSeconds,
      destroyGraceSeconds: config.cutover.drainSeconds,
      labels: ofGeneration("n8n"),
    } satisfies Partial<docker.ContainerArgs>;
    this.container = new docker.Container(
      "n8n",
      {
        ...settings,
        name: pulumi.interpolate`${config.name}-n8n-${colour(settings)}`,
        networksAdvanced: [{ name: containers.network.name, aliases: ["n8n"] }, { name: this.network.name }],
      },
      {
        ...options,
        // The old one is stopped by a hook, and kept until the new one is ready.
        deleteBeforeReplace: false,
        dependsOn: [database, connector],
        hooks: upgradeHooks(config, host, version),
      },
    );
    this.backup = new Backup(
      {
        config,
        host,
        containers,
        network: this.network,
        database: this.database,
        encryptionKey: this.encryptionKey,
        data: this.data,
        folder,
        after: this.container,
        n8nVersion: version,
      },
      { parent: this },
    );
    this.described = this.container.id.apply(() => ({ title: n8n.title, url, version, generation }));
    this.registerOutputs();
  }
}

/** Exits 0 when n8n has its database, changed to its version. */
const readinessProbe = `fetch("http://127.0.0.1:${n8n.containerPort}/healthz/readiness").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;

/** The version in an image's tag, e.g. `2.40.7`. */
function versionOf(image: string): string {
  return /:(\d+\.\d+\.\d+)/.exec(image)?.[1] ?? image;
}
