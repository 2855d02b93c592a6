import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, statSync, truncateSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "./docker-error.ts";
import { freePort } from "./free-port.ts";
import { type HealthMonitor, monitorHealth } from "./health-monitor.ts";
import { endProcess, identify, isAlive, signalGroup } from "./process-identity.ts";
import type { ContainerRecord } from "./records.ts";

/** Restart delays as Docker's: 100 ms, doubled up to a minute, from the start again after 10 s of running. */
const restartDelay = { firstMs: 100, mostMs: 60_000, resetAfterMs: 10_000 };
/** Docker's default for `stop`, in seconds. */
const defaultStopSeconds = 10;
/** A log file that is larger is emptied. */
const logLimitBytes = 10 * 1024 * 1024;

export interface RunnerOptions {
  record: ContainerRecord;
  /** Directory with `root/` (the files) and `log`. */
  dir: string;
  hostsFile: string;
  /** The record has changed: save it. */
  changed(): void;
  /** It ended and its policy does not start it again. */
  ended(): void;
  log(line: string): void;
}

/** One container's process: starts it, watches it, starts it again by its policy, stops it. */
export class ContainerRunner {
  readonly #options: RunnerOptions;
  #health: HealthMonitor | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #delayMs = restartDelay.firstMs;
  #waiting: (() => void)[] = [];
  /** Operations one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get #record(): ContainerRecord {
    return this.#options.record;
  }

  get logFile(): string {
    return join(this.#options.dir, "log");
  }

  get root(): string {
    return join(this.#options.dir, "root");
  }

  /** @returns false when it runs already @throws ApiError when its program cannot be started */
  start(): Promise<boolean> {
    return this.#next(async () => {
      if (this.#record.status === "running") return false;
      this.#record.shouldRun = true;
      this.#delayMs = restartDelay.firstMs;
      try {
        await this.#spawn();
      } catch (error) {
        this.#record.shouldRun = false;
        this.#options.changed();
        throw error;
      }
      return true;
    });
  }

  /**
   * @param graceSeconds - until SIGKILL; default: the container's own, else 10
   * @returns false when it does not run
   */
  stop(graceSeconds?: number): Promise<boolean> {
    this.#record.shouldRun = false;
    return this.#next(() => this.#end(graceSeconds));
  }

  /** Stops the process because the engine ends; the container is started again when the engine starts. */
  suspend(): Promise<boolean> {
    const { shouldRun } = this.#record;
    return this.#next(async () => {
      this.#record.shouldRun = false;
      const ended = await this.#end();
      this.#record.shouldRun = shouldRun;
      this.#options.changed();
      return ended;
    });
  }

  signal(name: NodeJS.Signals): void {
    const { process: running, status } = this.#record;
    if (!running || status !== "running") {
      throw new ApiError(
        409,
        `Cannot kill container: ${this.#record.name}: Container ${this.#record.id} is not running`,
      );
    }
    if (name === "SIGKILL" || name === "SIGTERM") this.#record.shouldRun = false;
    signalGroup(running, name);
  }

  /** Resolves when the container does not run (any more). */
  async wait(): Promise<void> {
    if (this.#record.status === "running" || this.#record.status === "restarting") {
      await new Promise<void>((done) => this.#waiting.push(done));
    }
  }

  /** Directory and environment of the process; nothing of our own environment but PATH. */
  where(): { cwd: string; env: Record<string, string> } {
    const { config, ports } = this.#record;
    const listen = Object.values(ports)[0];
    const given = (config.Env ?? []).map((entry) => {
      const at = entry.indexOf("=");
      return at === -1 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    });
    const own = Object.fromEntries(given) as Record<string, string>;
    const env = {
      ...own,
      PATH: this.#searchPath(own.PATH),
      HOME: own.HOME ?? this.root,
      ...(listen !== undefined && { LISTEN: `127.0.0.1:${listen}` }),
      CONNECTOR_HOSTS_FILE: this.#options.hostsFile,
    };
    return { cwd: join(this.root, config.WorkingDir || "/"), env };
  }

  /** A folder of the image's search path that is in the image comes first; its programs are found as in a container. */
  #searchPath(ofImage = ""): string {
    const folders = ofImage
      .split(":")
      .filter((folder) => folder.startsWith("/") && existsSync(join(this.root, folder)));
    return [...folders.map((folder) => join(this.root, folder)), process.env.PATH ?? "/usr/bin:/bin"].join(":");
  }

  #next<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #spawn(): Promise<void> {
    const record = this.#record;
    clearTimeout(this.#restartTimer);
    for (const port of Object.keys(record.config.ExposedPorts ?? {})) {
      const number = port.split("/")[0] ?? "";
      record.ports[number] = await freePort(record.ports[number]);
    }
    const [program = "", ...args] = [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])];
    if (!program) throw new ApiError(400, `No command specified for container ${record.name}.`);
    const where = this.where();
    await mkdir(where.cwd, { recursive: true });
    this.#shortenLog();
    const log = openSync(this.logFile, "a", 0o600);
    // An absolute path means the image's own file, where there is one.
    const own = join(this.root, program);
    const file = program.startsWith("/") && existsSync(own) ? own : program;
    const child = spawn(file, args, { ...where, stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    await new Promise<void>((done, fail) => {
      child.once("spawn", done);
      child.once("error", (error: NodeJS.ErrnoException) => {
        const why =
          error.code === "ENOENT" ? "no such file, neither in its WORKDIR nor on PATH" : (error.code ?? error.message);
        record.status = "exited";
        record.exitCode = 127;
        record.error = `Cannot start "${program}": ${why}`;
        fail(new ApiError(400, `Cannot start container ${record.name}: "${program}": ${why}.`));
      });
    });
    const pid = child.pid ?? 0;
    Object.assign(record, { status: "running", startedAt: new Date().toISOString(), error: "", exitCode: 0 });
    record.process = identify(pid) ?? { pid, started: "" };
    child.once("exit", (code, signal) => this.#exited(pid, code ?? 128 + signalNumber(signal)));
    const check = record.config.Healthcheck;
    if (check?.Test?.length && check.Test[0] !== "NONE") {
      this.#health = monitorHealth(check, where, (health) => {
        const before = record.health?.Status;
        record.health = health;
        if (before !== health.Status) this.#options.changed();
        this.#shortenLog();
      });
    }
    this.#options.changed();
  }

  #exited(pid: number, code: number): void {
    const record = this.#record;
    if (record.process?.pid !== pid) return;
    this.#health?.stop();
    // What it started must not live on without it.
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The group is empty.
    }
    const ranMs = Date.now() - Date.parse(record.startedAt);
    Object.assign(record, {
      exitCode: code,
      finishedAt: new Date().toISOString(),
      process: undefined,
      status: "exited",
    });
    if (record.shouldRun && this.#policyRestarts(code)) {
      if (ranMs > restartDelay.resetAfterMs) this.#delayMs = restartDelay.firstMs;
      record.status = "restarting";
      record.restartCount++;
      this.#options.log(`processes: ${record.name} exited with code ${code}; started again in ${this.#delayMs} ms`);
      this.#restartTimer = setTimeout(() => void this.#restart(), this.#delayMs);
      this.#delayMs = Math.min(this.#delayMs * 2, restartDelay.mostMs);
    } else {
      this.#over();
    }
    this.#options.changed();
  }

  #restart(): Promise<void> {
    return this.#next(async () => {
      if (!this.#record.shouldRun || this.#record.status !== "restarting") return;
      await this.#spawn().catch((error: Error) => {
        this.#options.log(`processes: ${error.message}`);
        this.#over();
        this.#options.changed();
      });
    });
  }

  #policyRestarts(code: number): boolean {
    const { Name: name, MaximumRetryCount: most = 0 } = this.#record.hostConfig.RestartPolicy ?? {};
    if (name === "always" || name === "unless-stopped") return true;
    return name === "on-failure" && code !== 0 && (most === 0 || this.#record.restartCount < most);
  }

  #over(): void {
    for (const done of this.#waiting.splice(0)) done();
    this.#options.ended();
  }

  async #end(graceSeconds?: number): Promise<boolean> {
    const record = this.#record;
    clearTimeout(this.#restartTimer);
    if (record.status === "restarting") {
      record.status = "exited";
      this.#over();
      this.#options.changed();
      return true;
    }
    const running = record.process;
    if (!running || !isAlive(running)) return false;
    const grace = graceSeconds ?? record.config.StopTimeout ?? defaultStopSeconds;
    const over = new Promise<void>((done) => this.#waiting.push(done));
    await endProcess(running, (record.config.StopSignal ?? "SIGTERM") as NodeJS.Signals, grace * 1000);
    await over;
    return true;
  }

  #shortenLog(): void {
    if (existsSync(this.logFile) && statSync(this.logFile).size > logLimitBytes) truncateSync(this.logFile);
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGQUIT: 3,
    SIGKILL: 9,
    SIGTERM: 15,
  };
  return signal ? (numbers[signal] ?? 0) : 0;
}
