import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import Docker from "dockerode";
import { withPidLock } from "../engine/pid-lock.mjs";
import { SOCKET, startDaemon, startedDaemon, stopDaemon } from "./daemon.ts";
import { type DockerEngine, findDocker } from "./docker-engine.ts";
import { DockerUsers } from "./docker-users.ts";
import { dockerRunDir } from "./run-dir.ts";

/** Every container of a local stack carries this label. */
export const STACK_LABEL = "hybrid-mcp";

/** The engine of this machine, as far as starting and stopping it goes. */
export interface DockerHost {
  find(): Promise<DockerEngine | undefined>;
  start(log: (line: string) => void): Promise<DockerEngine>;
  /** Whether the engine that runs now is one that we started. */
  startedByUs(): Promise<boolean>;
  /** The labels of each running container of the engine that we started. */
  runningContainers(): Promise<Record<string, string>[]>;
  /** Stops the engine that we started. */
  stop(): Promise<void>;
}

export interface LifetimeOptions {
  /** Default: `dockerRunDir()`. */
  runDir?: string;
  /** Default: the engine of this machine. */
  host?: DockerHost;
}

/** What became of the engine when a stack released it. */
export interface Release {
  stopped: boolean;
  /** Why it was left running; for people. */
  because?: string;
}

/**
 * Says that a stack uses the engine of this machine, so that no other run stops it.
 * @param stackDir the stack's directory, which must exist
 * @returns the engine, or undefined when none answers; then nothing is written down
 */
export function useDocker(stackDir: string, options: LifetimeOptions = {}): Promise<DockerEngine | undefined> {
  return locked(options, async ({ users, host }) => {
    const engine = await host.find();
    if (engine) await users.add(existing(stackDir));
    return engine;
  });
}

/**
 * As `useDocker`, and starts an engine if none answers.
 * @throws when it cannot be started, or this process is not root
 */
export function startDocker(
  stackDir: string,
  log: (line: string) => void,
  options: LifetimeOptions = {},
): Promise<DockerEngine> {
  return locked(options, async ({ users, host }) => {
    const dir = existing(stackDir);
    const engine = (await host.find()) ?? (await host.start(log));
    await users.add(dir);
    return engine;
  });
}

/**
 * Says that a stack no longer uses the engine. If we started it, no other stack uses it and no container runs on it that is
 * not a stack's, it is stopped, and this waits until it is gone. Releasing what was not in use is no error.
 */
export function releaseDocker(
  stackDir: string,
  log: (line: string) => void,
  options: LifetimeOptions = {},
): Promise<Release> {
  return locked(options, async ({ users, host }) => {
    await users.remove(resolve(stackDir));
    if (!(await host.startedByUs())) return { stopped: false, because: "it was not started by us" };
    const others = await users.list();
    if (others.length > 0) return { stopped: false, because: `it is used by ${others.join(", ")}` };
    const foreign = (await host.runningContainers()).filter((labels) => labels[STACK_LABEL] === undefined);
    if (foreign.length > 0) {
      return { stopped: false, because: `${foreign.length} container(s) run on it that belong to no stack` };
    }
    log("docker: stopping Docker Engine, nobody uses it any more");
    await host.stop();
    return { stopped: true };
  });
}

function locked<T>(
  options: LifetimeOptions,
  work: (the: { users: DockerUsers; host: DockerHost }) => Promise<T>,
): Promise<T> {
  const runDir = options.runDir ?? dockerRunDir();
  const host = options.host ?? thisMachine(runDir);
  return withPidLock(join(runDir, "lock"), () => work({ users: new DockerUsers(runDir), host }), { pollMs: 50 });
}

function existing(stackDir: string): string {
  const dir = resolve(stackDir);
  if (!existsSync(dir)) throw new Error(`The stack's directory ${dir} does not exist.`);
  return dir;
}

function thisMachine(runDir: string): DockerHost {
  return {
    find: findDocker,
    start: (log) => startDaemon(runDir, log),
    startedByUs: async () => (await startedDaemon(runDir)) !== undefined,
    runningContainers: async () => {
      const containers = await new Docker({ socketPath: SOCKET, timeout: 10_000 }).listContainers();
      return containers.map((container) => container.Labels);
    },
    stop: async () => {
      const started = await startedDaemon(runDir);
      if (started) await stopDaemon(runDir, started);
    },
  };
}
