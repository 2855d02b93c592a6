import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { ContainerRunner } from "./container-runner.ts";
import { ApiError } from "./docker-error.ts";
import type { ImageStore } from "./image-store.ts";
import { endProcess, isAlive } from "./process-identity.ts";
import { type RecordFile, writeWhole } from "./record-file.ts";
import type { Config, ContainerRecord, Endpoint, HostConfig } from "./records.ts";

const run = promisify(execFile);
/** Until an orphan of a killed server is killed, in milliseconds. */
const orphanGraceMs = 3000;
const never = "0001-01-01T00:00:00Z";

export interface CreateRequest extends Config {
  HostConfig?: HostConfig;
  NetworkingConfig?: { EndpointsConfig?: Record<string, Endpoint> };
}

/** All containers: their records and the processes that run. */
export class Containers {
  readonly #file: RecordFile;
  readonly #dir: string;
  readonly #images: ImageStore;
  readonly #log: (line: string) => void;
  readonly #runners = new Map<string, ContainerRunner>();
  /** `{ "<container name or network alias>:<port>": "127.0.0.1:<port>" }` of what runs, for the connector. */
  readonly hostsFile: string;

  constructor(file: RecordFile, dir: string, images: ImageStore, log: (line: string) => void) {
    this.#file = file;
    this.#dir = dir;
    this.#images = images;
    this.#log = log;
    this.hostsFile = join(dir, "hosts.json");
  }

  get all(): ContainerRecord[] {
    return this.#file.records.containers;
  }

  /** @param name - name, id or the beginning of an id @throws ApiError 404 */
  get(name: string): ContainerRecord {
    const plain = name.replace(/^\//, "");
    const found =
      this.all.find((record) => record.name === plain || record.id === plain) ??
      (/^[0-9a-f]{4,}$/.test(plain) ? this.all.find((record) => record.id.startsWith(plain)) : undefined);
    if (!found) throw new ApiError(404, `No such container: ${name}`);
    return found;
  }

  runner(record: ContainerRecord): ContainerRunner {
    let runner = this.#runners.get(record.id);
    if (!runner) {
      runner = new ContainerRunner({
        record,
        dir: this.#folder(record),
        hostsFile: this.hostsFile,
        changed: () => this.#changed(),
        ended: () => {
          if (record.hostConfig.AutoRemove) void this.remove(record, true);
        },
        log: this.#log,
      });
      this.#runners.set(record.id, runner);
    }
    return runner;
  }

  /** @throws ApiError 404 (image, network), 409 (name) */
  async create(name: string | undefined, { HostConfig, NetworkingConfig, ...config }: CreateRequest) {
    const image = this.#images.find(config.Image ?? "");
    if (!image) throw new ApiError(404, `No such image: ${config.Image}`);
    const id = randomBytes(32).toString("hex");
    const wanted = name ?? `container_${id.slice(0, 12)}`;
    const twin = this.all.find((record) => record.name === wanted);
    if (twin) {
      const advice = "You have to remove (or rename) that container to be able to reuse that name.";
      throw new ApiError(
        409,
        `Conflict. The container name "/${wanted}" is already in use by container "${twin.id}". ${advice}`,
      );
    }
    const networks: Record<string, Endpoint> = {};
    const mode = HostConfig?.NetworkMode || "bridge";
    for (const network of new Set([
      mode === "default" ? "bridge" : mode,
      ...Object.keys(NetworkingConfig?.EndpointsConfig ?? {}),
    ])) {
      networks[this.#networkName(network)] = NetworkingConfig?.EndpointsConfig?.[network] ?? {};
    }
    const own = config.Entrypoint?.length ? { Entrypoint: config.Entrypoint, Cmd: config.Cmd ?? null } : {};
    const record: ContainerRecord = {
      id,
      name: wanted,
      imageId: image.id,
      created: new Date().toISOString(),
      config: {
        ...config,
        Env: merged(image.config.Env, config.Env),
        Entrypoint: image.config.Entrypoint ?? null,
        Cmd: config.Cmd?.length ? config.Cmd : (image.config.Cmd ?? null),
        ...own,
        WorkingDir: config.WorkingDir || image.config.WorkingDir || "",
        User: config.User || image.config.User || "",
        Labels: { ...image.config.Labels, ...config.Labels },
        ExposedPorts: { ...image.config.ExposedPorts, ...config.ExposedPorts },
        Healthcheck: config.Healthcheck?.Test?.length ? config.Healthcheck : (image.config.Healthcheck ?? null),
        StopSignal: config.StopSignal || image.config.StopSignal || "SIGTERM",
        Hostname: config.Hostname || id.slice(0, 12),
      },
      hostConfig: HostConfig ?? {},
      networks,
      ports: {},
      status: "created",
      shouldRun: false,
      exitCode: 0,
      error: "",
      startedAt: never,
      finishedAt: never,
      restartCount: 0,
    };
    const root = join(this.#folder(record), "root");
    await mkdir(dirname(root), { recursive: true, mode: 0o700 });
    await cp(this.#images.root(image), root, { recursive: true, verbatimSymlinks: true });
    await this.#mount(record, root);
    this.all.push(record);
    this.#changed();
    return record;
  }

  /** Files into the container. @param archive - tar, possibly compressed */
  async extract(record: ContainerRecord, path: string, archive: NodeJS.ReadableStream): Promise<void> {
    const folder = this.#folder(record);
    const file = join(folder, `upload-${randomBytes(4).toString("hex")}.tar`);
    try {
      await pipeline(archive, createWriteStream(file, { mode: 0o600 }));
      const into = join(folder, "root", join("/", path));
      await mkdir(into, { recursive: true });
      await run("tar", ["-xf", file, "-C", into, "--no-same-owner"]);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** @throws ApiError 409 when it runs and `force` is not said */
  async remove(record: ContainerRecord, force: boolean): Promise<void> {
    if (record.status === "running" || record.status === "restarting") {
      if (!force) {
        const advice = "Stop the container before attempting removal or force remove";
        throw new ApiError(409, `You cannot remove a running container ${record.id}. ${advice}`);
      }
      await this.runner(record).stop(0);
    }
    this.#runners.delete(record.id);
    this.#file.records.containers = this.all.filter((other) => other !== record);
    this.#changed();
    await rm(this.#folder(record), { recursive: true, force: true });
  }

  /** What it wrote to stdout and stderr. @param tail - number of lines from the end */
  async logs(record: ContainerRecord, tail?: number): Promise<string> {
    const text = await readFile(this.runner(record).logFile, "utf8").catch(() => "");
    if (tail === undefined) return text;
    const lines = text.split("\n");
    const end = lines.at(-1) === "" ? lines.length - 1 : lines.length;
    return lines.slice(Math.max(0, end - tail)).join("\n");
  }

  /** After a start of the engine: ends what a killed one left behind, then starts what should run. */
  async restore(): Promise<void> {
    await Promise.all(
      this.all.map(async (record) => {
        const orphan = record.process;
        if (orphan && isAlive(orphan)) await endProcess(orphan, "SIGTERM", orphanGraceMs);
        record.process = undefined;
        if (record.status === "running" || record.status === "restarting") {
          record.status = "exited";
          record.finishedAt = new Date().toISOString();
        }
      }),
    );
    this.#changed();
    const policy = (record: ContainerRecord) => record.hostConfig.RestartPolicy?.Name || "no";
    for (const record of this.all.filter((one) => one.shouldRun && policy(one) !== "no")) {
      await this.runner(record)
        .start()
        .catch((error: Error) => this.#log(`processes: ${error.message}`));
    }
  }

  /** Ends every process; what ran is started again by the next {@link restore}. */
  async suspend(): Promise<void> {
    await Promise.all(this.all.map((record) => this.runner(record).suspend()));
  }

  saved(): void {
    this.#changed();
  }

  #folder(record: ContainerRecord): string {
    return join(this.#dir, "containers", record.id);
  }

  #networkName(nameOrId: string): string {
    const { networks } = this.#file.records;
    const found = networks.find((network) => network.name === nameOrId || network.id === nameOrId);
    if (!found) throw new ApiError(404, `network ${nameOrId} not found`);
    return found.name;
  }

  /** A volume or folder is a link in the container's files: what uses a path relative to them finds it. */
  async #mount(record: ContainerRecord, root: string): Promise<void> {
    const binds = (record.hostConfig.Binds ?? []).map((bind) => bind.split(":"));
    const mounts = [
      ...(record.hostConfig.Mounts ?? []).map(({ Source, Target }) => [Source, Target]),
      ...binds.map(([source, target]) => [source, target]),
    ];
    for (const [source, target] of mounts) {
      if (!source || !target) continue;
      const from = source.startsWith("/") ? source : join(this.#dir, "volumes", source);
      if (from !== source) await mkdir(from, { recursive: true });
      const to = join(root, join("/", target));
      await mkdir(dirname(to), { recursive: true });
      await rm(to, { recursive: true, force: true });
      await symlink(from, to);
    }
  }

  #changed(): void {
    this.#file.save();
    const hosts: Record<string, string> = {};
    for (const record of this.all) {
      if (record.status !== "running") continue;
      const names = [record.name, ...Object.values(record.networks).flatMap((network) => network.Aliases ?? [])];
      for (const [port, local] of Object.entries(record.ports)) {
        for (const name of names) hosts[`${name}:${port}`] = `127.0.0.1:${local}`;
      }
    }
    writeWhole(this.hostsFile, JSON.stringify(hosts));
  }
}

/** Later entries win, by name. */
function merged(...lists: (string[] | null | undefined)[]): string[] {
  const values = new Map(lists.flatMap((list) => list ?? []).map((entry) => [entry.split("=")[0], entry]));
  return [...values.values()];
}
