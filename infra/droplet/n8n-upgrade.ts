import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Config } from "../config.ts";
import { inBackup, makeBackup } from "./backup-client.ts";
import { containerOf, engineClient, ROLE_LABEL } from "./engine-client.ts";
import type { Host } from "./host.ts";

/** Pause between two looks at a container that starts, in milliseconds. */
const PAUSE_MS = 1_000;

/** How long an n8n that ran before may take at least to be ready again, in seconds: its health is looked at every few. */
const BACK_SECONDS = 300;

/** The kind of backup that is made before a change. */
const KIND = "before-upgrade";

/** What was there before a change, to go back to. */
interface Before {
  old: Docker.Container;
  /** Id of the backup; undefined where there was nothing yet to make one with. */
  snapshot: string | undefined;
}

/**
 * The steps around a new n8n container, as hooks on it. Two n8n never work on one database, and nothing is lost between them:
 *
 * - before it is made, the old n8n is stopped, but kept, and a backup is taken; if that fails, the old one goes on;
 * - when the new one does not become ready, it is taken away, the database and the files are put back from that backup, and
 *   the old n8n is started again. The update fails, with n8n as it was.
 *
 * The old container is deleted at the end of an update that succeeds.
 */
export function upgradeHooks(config: Config, host: Host, version: string): pulumi.ResourceHookBinding {
  const { name, cutover, services } = config;
  const say = (message: string) => pulumi.log.info(`n8n: ${message}`);
  let before: Before | undefined;

  const prepare = new pulumi.ResourceHook("n8n-before", async ({ newInputs }) => {
    const docker = await engineOf(host);
    await removeLeftover(docker, name, String(newInputs?.name));
    const old = await ranLast(docker, name);
    if (!old) return;
    if ((await old.inspect()).State.Running) {
      say("stopping it, and making a backup before it changes");
      await old.stop({ t: cutover.drainSeconds });
    }
    before = { old, snapshot: await backupOf(docker, old).catch(goOn(old)) };
  });

  /** Before an n8n that was found stopped is started again: a change of it was cut off, and is not gone on with. */
  const resume = new pulumi.ResourceHook("n8n-resume", async ({ id }) => {
    const docker = await engineOf(host);
    const old = docker.getContainer(id);
    const { State } = await old.inspect();
    const last = State.Running ? undefined : await lastBackup(docker, name);
    if (!last || Date.parse(last.time) < Date.parse(State.FinishedAt)) return;
    for (const each of await n8nContainers(docker, name)) if (each.id !== id) await each.remove({ force: true });
    say(`a change of it was cut off; putting the data back from backup ${last.short_id}`);
    await inBackup(docker, name, ["restore", last.short_id]);
  });

  /** The backup of what a stopped n8n has left: there already when a run before this one was cut off after it. */
  const backupOf = async (docker: Docker, old: Docker.Container) => {
    if (!(await containerOf(docker, name, "backup"))) return undefined;
    const last = await lastBackup(docker, name);
    if (last && Date.parse(last.time) > Date.parse((await old.inspect()).State.FinishedAt)) return last.short_id;
    const { snapshot, bytes, seconds } = await makeBackup(docker, name, KIND);
    say(`backup ${snapshot} is made (${Math.ceil(bytes / 1e6)} MB, ${seconds} s)`);
    return snapshot;
  };

  const goOn = (old: Docker.Container) => async (error: Error) => {
    await old.start();
    throw new Error(`n8n was not changed, and runs as before: there is no backup to go back to. ${error.message}`);
  };

  const goBack = new pulumi.ErrorHook("n8n-go-back", async () => {
    if (!before) return false;
    const docker = await engineOf(host);
    const { old, snapshot } = before;
    before = undefined;
    for (const each of await n8nContainers(docker, name)) if (each.id !== old.id) await each.remove({ force: true });
    if (snapshot) {
      say(`version ${version} did not become ready; putting the data back from backup ${snapshot}`);
      await inBackup(docker, name, ["restore", snapshot]).catch(({ message }: Error) => {
        const again = `npm run restore -- --snapshot ${snapshot} --overwrite`;
        throw new Error(`n8n's data was not put back, and n8n does not run: ${message} The backup is kept: ${again}`);
      });
    }
    await old.start();
    await ready(old, Math.max(services.n8n.startSeconds, BACK_SECONDS));
    pulumi.log.warn("n8n: what ran before runs again, with its data as it was; why the new one failed is told below.");
    return false;
  });
  return { beforeCreate: [prepare], beforeUpdate: [resume], onError: [goBack] };
}

function engineOf(host: Host): Promise<Docker> {
  return new Promise((resolve) => {
    host.connection.apply(({ host: address, sshOptions }) => resolve(engineClient(address, sshOptions)));
  });
}

/** The stack's n8n containers, running or not. */
async function n8nContainers(docker: Docker, stack: string): Promise<Docker.Container[]> {
  const filters = { label: [`hybrid-mcp=${stack}`, `${ROLE_LABEL}=n8n`] };
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
}

/** The n8n that runs, or that was the last to run. */
async function ranLast(docker: Docker, stack: string): Promise<Docker.Container | undefined> {
  const found = await Promise.all((await n8nContainers(docker, stack)).map((container) => container.inspect()));
  const since = ({ State }: Docker.ContainerInspectInfo) => (State.Running ? Infinity : Date.parse(State.FinishedAt));
  const [last] = found.sort((a, b) => since(b) - since(a));
  return last && docker.getContainer(last.Id);
}

/** A container of the name that is about to be taken is one that a run has begun which was cut off. */
async function removeLeftover(docker: Docker, stack: string, name: string): Promise<void> {
  for (const each of await n8nContainers(docker, stack)) {
    if ((await each.inspect()).Name === `/${name}`) await each.remove({ force: true });
  }
}

interface Snapshot {
  short_id: string;
  /** ISO 8601. */
  time: string;
  tags?: string[];
}

/** The newest backup that was made before a change; undefined where there is none. */
async function lastBackup(docker: Docker, stack: string): Promise<Snapshot | undefined> {
  // A repository that is not there yet is made by the first backup.
  const listed = await inBackup(docker, stack, ["snapshots", "--json"]).catch(() => "[]");
  return (JSON.parse(listed) as Snapshot[])
    .filter(({ tags }) => tags?.includes(KIND))
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time))[0];
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
