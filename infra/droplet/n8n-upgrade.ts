import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Config } from "../config.ts";
import { inBackup, makeBackup } from "./backup-client.ts";
import { untilHealthy } from "./container-state.ts";
import { containerOf, hostEngine, unlessStopped } from "./engine-client.ts";
import type { Host } from "./host.ts";
import { BEFORE_CHANGE, type CutOff, lastN8n, n8nContainers, REPLACED } from "./n8n-containers.ts";
import { readyOrNotAtAll } from "./unready.ts";

/** How long an n8n that ran before may take at least to be ready again, in seconds: its health is looked at every few. */
const BACK_SECONDS = 300;

/** What was there before a change, to go back to. */
interface Before {
  old: Docker.Container;
  /** Id of the backup. */
  snapshot: string;
}

/**
 * The steps around a new n8n container, as hooks on it. Two n8n never work on one database, and nothing is lost between them:
 *
 * - before it is made, the old n8n is stopped, but kept, and a backup is taken; if that fails, the old one goes on;
 * - when the new one does not become ready, it is stopped, the database and the files are put back from that backup, and the
 *   old n8n is started again; the new one is taken away. The update fails, with n8n as it was.
 *
 * The old container is deleted at the end of an update that succeeds.
 */
export function upgradeHooks(config: Config, host: Host, version: string): pulumi.ResourceHookBinding {
  const { name, cutover, services } = config;
  const say = (message: string) => pulumi.log.info(`n8n: ${message}`);
  let before: Before | undefined;

  const prepare = new pulumi.ResourceHook("n8n-before", async ({ newInputs }) => {
    const docker = await hostEngine(host);
    const { last, cutOff } = await lastN8n(docker, name);
    if (!last) return;
    if (!(await containerOf(docker, name, "backup"))) {
      throw new Error(
        "n8n was not changed: there is no container that makes a backup to go back to. Bring the stack up as it was first.",
      );
    }
    if (cutOff) await clear(docker, cutOff);
    const old = docker.getContainer(last.Id);
    if (last.State.Running) {
      say("stopping it, and making a backup before it changes");
      await old.stop({ t: cutover.drainSeconds });
    }
    const snapshot = cutOff?.snapshot ?? (await backup(docker).catch(goOn(old)));
    // The very container that is wanted, which a run has made that was cut off: it is made again, and has its backup.
    if (last.Name === `/${newInputs?.name}`) await old.remove({ force: true });
    else before = { old, snapshot };
  });
  const done = new pulumi.ResourceHook("n8n-changed", async () => {
    // Should it outlive this update, nobody takes it for the n8n that was there last.
    await before?.old.rename({ name: `${(await before.old.inspect()).Name.slice(1)}${REPLACED}` });
    before = undefined;
  });

  /** Before an n8n that was found stopped is started again: a change of it was cut off, and is not gone on with. */
  const resume = new pulumi.ResourceHook("n8n-resume", async ({ id }) => {
    const docker = await hostEngine(host);
    const { last, cutOff } = await lastN8n(docker, name);
    if (last?.Id !== id || !cutOff) return;
    await clear(docker, cutOff);
    say(`a change of it was cut off; putting the data back from backup ${cutOff.snapshot}`);
    await inBackup(docker, name, ["restore", cutOff.snapshot]);
  });

  /** Takes away what a change that was cut off has begun; what it has left is kept in a backup of its own. */
  const clear = async (docker: Docker, { unfinished }: CutOff) => {
    for (const { Id } of unfinished)
      await docker.getContainer(Id).stop({ t: cutover.drainSeconds }).catch(unlessStopped);
    const { snapshot } = await makeBackup(docker, name, "before-restore");
    say(`a change of it was cut off; what it has left is in backup ${snapshot}`);
    for (const { Id } of unfinished) await docker.getContainer(Id).remove({ force: true });
  };

  const backup = async (docker: Docker) => {
    const { snapshot, bytes, seconds } = await makeBackup(docker, name, BEFORE_CHANGE, { onProgress: say });
    say(`backup ${snapshot} is made (${Math.ceil(bytes / 1e6)} MB, ${seconds} s)`);
    return snapshot;
  };

  const goOn =
    (old: Docker.Container) =>
    async (error: Error): Promise<never> => {
      await old.start();
      throw new Error(`n8n was not changed, and runs as before: there is no backup to go back to. ${error.message}`);
    };

  const goBackTo = async ({ old, snapshot }: Before) => {
    const docker = await hostEngine(host);
    for (const { Id } of await n8nContainers(docker, name)) {
      if (Id !== old.id) await docker.getContainer(Id).stop({ t: cutover.drainSeconds }).catch(unlessStopped);
    }
    say(`version ${version} did not become ready; putting the data back from backup ${snapshot}`);
    await inBackup(docker, name, ["restore", snapshot]).catch(({ message }: Error) => {
      const again = `npm run restore -- --snapshot ${snapshot} --overwrite`;
      throw new Error(`n8n's data was not put back, and n8n does not run: ${message} The backup is kept: ${again}`);
    });
    await old.start();
    const seconds = Math.max(services.n8n.startSeconds, BACK_SECONDS);
    if (!(await untilHealthy([old], seconds))) {
      throw new Error(`n8n: the old container did not become healthy within ${seconds} s.`);
    }
    pulumi.log.warn("n8n: what ran before runs again, with its data as it was; why the new one failed is told below.");
  };
  const goBack = new pulumi.ErrorHook("n8n-go-back", async ({ failedOperation }) => {
    if (failedOperation !== "create" || !before) return false;
    // What a hook throws at a container that is partly made, the engine does not tell.
    await goBackTo(before).catch(({ message }: Error) => void pulumi.log.error(message));
    before = undefined;
    return false;
  });
  const whole = readyOrNotAtAll(host, "n8n");
  return {
    beforeCreate: [prepare, ...whole.beforeCreate],
    afterCreate: [done],
    beforeUpdate: [resume],
    onError: [...whole.onError, goBack],
  };
}
