import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processIdentity } from "../engine/pid-lock.mjs";
import { runTool, ToolError } from "../engine/run-tool.ts";
import { type DockerEngine, engineVersion } from "./docker-engine.ts";

/** Where an engine listens that we start. */
export const SOCKET = "/var/run/docker.sock";
const PID_FILE = "/var/run/docker.pid";
const CONTAINERD_PID_FILE = "/var/run/docker/containerd/containerd.pid";
const START_MS = 60_000;
const STOP_MS = 60_000;

/** What is written down when we start an engine, so that the last user can stop it. */
export type StartedDaemon = { by: "systemd" } | { by: "hand"; pid: number; identity: string };

/**
 * Starts the Docker Engine of this machine: by systemd where it runs, else `dockerd` in the background, with its log in the run folder.
 * Callers hold the run folder's lock and have found that no engine answers.
 * @throws with the end of dockerd's log when it does not answer within a minute
 */
export async function startDaemon(runDir: string, log: (line: string) => void): Promise<DockerEngine> {
  if (process.getuid?.() !== 0) {
    throw new Error("Docker Engine is not running, and only root can start it: start it, or run this as root.");
  }
  await mkdir(runDir, { recursive: true });
  log("docker: starting Docker Engine");
  // The folder exists only where systemd is the running init system: sd_booted(3).
  if (existsSync("/run/systemd/system")) {
    await runTool("systemctl", ["start", "docker"], { timeoutMs: START_MS });
    await record(runDir, { by: "systemd" });
    return await answering(runDir, () => true);
  }
  await removeStalePidFile(PID_FILE, "dockerd");
  await removeStalePidFile(CONTAINERD_PID_FILE, "containerd");
  const output = openSync(logFile(runDir), "w", 0o600);
  const child = spawn("dockerd", ["--host", `unix://${SOCKET}`, "--pidfile", PID_FILE], {
    detached: true,
    stdio: ["ignore", output, output],
    cwd: "/",
  });
  closeSync(output);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new ToolError("dockerd is not installed", "ENOENT") : error),
    );
  });
  child.unref();
  const pid = child.pid!;
  await record(runDir, { by: "hand", pid, identity: processIdentity(pid) ?? "" });
  try {
    return await answering(runDir, () => child.exitCode === null && child.signalCode === null);
  } catch (error) {
    child.kill("SIGTERM");
    await rm(recordFile(runDir), { force: true });
    throw error;
  }
}

/** What `startDaemon` wrote down, if that engine is still the one that runs. */
export async function startedDaemon(runDir: string): Promise<StartedDaemon | undefined> {
  let started: StartedDaemon;
  try {
    started = JSON.parse(await readFile(recordFile(runDir), "utf8")) as StartedDaemon;
  } catch {
    return undefined;
  }
  if (started.by === "hand" && processIdentity(started.pid) !== started.identity) return undefined;
  return started;
}

/** Stops an engine that `startDaemon` started and waits until it and its containerd are gone. */
export async function stopDaemon(runDir: string, started: StartedDaemon): Promise<void> {
  if (started.by === "systemd") {
    await runTool("systemctl", ["stop", "docker.socket", "docker"], { timeoutMs: STOP_MS });
  } else {
    const containerd = await pidIn(CONTAINERD_PID_FILE, "containerd");
    const child = containerd && (await parentOf(containerd.pid)) === started.pid ? containerd : undefined;
    process.kill(started.pid, "SIGTERM");
    await gone(started.pid, started.identity, "dockerd");
    // dockerd ends the containerd that it started.
    if (child) await gone(child.pid, child.identity, "containerd");
  }
  await rm(recordFile(runDir), { force: true });
}

async function answering(runDir: string, alive: () => boolean): Promise<DockerEngine> {
  const deadline = Date.now() + START_MS;
  while (alive() && Date.now() < deadline) {
    const version = await engineVersion(SOCKET);
    if (version !== undefined) return { socket: SOCKET, version };
    await delay(100);
  }
  const file = logFile(runDir);
  const lines = existsSync(file) ? (await readFile(file, "utf8")).trim().split("\n").slice(-10) : [];
  throw new Error(
    `Docker Engine ${alive() ? `did not answer within ${START_MS / 1000} s` : "ended as soon as it was started"}; ` +
      `its log (${file}) ends with:\n${lines.join("\n")}`,
  );
}

async function gone(pid: number, identity: string, name: string): Promise<void> {
  const deadline = Date.now() + STOP_MS;
  while (processIdentity(pid) === identity) {
    if (Date.now() > deadline) throw new Error(`${name} (process ${pid}) did not end within ${STOP_MS / 1000} s.`);
    await delay(100);
  }
}

/**
 * After a hard stop of the machine or of the engine, a pid file may name a process that has nothing to do with it; dockerd would
 * then refuse to start, or take that process for its containerd.
 */
async function removeStalePidFile(file: string, program: string): Promise<void> {
  if ((await pidIn(file, program)) === undefined) await rm(file, { force: true });
}

async function pidIn(file: string, program: string): Promise<{ pid: number; identity: string } | undefined> {
  try {
    const pid = Number(await readFile(file, "utf8"));
    const name = (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
    const identity = processIdentity(pid);
    return name === program && identity !== undefined ? { pid, identity } : undefined;
  } catch {
    return undefined;
  }
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
}

const recordFile = (runDir: string) => join(runDir, "started.json");
const logFile = (runDir: string) => join(runDir, "dockerd.log");

async function record(runDir: string, started: StartedDaemon): Promise<void> {
  await writeFile(recordFile(runDir), JSON.stringify(started));
}
