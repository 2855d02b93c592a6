import { parseArgs } from "node:util";
import { makeBackup } from "../../infra/droplet/backup-client.ts";
import { withBackedUpStack } from "./backed-up-stack.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** `npm run backup`: makes a backup of n8n now, beside those of the schedule. */
await runCommand(async () => {
  const { stack, ...options } = parse();
  await withBackedUpStack(stack, async ({ docker, name }) => {
    const { snapshot, bytes, added, seconds } = await makeBackup(docker, name, "regular", {
      onProgress: say,
      newRepository: options["new-repository"],
    });
    say(
      `Backup ${snapshot.slice(0, 8)} is made: ${megabytes(bytes)}, of which ${megabytes(added)} are new, in ${seconds} s.`,
    );
  });
});

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function parse(): { stack: string; "new-repository": boolean } {
  try {
    return parseArgs({
      options: {
        stack: { type: "string", default: "local" },
        "new-repository": { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\nUsage: npm run backup -- [--new-repository] [--stack local]`);
  }
}
