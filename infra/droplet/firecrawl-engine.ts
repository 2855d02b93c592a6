import { firecrawlEngine, hostname } from "@hybrid-mcp/catalogue";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type Config, hostsFirecrawl, publicUrl } from "../config.ts";
import type { IngressRule } from "../edge/ingress.ts";
import { kept } from "../stateful.ts";
import { type Containers, containerDefaults, label, labels } from "./containers.ts";
import { dockerVolume } from "./docker-volume.ts";
import type { Host } from "./host.ts";
import {
  FIRECRAWL_IMAGE,
  FIRECRAWL_PLAYWRIGHT_IMAGE,
  FIRECRAWL_POSTGRES_IMAGE,
  RABBITMQ_IMAGE,
  REDIS_IMAGE,
} from "./images.ts";
import { dropletMemoryMb, ENGINE_MB, MEMORY_MB } from "./memory.ts";
import { awaited } from "./unready.ts";

/** How long a part may take to become healthy, in seconds: the first start makes the database. */
const START_SECONDS = 300;
/** How long what runs on a part may take to end, in seconds. */
const STOP_SECONDS = 30;
/** How often a healthy part is asked. Each question starts a process in its container. */
const ASKED = { interval: "15s", timeout: "10s", startPeriod: "60s", retries: 5 };

/** Where the engine's API is for containers of the platform. */
export const ENGINE_ORIGIN = `http://${firecrawlEngine.subdomain}:${firecrawlEngine.containerPort}`;

/** The hostname that leads to the engine, behind Access. */
export function firecrawlEngineHostname({ domain }: Pick<Config, "domain">): string {
  return hostname("firecrawl-engine", domain);
}

/** Where Workers dial the engine. */
export function firecrawlEngineUrl(config: Config): string {
  return publicUrl(config, "firecrawl-engine");
}

/** Where the tunnel leads for the engine: nowhere while it is not self-hosted. */
export function firecrawlEngineRules(config: Config): IngressRule[] {
  return hostsFirecrawl(config) ? [{ hostname: firecrawlEngineHostname(config), service: ENGINE_ORIGIN }] : [];
}

export interface FirecrawlEngineArgs {
  config: Config;
  host: Host;
  containers: Containers;
}

/**
 * Firecrawl's published images on the droplet, put together as its own docker-compose.yaml does
 * (https://github.com/firecrawl/firecrawl/blob/main/docker-compose.yaml, https://docs.firecrawl.dev/contributing/self-host),
 * with less: no published port, few capabilities, memory for one droplet.
 *
 * - Redis, RabbitMQ and Postgres are in a network of their own that leads nowhere; the browser is in another one, with the
 *   API alone and the internet: what a page may do to it ends there. Only the API is in the platform's network.
 * - `ALLOW_LOCAL_WEBHOOKS` stays unset: the engine reads no address that is not public.
 * - It asks for no key (`USE_DB_AUTHENTICATION` is false), so who reaches it is let in: see `Access`.
 */
export class FirecrawlEngine extends pulumi.ComponentResource {
  constructor({ config, host, containers }: FirecrawlEngineArgs) {
    super("hybrid-mcp:droplet:FirecrawlEngine", "firecrawl-engine");
    const { name, droplet } = config;
    const { images, size, dockerHost, adopt } = droplet;
    if (!dockerHost && !adopt && dropletMemoryMb(size) === undefined) {
      const message = `droplet.size: how much memory ${JSON.stringify(size)} has is not known here; a Firecrawl engine needs ${ENGINE_MB} MB for itself.`;
      void pulumi.log.warn(message, this);
    }
    const parent = { parent: this };
    const onHost = host.options(this);
    const secret = (what: string) =>
      pulumi.secret(
        new random.RandomPassword(
          `firecrawl-${what}`,
          { length: 43, special: false },
          { ...parent, ...kept(config, `firecrawl-${what}`) },
        ).result,
      );
    const database = secret("postgres-password");
    const queue = secret("rabbitmq-password");

    const network = (what: string, internal: boolean) =>
      new docker.Network(
        what,
        { name: `${name}-${what}`, driver: "bridge", internal, labels: [label(config)] },
        onHost,
      );
    const inside = network("firecrawl", true);
    const browsing = network("firecrawl-browser", false);

    const part = (
      role: string,
      image: string,
      args: Omit<docker.ContainerArgs, "image" | "name" | "labels">,
      dependsOn: pulumi.Resource[] = [],
    ) =>
      new docker.Container(
        role,
        {
          ...containerDefaults,
          ...args,
          name: `${name}-${role}`,
          image: new docker.RemoteImage(`${role}-image`, { name: image, keepLocally: true }, onHost).imageId,
          waitTimeout: Math.max(START_SECONDS, config.cutover.gateSeconds),
          destroyGraceSeconds: STOP_SECONDS,
          labels: labels(config, role),
        },
        // Two of one name cannot be, and neither can two databases on one volume.
        { ...onHost, deleteBeforeReplace: true, dependsOn, hooks: awaited(host, role) },
      );

    const redis = part("firecrawl-redis", images.redis ?? REDIS_IMAGE, {
      // Rate limits and locks: nothing that has to outlive it.
      command: ["redis-server", "--bind", "0.0.0.0", "--save", "", "--appendonly", "no"],
      user: "999:1000",
      tmpfs: { "/data": "uid=999,gid=1000,mode=0700" },
      networksAdvanced: [{ name: inside.name, aliases: ["redis"] }],
      healthcheck: { ...ASKED, tests: ["CMD", "redis-cli", "ping"] },
      memory: MEMORY_MB.redis,
      cpus: "0.5",
    });
    const rabbitmq = part("firecrawl-rabbitmq", images.rabbitmq ?? RABBITMQ_IMAGE, {
      envs: ["RABBITMQ_DEFAULT_USER=firecrawl", pulumi.interpolate`RABBITMQ_DEFAULT_PASS=${queue}`],
      user: "999:999",
      // Jobs are in Postgres, from where they are queued again.
      tmpfs: {
        "/var/lib/rabbitmq": "uid=999,gid=999,mode=0700",
        "/var/log/rabbitmq": "uid=999,gid=999,mode=0700",
        "/tmp": "mode=1777",
      },
      networksAdvanced: [{ name: inside.name, aliases: ["rabbitmq"] }],
      healthcheck: { ...ASKED, tests: ["CMD", "rabbitmq-diagnostics", "-q", "check_running"] },
      memory: MEMORY_MB.rabbitmq,
      cpus: "0.5",
    });
    const volume = dockerVolume({ config, host, what: "firecrawl-postgres" }, this);
    const postgres = part("firecrawl-postgres", images.firecrawlPostgres ?? FIRECRAWL_POSTGRES_IMAGE, {
      envs: ["POSTGRES_USER=postgres", "POSTGRES_DB=postgres", pulumi.interpolate`POSTGRES_PASSWORD=${database}`],
      // Its entry point takes the data folder into its possession as root, and goes on as postgres.
      capabilities: { drops: ["ALL"], adds: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"] },
      tmpfs: { "/var/run/postgresql": "mode=1777", "/tmp": "mode=1777" },
      volumes: [{ volumeName: volume.name, containerPath: "/var/lib/postgresql/data" }],
      networksAdvanced: [{ name: inside.name, aliases: ["nuq-postgres"] }],
      healthcheck: { ...ASKED, tests: ["CMD", "pg_isready", "--username", "postgres", "--host", "127.0.0.1"] },
      memory: MEMORY_MB.firecrawlPostgres,
      cpus: "1.0",
      shmSize: 64,
    });
    const playwright = part("firecrawl-playwright", images.firecrawlPlaywright ?? FIRECRAWL_PLAYWRIGHT_IMAGE, {
      // Chromium and npm write below the home folder, and who they run as is not the image's to say.
      readOnly: false,
      envs: ["PORT=3000", "MAX_CONCURRENT_PAGES=3"],
      tmpfs: { "/tmp": "mode=1777" },
      networksAdvanced: [{ name: browsing.name, aliases: ["playwright-service"] }],
      // Each question opens a page.
      healthcheck: { ...ASKED, interval: "30s", timeout: "20s", tests: asks(3000, "/health") },
      memory: MEMORY_MB.firecrawlPlaywright,
      cpus: "1.0",
    });
    const databaseUrl = pulumi.interpolate`postgresql://postgres:${database}@nuq-postgres:5432/postgres`;
    part(
      "firecrawl-api",
      images.firecrawl ?? FIRECRAWL_IMAGE,
      {
        // Its harness writes into its own folder; its log there, which would grow for ever, is Docker's already.
        readOnly: false,
        volumes: [{ hostPath: "/dev/null", containerPath: "/app/firecrawl.log" }],
        command: ["node", "dist/src/harness.js", "--start-docker"],
        envs: [
          "ENV=local",
          "HOST=0.0.0.0",
          `PORT=${firecrawlEngine.containerPort}`,
          "EXTRACT_WORKER_PORT=3004",
          "WORKER_PORT=3005",
          "HARNESS_STARTUP_TIMEOUT_MS=120000",
          "LOGGING_LEVEL=info",
          "USE_DB_AUTHENTICATION=false",
          // As many processes as fit into its memory; Firecrawl's own numbers are for 8 GB.
          "NUQ_WORKER_COUNT=2",
          "NUM_WORKERS_PER_QUEUE=2",
          "CRAWL_CONCURRENT_REQUESTS=3",
          "MAX_CONCURRENT_JOBS=3",
          "BROWSER_POOL_SIZE=3",
          "REDIS_URL=redis://redis:6379",
          "REDIS_RATE_LIMIT_URL=redis://redis:6379",
          "PLAYWRIGHT_MICROSERVICE_URL=http://playwright-service:3000/scrape",
          "POSTGRES_HOST=nuq-postgres",
          "POSTGRES_PORT=5432",
          "POSTGRES_USER=postgres",
          "POSTGRES_DB=postgres",
          pulumi.interpolate`POSTGRES_PASSWORD=${database}`,
          pulumi.interpolate`NUQ_DATABASE_URL=${databaseUrl}`,
          pulumi.interpolate`NUQ_RABBITMQ_URL=amqp://firecrawl:${queue}@rabbitmq:5672`,
          pulumi.interpolate`BULL_AUTH_KEY=${secret("bull-auth-key")}`,
        ],
        tmpfs: { "/tmp": "mode=1777" },
        networksAdvanced: [
          { name: containers.network.name, aliases: [firecrawlEngine.subdomain] },
          { name: inside.name },
          { name: browsing.name },
        ],
        healthcheck: { ...ASKED, tests: asks(firecrawlEngine.containerPort, "/v0/health/liveness") },
        memory: MEMORY_MB.firecrawlApi,
        cpus: "2.0",
      },
      [redis, rabbitmq, postgres, playwright],
    );
    this.registerOutputs();
  }
}

/** A health check of a Node image without an HTTP client. */
function asks(port: number, path: string): string[] {
  const answer = `fetch("http://127.0.0.1:${port}${path}").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
  return ["CMD", "node", "-e", answer];
}
