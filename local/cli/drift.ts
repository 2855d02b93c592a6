import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findDrift } from "./drift-check.ts";
import { driftMarkdown, inWords } from "./drift-events.ts";
import { viewStack } from "./stack-view.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** Exit code when something was changed; 1 is for a failure. */
const DRIFT = 2;

/** `npm run drift`: what was changed outside of Pulumi, property by property. */
await runCommand(async () => {
  const { stack, json, markdown } = parse();
  const tell = (line: string) => process.stderr.write(`${line}\n`);
  const view = await viewStack(stack, tell);
  if (!json) tell(`Comparing the stack "${stack}" with what is there …`);
  const drift = await findDrift(view);
  const { repair } = view.commands;
  if (markdown !== undefined) writeFileSync(markdown, driftMarkdown(stack, drift, `\`${repair}\``));
  if (json) say(JSON.stringify({ stack, drift }, null, 2));
  else if (drift.length === 0) say("Nothing was changed outside of Pulumi.");
  else {
    for (const { type, name, what, changes } of drift) {
      say(`${type} ${name} ${what === "gone" ? "is gone" : "was changed"}`);
      for (const change of changes) say(`  ${inWords(change)}`);
    }
    say(`\nTo put it back as the program says: ${repair}`);
  }
  if (drift.length > 0) process.exitCode = DRIFT;
});

function parse(): { stack: string; json: boolean; markdown?: string } {
  try {
    return parseArgs({
      options: {
        stack: { type: "string", default: "local" },
        json: { type: "boolean", default: false },
        markdown: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UserError(
      `${(error as Error).message}\nUsage: npm run drift -- [--stack local] [--json] [--markdown <file>]`,
    );
  }
}
