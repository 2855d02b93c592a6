import { writeFileSync } from "node:fs";
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
  "Usage: npm run preview -- [--stack local] [--set <path>=<value>]… [--allow-data-loss <resource>]… [--calls-per-month N] [--json] [--markdown <file>] [--save-plan <file>]";

/**
 * `npm run preview`: what an update would do, for people: what moves, whether calls can fail, whether data is at risk, how long
 * it takes and what it costs. Nothing is changed.
 */
await runCommand(async () => {
  const { stack, json, markdown, ...options } = parse();
  const report = await (stack === "local" ? ofLocal(options) : previewReal(stack, options)).catch((error: unknown) => {
    // A pull request is told of it as well.
    if (error instanceof UserError && markdown !== undefined) {
      writeFileSync(markdown, renderMarkdown(failedReport(stack, [error.message])));
    }
    throw error;
  });
  if (markdown !== undefined) writeFileSync(markdown, renderMarkdown(report));
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderText(report));
  if (!report.ok) process.exitCode = 1;
});

/** With the stack's lock, if there is a stack. */
function ofLocal(options: PreviewOptions): Promise<Report> {
  const stack = new LocalStack();
  return stack.exists() ? exclusively(stack, () => previewLocal(options)) : previewLocal(options);
}

function parse(): PreviewOptions & { stack: string; json: boolean; markdown: string | undefined } {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", default: "local" },
        set: { type: "string", multiple: true, default: [] },
        "allow-data-loss": { type: "string", multiple: true, default: [] },
        "calls-per-month": { type: "string" },
        json: { type: "boolean", default: false },
        markdown: { type: "string" },
        "save-plan": { type: "string" },
      },
    });
    const calls = values["calls-per-month"];
    const callsPerMonth = calls === undefined ? undefined : Number(calls);
    if (callsPerMonth !== undefined && !(Number.isInteger(callsPerMonth) && callsPerMonth >= 0)) {
      throw new Error(`--calls-per-month must be a whole number, not ${calls}`);
    }
    const plan = values["save-plan"];
    return {
      stack: values.stack,
      set: valuesOf(values.set),
      allowDataLoss: values["allow-data-loss"],
      callsPerMonth,
      json: values.json,
      markdown: values.markdown,
      // The engine works in another folder.
      savePlan: plan === undefined ? undefined : resolve(plan),
      // What is printed is the report alone.
      log: (line) => process.stderr.write(`${line}\n`),
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
