import { existsSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { releaseDocker } from "../docker/lifetime.ts";
import { stopCloud } from "./cloud-process.ts";
import { removeLeftovers } from "./leftovers.ts";
import { localBackupsFolder } from "./local-backups.ts";
import { pulumi, pulumiOutput } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { runCommand, say, UserError } from "./user-error.ts";

await runCommand(async () => {
  const { purge } = parse();
  const stack = new LocalStack(undefined, { asItIs: true });
  if (!stack.exists()) {
    say("There is no local stack here; nothing to stop.");
    return;
  }
  await exclusively(stack, async () => {
    try {
      await destroy(stack, purge);
    } catch (error) {
      if (!purge) throw error;
      // What is purged needs no order: its containers and its directory are all there is of it.
      say(`${(error as Error).message}\nRemoving it all the same.`);
    }
    if (existsSync(stack.engineSocket)) await removeLeftovers(stack.engineSocket, stack.name);
    await stopCloud(stack);
    await releaseDocker(stack.dir, say);
  });
  if (purge) rmSync(stack.dir, { recursive: true, force: true });
  const backups = localBackupsFolder(stack.dir);
  say(
    purge
      ? `The local stack and its data are gone.${existsSync(backups) ? ` Backups of n8n are kept in ${backups}.` : ""}`
      : "The local stack is down; its data is kept for the next `up`.",
  );
});

/** Lets the engine take down what it knows, except, without `purge`, what is protected. */
async function destroy(stack: LocalStack, purge: boolean): Promise<void> {
  const { engine } = await startSession(stack, {
    noDocker: stack.identity.containers === "processes",
    takesDown: true,
  });
  if (purge) await pulumiOutput(stack, engine, ["state", "unprotect", "--all", "--yes", "--stack", "local"]);
  const flags = ["--yes", "--skip-preview", "--stack", "local", ...(purge ? [] : ["--exclude-protected"])];
  if ((await pulumi(stack, engine, ["destroy", ...flags])) !== 0) {
    throw new UserError("Not everything could be taken down; what failed is above. `npm run down` goes on from here.");
  }
}

function parse(): { purge: boolean } {
  try {
    return { purge: false, ...parseArgs({ options: { purge: { type: "boolean" } } }).values };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\nUsage: npm run down -- [--purge]`);
  }
}
