import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type HostName, hostNames, hostname } from "@hybrid-mcp/catalogue";
import type { LocalCloudMessage, LocalCloudOptions } from "../cloud/options.ts";
import { processIdentity } from "../engine/pid-lock.mjs";
import { hostsFirecrawl, type LocalStack, repositoryRoot, runsN8n, writePrivately } from "./stack.ts";
import { say, UserError } from "./user-error.ts";

/** How long the local cloud may take to start, in milliseconds: it brings every uploaded Worker up again. */
const START_TIMEOUT_MS = 120_000;
/** How long it may take to stop before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 30_000;

function pidFile(stack: LocalStack): string {
  return stack.path("cloud.pid");
}

interface RunningCloud {
  pid: number;
  /** Tells the process from a later one with the same pid. */
  identity: string;
  /** Hash of what it was started from: its sources and its options. */
  build: string;
  /** False until it has said so; one that is left so was started by a command that is gone. */
  ready: boolean;
}

function runningCloud(stack: LocalStack): RunningCloud | undefined {
  if (!existsSync(pidFile(stack))) return undefined;
  const cloud = JSON.parse(readFileSync(pidFile(stack), "utf8")) as RunningCloud;
  return processIdentity(cloud.pid) === cloud.identity ? cloud : undefined;
}

/** The process id of the stack's local cloud, if it runs. */
export function cloudPid(stack: LocalStack): number | undefined {
  return runningCloud(stack)?.pid;
}

/**
 * Starts the stack's local cloud in the background if it does not run, and waits until it is ready. One that runs from
 * other sources or options than the ones of now is started anew.
 *
 * @throws {UserError} when a port is taken, or with the reason for which it did not start
 */
export async function startCloud(stack: LocalStack): Promise<void> {
  const options = `${JSON.stringify(cloudOptions(stack), null, 2)}\n`;
  const build = buildHash(options);
  const running = runningCloud(stack);
  if (running?.ready && running.build === build) return;
  if (running) {
    say("The local cloud runs with other code or settings, or was left half-started; starting it anew.");
    await stopCloud(stack);
  }
  const optionsFile = stack.path("cloud.json");
  writePrivately(optionsFile, options);
  const logFile = stack.path("cloud.log");
  const output = openSync(logFile, "a", 0o600);
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(repositoryRoot, "local/cloud/main.ts"), optionsFile],
    // A process group of its own: Ctrl-C in the terminal does not reach it.
    { detached: true, stdio: ["ignore", output, output, "ipc"] },
  );
  closeSync(output);
  // At once: a command that is killed while it waits leaves a process that the next one finds.
  const cloud: RunningCloud = { pid: child.pid!, identity: processIdentity(child.pid!) ?? "", build, ready: false };
  writePrivately(pidFile(stack), JSON.stringify(cloud));
  const answer = await firstMessage(child);
  if ("error" in answer) {
    rmSync(pidFile(stack), { force: true });
    throw new UserError(`The local cloud did not start: ${answer.error}.${hint(answer.error)} Its log: ${logFile}`);
  }
  writePrivately(pidFile(stack), JSON.stringify({ ...cloud, ready: true } satisfies RunningCloud));
  child.disconnect();
  child.unref();
}

/** Hash of all that the local cloud is made of, so that a checkout that was updated does not go on with the old one. */
function buildHash(options: string): string {
  const hash = createHash("sha256").update(options);
  hash.update(readFileSync(join(repositoryRoot, "package-lock.json")));
  for (const folder of ["cloud", "connector", "engine", "processes", "standins"]) {
    const path = join(repositoryRoot, "local", folder);
    for (const file of readdirSync(path, { recursive: true, encoding: "utf8" }).sort()) {
      if (/(?<!\.test)\.m?[jt]s$/.test(file)) hash.update(file).update(readFileSync(join(path, file)));
    }
  }
  return hash.digest("hex");
}

function hint(error: string): string {
  return error.startsWith("Port ") ? " Stop it, or choose other ports: npm run up -- --port-offset 100." : "";
}

function firstMessage(child: ChildProcess): Promise<LocalCloudMessage> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve({ error: `it was not ready within ${START_TIMEOUT_MS / 1000} s` });
    }, START_TIMEOUT_MS);
    child.once("message", (message) => resolve(message as LocalCloudMessage));
    child.once("exit", (code, signal) => resolve({ error: `it ended with ${signal ?? `exit code ${code}`}` }));
    child.once("error", (error) => resolve({ error: error.message }));
    child.once("message", () => clearTimeout(timer));
    child.once("exit", () => clearTimeout(timer));
  });
}

/** Stops the stack's local cloud and what it runs; returns when it is gone. */
export async function stopCloud(stack: LocalStack): Promise<void> {
  const pid = cloudPid(stack);
  if (pid) {
    const identity = processIdentity(pid);
    const gone = () => processIdentity(pid) !== identity;
    process.kill(pid, "SIGTERM");
    if (!(await within(STOP_TIMEOUT_MS, gone))) {
      // Its children are in its process group.
      process.kill(-pid, "SIGKILL");
      await within(STOP_TIMEOUT_MS, gone);
    }
  }
  rmSync(pidFile(stack), { force: true });
}

async function within(ms: number, done: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!done()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** What a stack may have and this one has not takes no port of the machine. */
function hasPort(stack: LocalStack, name: HostName): boolean {
  if (name === "n8n") return runsN8n(stack);
  return name !== "firecrawl-engine" || hostsFirecrawl(stack);
}

function cloudOptions(stack: LocalStack): LocalCloudOptions {
  const { identity, domain, ports, tls } = stack;
  return {
    dir: stack.path("cloud"),
    domain,
    account: { id: identity.accountId, name: "local" },
    zone: { id: identity.zoneId, name: domain },
    workersSubdomain: "local",
    cloudflareToken: identity.cloudflareToken,
    digitaloceanToken: identity.digitaloceanToken,
    accounts: {
      brokerUrl: stack.publicUrl("oauth-broker"),
      codaToken: identity.codaToken,
      firecrawlKey: identity.firecrawlKey,
      clientSecrets: identity.clientSecrets,
    },
    ports,
    services: hostNames
      .filter((name) => hasPort(stack, name))
      .map((name) => ({
        port: stack.portOf(name),
        hostname: hostname(name, domain),
        // What runs on the droplet asks the broker.
        ...(name === "oauth-broker" && { forContainers: true }),
      })),
    ...(identity.containers === "docker"
      ? { bridgeAddress: stack.subnet.gateway }
      : { processes: { dir: stack.path("processes"), socket: stack.processSocket } }),
    allowedHosts: stack.allowedHosts,
    ...(tls && { tls }),
  };
}
