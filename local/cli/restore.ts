import { parseArgs } from "node:util";
import { withBackedUpStack } from "./backed-up-stack.ts";
import { type RestoreOptions, restore } from "./restore-n8n.ts";
import { runCommand, UserError } from "./user-error.ts";

const USAGE = "Usage: npm run restore -- [--snapshot ID] [--overwrite] [--stack local]";

/** `npm run restore`: puts a backup of n8n back into a stack that is up. */
await runCommand(async () => {
  const { stack, ...options } = parse();
  await withBackedUpStack(stack, (backedUp) => restore(backedUp, options));
});

function parse(): RestoreOptions & { stack: string } {
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
