import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { BackupError, inBackup, type Manifest, makeBackup } from "../../infra/droplet/backup-client.ts";
import { containerOf, ROLE_LABEL } from "../../infra/droplet/engine-client.ts";
import { type BackedUpStack, withBackedUpStack } from "./backed-up-stack.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** How long n8n may take to end what runs on it, in seconds. */
const STOP_SECONDS = 60;
/** How long n8n may take to become healthy afterwards: it may have to change the database to its version. */
const READY_MS = 600_000;
const PAUSE_MS = 500;

const USAGE = "Usage: npm run restore -- [--snapshot ID] [--overwrite] [--stack local]";

interface Options {
  /** Id of a snapshot, or `latest`. */
  snapshot: string;
  /** Also where n8n has data already; a backup of that is made first. */
  overwrite: boolean;
}

/** `npm run restore`: puts a backup of n8n back into a stack that is up. */
await runCommand(async () => {
  const { stack, ...options } = parse();
  await withBackedUpStack(stack, (backedUp) => restore(backedUp, options));
});

async function restore(stack: BackedUpStack, { snapshot, overwrite }: Options): Promise<void> {
  const { docker, name } = stack;
  const manifest = JSON.parse(await inBackup(docker, name, ["manifest", snapshot])) as Manifest;
  const id = manifest.snapshot;
  const what = `backup ${id.slice(0, 8)} of ${manifest.madeAt.replace(/T(\d+:\d+).*/, " $1")} UTC (stack ${manifest.stack}, n8n ${manifest.n8nVersion}, PostgreSQL ${manifest.postgresVersion})`;
  await inBackup(docker, name, ["restore", "--check", id]);
  say(`Restoring ${what}.`);
  if (await hasData(stack)) {
    if (!overwrite) {
      throw new UserError(
        "n8n of this stack has data already: an owner who is set up, or workflows. Nothing was changed. " +
          "To replace it, after a backup of it: npm run restore -- --overwrite",
      );
    }
    say("Making a backup of what is there.");
    const aside = await makeBackup(docker, name, "before-restore");
    say(`To go back to it: npm run restore -- --overwrite --snapshot ${aside.snapshot.slice(0, 8)}`);
  }

  const before = await n8nContainers(stack);
  if (before.length > 0) say("Stopping n8n.");
  for (const container of before) await container.stop({ t: STOP_SECONDS }).catch(unlessStopped);
  try {
    await inBackup(docker, name, ["restore", id], { onProgress: say });
  } catch (error) {
    throw await failed(error as Error, before);
  }

  const key = await inBackup(docker, name, ["key", id]);
  if (key !== (await encryptionKey(stack))) {
    say("The backup has another encryption key than this stack: it is set, and the stack updated with it.");
    // What an update that fails goes back to is what it finds.
    await makeBackup(docker, name, "before-upgrade", { n8nVersion: manifest.n8nVersion, encryptionKey: key });
    if ((await stack.useEncryptionKey(key)) !== 0) {
      throw new UserError(
        `The data is restored and the key is set, but the update failed; what failed is above. ${stack.up} goes on from here.`,
      );
    }
  } else {
    for (const container of before) await container.start();
  }
  await ready(stack);
  const { workflows } = await contents(stack);
  say(`n8n runs with what was in the ${what}: ${workflows} workflow${workflows === 1 ? "" : "s"}.`);
}

/** What to tell of a restore that failed; n8n runs again where its data is as it was. */
async function failed(error: Error, before: Docker.Container[]): Promise<UserError> {
  if (!(error instanceof BackupError)) {
    return new UserError(
      `${error.message} How far the restore came is not known; n8n stays stopped. Run it again with --overwrite.`,
    );
  }
  if (error.halfDone) return new UserError(`${error.message} n8n stays stopped. Run it again with --overwrite.`);
  for (const container of before) await container.start();
  return new UserError(
    `${error.message}\nNothing was restored, and n8n runs with the data that it had. When this is mended, run it again.`,
  );
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

/** n8n's containers; while one takes another's place there are two. */
async function n8nContainers({ docker, name }: BackedUpStack): Promise<Docker.Container[]> {
  const filters = { label: [`hybrid-mcp=${name}`, `${ROLE_LABEL}=n8n`] };
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
}

/** Docker Engine API: 304 when it does not run. */
function unlessStopped(error: { statusCode?: number }): void {
  if (error.statusCode !== 304) throw error;
}

/** The key that the stack has now. */
async function encryptionKey({ docker, name }: BackedUpStack): Promise<string | undefined> {
  const backup = await containerOf(docker, name, "backup");
  const { Config } = (await backup?.inspect()) ?? {};
  return Config?.Env.find((entry) => entry.startsWith("N8N_ENCRYPTION_KEY="))?.replace(/^[^=]*=/, "");
}

/** Waits until n8n is healthy. */
async function ready(stack: BackedUpStack): Promise<void> {
  say("Waiting for n8n.");
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const containers = await Promise.all((await n8nContainers(stack)).map((container) => container.inspect()));
    if (containers.some(({ State }) => State.Running && State.Health?.Status === "healthy")) return;
    if (performance.now() > deadline) {
      throw new UserError(
        `The data is restored, but n8n did not become healthy within ${READY_MS / 1000} s: see its container's log.`,
      );
    }
    await delay(PAUSE_MS);
  }
}

function parse(): Options & { stack: string } {
  try {
    return parseArgs({
      options: {
        snapshot: { type: "string", default: "latest" },
        overwrite: { type: "boolean", default: false },
        stack: { type: "string", default: "local" },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
