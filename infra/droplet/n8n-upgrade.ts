import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Config } from "../config.ts";
import { containerOf, engineClient, execIn, ROLE_LABEL } from "./engine-client.ts";
import type { Host } from "./host.ts";

/** Pause between two looks at a container that starts, in milliseconds. */
const PAUSE_MS = 1_000;

/** Tag of backups that are made before a change. */
const TAG = "before-upgrade";

/** What was there before an upgrade, to go back to. */
interface Before {
  old: Docker.Container;
  /** Id of the backup; undefined where the stack makes none. */
  snapshot: string | undefined;
}

/**
 * The steps around a new n8n container, as hooks on it. Two n8n never work on one database:
 *
 * - before it is made, a backup is taken and the old n8n is stopped, but kept;
 * - when the new one does not become ready, it is taken away, the database and the files are put back from that backup, and
 *   the old n8n is started again. The update fails, with n8n as it was.
 *
 * The old container is deleted at the end of an update that succeeds.
 */
export function upgradeHooks(config: Config, host: Host, version: string): pulumi.ResourceHookBinding {
  const say = (message: string) => pulumi.log.info(`n8n: ${message}`);
  const engine = () => engineOf(host);
  let before: Before | undefined;

  const prepare = new pulumi.ResourceHook("n8n-before", async () => {
    const docker = await engine();
    const [old] = await n8nContainers(docker, config.name);
    if (!old) return;
    const { State } = await old.inspect();
    if (State.Running) {
      say("making a backup before the change");
      const snapshot = await backup(docker, config.name);
      say(`backup ${snapshot} is made; stopping n8n`);
      await old.stop({ t: config.cutover.drainSeconds });
      before = { old, snapshot };
      return;
    }
    // A run before this one was cut off after it had stopped n8n: its backup is of before the change.
    before = { old, snapshot: await lastBackup(docker, config.name) };
  });

  const goBack = new pulumi.ErrorHook("n8n-go-back", async () => {
    if (!before) return false;
    const docker = await engine();
    const { old, snapshot } = before;
    for (const each of await n8nContainers(docker, config.name)) {
      if (each.id !== old.id) await each.remove({ force: true });
    }
    if (snapshot) {
      say(`version ${version} did not become ready; putting the data back from backup ${snapshot}`);
      await inBackup(docker, config.name, ["restore", snapshot]);
    }
    await old.start();
    await ready(old, config.services.n8n.startSeconds);
    pulumi.log.warn("n8n: the container that ran before runs again, with its data; why the new one failed is above.");
    before = undefined;
    return false;
  });
  return { beforeCreate: [prepare], onError: [goBack] };
}

function engineOf(host: Host): Promise<Docker> {
  return new Promise((resolve) => {
    host.connection.apply(({ host: address, sshOptions }) => resolve(engineClient(address, sshOptions)));
  });
}

/** The stack's n8n containers, running or not, the oldest first. */
async function n8nContainers(docker: Docker, stack: string): Promise<Docker.Container[]> {
  const filters = { label: [`hybrid-mcp=${stack}`, `${ROLE_LABEL}=n8n`] };
  const found = await docker.listContainers({ all: true, filters });
  return found.sort((a, b) => a.Created - b.Created).map(({ Id }) => docker.getContainer(Id));
}

/** Makes a backup and answers its id; undefined where there is nothing yet to make one with. */
async function backup(docker: Docker, stack: string): Promise<string | undefined> {
  if (!(await containerOf(docker, stack, "backup"))) return undefined;
  const said = await inBackup(docker, stack, ["backup", "--tag", TAG]);
  return (JSON.parse(said.trim().split("\n").at(-1)!) as { snapshot: string }).snapshot;
}

/** The newest backup that was made before a change. */
async function lastBackup(docker: Docker, stack: string): Promise<string | undefined> {
  if (!(await containerOf(docker, stack, "backup"))) return undefined;
  const snapshots = JSON.parse(await inBackup(docker, stack, ["snapshots", "--json"])) as {
    short_id: string;
    time: string;
    tags?: string[];
  }[];
  return snapshots.filter(({ tags }) => tags?.includes(TAG)).sort((a, b) => (a.time < b.time ? 1 : -1))[0]?.short_id;
}

/** Runs one of the backup container's commands. @throws {Error} with what it said when it fails */
async function inBackup(docker: Docker, stack: string, command: string[]): Promise<string> {
  const container = await containerOf(docker, stack, "backup");
  if (!container) throw new Error("n8n: there is no container that makes backups.");
  const { exitCode, stdout, stderr } = await execIn(container, ["backup", ...command]);
  if (exitCode !== 0) throw new Error(`n8n: ${command[0]} failed: ${(stderr || stdout).trim().slice(-2000)}`);
  return stdout;
}

/** Waits until a container is healthy. @throws {Error} when it is not within the deadline */
async function ready(container: Docker.Container, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const { State } = await container.inspect();
    if (State.Health?.Status === "healthy") return;
    if (performance.now() > deadline)
      throw new Error(`n8n: the old container did not become healthy within ${seconds} s.`);
    await delay(PAUSE_MS);
  }
}
