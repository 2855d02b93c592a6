import { parseArgs } from "node:util";
import { findDrift } from "./drift-check.ts";
import { viewStack } from "./stack-view.ts";
import { askAll, type DriftFound, NOT_ASKED, readFacts, report, type StatusReport } from "./status-report.ts";
import { statusTables } from "./status-table.ts";
import { runCommand, say, UserError } from "./user-error.ts";
import { watch } from "./watch-status.ts";

const USAGE = "Usage: npm run status -- [--stack local] [--json] [--no-drift] [--watch [seconds]]";
/** Time between two looks of `--watch`, in seconds, where none is given. */
const WATCH_SECONDS = 5;

/** `npm run status`: what is wanted, and what there is. Exit code 1 when something is not as wanted, or not known that was asked for. */
await runCommand(async () => {
  const options = parse();
  const view = await viewStack(options.stack, (line) => process.stderr.write(`${line}\n`));
  if (options.watch !== undefined) return watch(view, { seconds: options.watch, drift: options.drift });

  progress("Asking services, the audit trail and the engine …");
  const drift: Promise<DriftFound> =
    options.drift && view.running
      ? findDrift(view).catch((error: Error) => ({ unknown: error.message }))
      : Promise.resolve({ unknown: options.drift ? "the stack does not run" : NOT_ASKED });
  const facts = await readFacts(view);
  const answers = await askAll(view, facts);
  progress("Comparing the stack with what is there …");
  const found = report(view, facts, answers, await drift);
  progress("");
  print(found, options.json);
});

function print(status: StatusReport, json: boolean): void {
  if (json) {
    // A script that asks for JSON reads there what is wrong.
    say(JSON.stringify(status, null, 2));
    return;
  }
  if (!status.asWanted) process.exitCode = 1;
  if (!status.running) say("The local cloud does not run: npm run up");
  else if (status.services.length === 0) say("No service is deployed: npm run up");
  else say(statusTables(status, Date.now()));
}

/** Shows what goes on, on one line of a terminal that is gone afterwards; a log does not need it. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

function parse(): { stack: string; json: boolean; drift: boolean; watch: number | undefined } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        stack: { type: "string", default: "local" },
        json: { type: "boolean", default: false },
        "no-drift": { type: "boolean", default: false },
        watch: { type: "boolean", default: false },
      },
    });
    const [seconds = String(WATCH_SECONDS), ...rest] = positionals;
    const unexpected = values.watch ? rest[0] : positionals[0];
    if (unexpected !== undefined) throw new Error(`Unexpected argument '${unexpected}'`);
    if (values.watch && values.json) throw new Error("--watch is for people, --json for scripts: choose one");
    if (!/^\d+$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > 3600) {
      throw new Error(`--watch takes whole seconds from 1 to 3600, not ${seconds}`);
    }
    return {
      stack: values.stack,
      json: values.json,
      drift: !values["no-drift"],
      watch: values.watch ? Number(seconds) : undefined,
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
