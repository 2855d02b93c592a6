import type Docker from "dockerode";
import { BackupError, inBackup, type Manifest, makeBackup } from "../../infra/droplet/backup-client.ts";
import { untilHealthy } from "../../infra/droplet/container-state.ts";
import { containerOf, containersOf, unlessStopped } from "../../infra/droplet/engine-client.ts";
import { BEFORE_CHANGE, lastN8n } from "../../infra/droplet/n8n-containers.ts";
import type { BackedUpStack } from "./backed-up-stack.ts";
import { say, UserError } from "./user-error.ts";

/** How long n8n may take to end what runs on it, in seconds. */
const STOP_SECONDS = 60;
/** How long n8n may take to become healthy afterwards, in seconds: it may have to change the database to its version. */
const READY_SECONDS = 600;

export interface RestoreOptions {
  /** Id of a snapshot, or `latest`. */
  snapshot: string;
  /** Also where n8n has data already; a backup of that is made first. */
  overwrite: boolean;
}

/**
 * Puts a backup of n8n back: stops n8n, makes a backup of the data that it has, restores, and starts n8n again; with the key of
 * the backup, if that is another.
 *
 * @throws {UserError | BackupError} when it fails; a message that does not say what became of n8n is of before anything was stopped
 */
export async function restore(stack: BackedUpStack, { snapshot, overwrite }: RestoreOptions): Promise<void> {
  const { docker, name } = stack;
  const manifest = JSON.parse(await inBackup(docker, name, ["manifest", snapshot])) as Manifest;
  const id = manifest.snapshot;
  const what = `backup ${id.slice(0, 8)} of ${manifest.madeAt.replace(/T(\d+:\d+).*/, " $1")} UTC (stack ${manifest.stack}, n8n ${manifest.n8nVersion}, PostgreSQL ${manifest.postgresVersion})`;
  const key = await inBackup(docker, name, ["key", id]);
  await inBackup(docker, name, ["restore", "--check", id], { onProgress: say });
  say(`Restoring ${what}.`);
  if (!overwrite && (await hasData(stack))) {
    throw new UserError(
      "n8n of this stack has data already: an owner who is set up, or workflows. Nothing was changed. " +
        `To replace it, after a backup of it: ${stack.restore} --overwrite`,
    );
  }

  const { last } = await lastN8n(docker, name);
  const before = last && docker.getContainer(last.Id);
  if (before) say("Stopping n8n.");
  for (const container of await containersOf(docker, name, "n8n"))
    await container.stop({ t: STOP_SECONDS }).catch(unlessStopped);
  await putAside(stack, before);
  try {
    await inBackup(docker, name, ["restore", id], { onProgress: say });
  } catch (error) {
    throw await failed(error as Error, before);
  }
  const updated = await startAgain(stack, before, { key, n8nVersion: manifest.n8nVersion }).catch((error: Error) => {
    throw new UserError(
      `${error.message}\nThe data is restored, but n8n stays stopped. When this is mended, run it again: ` +
        `${stack.restore} --overwrite --snapshot ${id.slice(0, 8)}`,
    );
  });
  if (!updated) {
    throw new UserError(
      `The data is restored and the key is set, but the update failed; what failed is above. ${stack.up} goes on from here.`,
    );
  }
  await ready(stack);
  const { workflows } = await contents(stack);
  say(`n8n runs with what was in the ${what}: ${workflows} workflow${workflows === 1 ? "" : "s"}.`);
}

/** Makes a backup of the data that a stopped n8n has left; if that fails, n8n runs again. */
async function putAside(stack: BackedUpStack, before: Docker.Container | undefined): Promise<void> {
  try {
    if (!(await hasData(stack))) return;
    say("Making a backup of what is there.");
    const aside = await makeBackup(stack.docker, stack.name, "before-restore", { onProgress: say });
    say(`To go back to it: ${stack.restore} --overwrite --snapshot ${aside.snapshot.slice(0, 8)}`);
  } catch (error) {
    throw new UserError(
      `${(error as Error).message}\nThere is no backup of what n8n has, so nothing was restored. ${await goOn(before)}`,
    );
  }
}

/** Starts n8n on what was restored, by an update of the stack where that has another key. @returns false if the update failed */
async function startAgain(
  stack: BackedUpStack,
  before: Docker.Container | undefined,
  { key, n8nVersion }: { key: string; n8nVersion: string },
): Promise<boolean> {
  if (key === (await encryptionKey(stack))) {
    await before?.start();
    return true;
  }
  say("The backup has another encryption key than this stack: it is set, and the stack updated with it.");
  // What an update that fails goes back to is what it finds.
  await makeBackup(stack.docker, stack.name, BEFORE_CHANGE, { n8nVersion, encryptionKey: key });
  return (await stack.useEncryptionKey(key)) === 0;
}

/** What to tell of a restore that failed; n8n runs again where its data is as it was. */
async function failed(error: Error, before: Docker.Container | undefined): Promise<UserError> {
  if (!(error instanceof BackupError)) {
    return new UserError(
      `${error.message} How far the restore came is not known; n8n stays stopped. Run it again with --overwrite.`,
    );
  }
  if (error.halfDone) return new UserError(`${error.message} n8n stays stopped. Run it again with --overwrite.`);
  return new UserError(`${error.message}\n${await goOn(before)} When this is mended, run it again.`);
}

/** Starts n8n on the data that it had. @returns what became of that, for the person */
async function goOn(before: Docker.Container | undefined): Promise<string> {
  try {
    await before?.start();
    return "n8n runs with the data that it had.";
  } catch (error) {
    return `n8n has the data that it had, but could not be started again: ${(error as Error).message}`;
  }
}

interface Contents {
  ownerSetUp: boolean;
  workflows: number;
}

async function contents({ docker, name }: BackedUpStack): Promise<Contents> {
  return JSON.parse(await inBackup(docker, name, ["contents"])) as Contents;
}

async function hasData(stack: BackedUpStack): Promise<boolean> {
  const { ownerSetUp, workflows } = await contents(stack);
  return ownerSetUp || workflows > 0;
}

/** The key that the stack has now. */
async function encryptionKey({ docker, name }: BackedUpStack): Promise<string | undefined> {
  const backup = await containerOf(docker, name, "backup");
  const { Config } = (await backup?.inspect()) ?? {};
  return Config?.Env.find((entry) => entry.startsWith("N8N_ENCRYPTION_KEY="))?.replace(/^[^=]*=/, "");
}

/** Waits until n8n is healthy. */
async function ready({ docker, name }: BackedUpStack): Promise<void> {
  say("Waiting for n8n.");
  if (await untilHealthy(await containersOf(docker, name, "n8n"), READY_SECONDS)) return;
  throw new UserError(
    `The data is restored, but n8n did not become healthy within ${READY_SECONDS} s: see its container's log.`,
  );
}
