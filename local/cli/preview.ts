import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type PreviewOptions, previewLocal, previewReal } from "../preview/preview-stack.ts";
import { renderMarkdown } from "../preview/render-markdown.ts";
import { renderText } from "../preview/render-text.ts";
import { failedReport, type Report } from "../preview/report.ts";
import { valuesOf } from "../preview/set-values.ts";
import { exclusively } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { runCommand, UserError } from "./user-error.ts";

const USAGE =
  "Usage: npm run preview -- [--stack local] [--set <path>=<value>]… [--allow-data-loss <resource>]… [--calls-per-month N] [--json] [--markdown <file>] [--commit <sha>] [--save-plan <file>]";

/**
 * `npm run preview`: what an update would do, for people: what moves, whether calls can fail, whether data is at risk, how long
 * it takes and what it costs. Nothing is changed.
 */
await runCommand(async () => {
  const { stack, json, markdown, commit, ...options } = parse();
  const write = (report: Report) => {
    if (markdown !== undefined) writeFileSync(markdown, renderMarkdown(report, commit));
  };
  let report: Report;
  try {
    report = await (stack === "local" ? ofLocal(options) : previewReal(stack, options));
  } catch (error) {
    // A pull request is told of it as well, whatever it is: or what an earlier one said would stay there.
    write(failedReport(stack, [error instanceof Error ? error.message : String(error)]));
    throw error;
  }
  write(report);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderText(report));
  if (report.ok) return;
  process.exitCode = 1;
  // What must not be applied is not kept.
  if (options.savePlan !== undefined) rmSync(options.savePlan, { force: true });
});

/** With the stack's lock, if there is a stack. */
async function ofLocal(options: PreviewOptions): Promise<Report> {
  const stack = new LocalStack();
  return stack.exists() ? exclusively(stack, () => previewLocal(options)) : previewLocal(options);
}

interface Options extends PreviewOptions {
  stack: string;
  json: boolean;
  markdown: string | undefined;
  /** That the comment is of. */
  commit: string | undefined;
}

function parse(): Options {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", default: "local" },
        set: { type: "string", multiple: true, default: [] },
        "allow-data-loss": { type: "string", multiple: true, default: [] },
        "calls-per-month": { type: "string" },
        json: { type: "boolean", default: false },
        markdown: { type: "string" },
        commit: { type: "string" },
        "save-plan": { type: "string" },
      },
    });
    const calls = values["calls-per-month"];
    const callsPerMonth = calls === undefined ? undefined : Number(calls);
    if (callsPerMonth !== undefined && !(Number.isInteger(callsPerMonth) && callsPerMonth >= 0)) {
      throw new Error(`--calls-per-month must be a whole number, not ${calls}`);
    }
    const { commit } = values;
    if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit)) {
      throw new Error(`--commit takes a commit's SHA, not ${commit}`);
    }
    const plan = values["save-plan"];
    return {
      stack: values.stack,
      set: valuesOf(values.set),
      allowDataLoss: values["allow-data-loss"],
      callsPerMonth,
      json: values.json,
      markdown: values.markdown,
      commit,
      // The engine works in another folder.
      savePlan: plan === undefined ? undefined : resolve(plan),
      // What is printed is the report alone.
      log: (line) => process.stderr.write(`${line}\n`),
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
