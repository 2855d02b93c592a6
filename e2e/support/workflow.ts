import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "../../local/cli/stack.ts";

export interface Step {
  id?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string | number | boolean>;
  env?: Record<string, string>;
  "continue-on-error"?: boolean;
}

export interface Job {
  if?: string;
  permissions?: Record<string, string>;
  environment?: string;
  "timeout-minutes"?: number;
  env?: Record<string, string>;
  steps: Step[];
}

export interface Workflow {
  name: string;
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress": boolean | string };
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = join(repositoryRoot, ".github/workflows");

/** @param name of the file, without `.yml` */
export function workflow(name: string): Workflow {
  return parse(readFileSync(join(FOLDER, `${name}.yml`), "utf8")) as Workflow;
}

/** What GitHub would have given to a run. */
export interface Surroundings {
  /** As expressions name it: `{ github, vars, secrets, … }`. */
  contexts: Record<string, unknown>;
  /** What is in every step's environment. */
  env: NodeJS.ProcessEnv;
  /** What runs have kept, by name: folders. */
  artifacts: Map<string, string>;
  /** Called in the place of `actions/checkout`, with its `with`. */
  onCheckout?(given: Step["with"]): void;
  /** Steps that are left out. */
  skip?(step: Step): boolean;
  /** Steps that fail, whatever they do. */
  fails?(step: Step): boolean;
}

export interface JobResult {
  /** False: a step failed. */
  ok: boolean;
  /** Of every step, as it came. */
  log: string;
  summary: string;
  /** Outputs of the steps, by id. */
  steps: Record<string, { outputs: Record<string, string> }>;
}

/**
 * Runs a job's steps in order, as a runner does: what they run in Bash with their environment, files for outputs, variables
 * and the summary; of actions what they do with artifacts, the rest is this machine's already. After a step that has failed, those
 * that always run.
 *
 * @throws {Error} for an action that is not known here
 */
export async function runJob({ env: ofWorkflow = {} }: Workflow, job: Job, around: Surroundings): Promise<JobResult> {
  const temp = mkdtempSync(join(tmpdir(), "workflow-"));
  const result: JobResult = { ok: true, log: "", summary: "", steps: {} };
  const contexts = { ...around.contexts, runner: { temp, os: "Linux" }, steps: result.steps };
  const fill = (text: unknown) => filled(String(text), contexts);
  const valuesOf = (env: Record<string, unknown> = {}) =>
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]));
  const kept = (name: string) => join(temp, name);
  for (const name of ["env", "path", "summary"]) writeFileSync(kept(name), "");
  try {
    for (const [at, step] of job.steps.entries()) {
      if (around.skip?.(step) || (step.if !== undefined && !evaluated(step.if, contexts))) continue;
      if (!result.ok && step.if !== "always()") continue;
      if (around.fails?.(step)) {
        result.ok = false;
        continue;
      }
      if (step.uses) {
        try {
          use(step, valuesOf(step.with), around);
        } catch (error) {
          if (!step["continue-on-error"]) throw error;
        }
        continue;
      }
      const output = kept(`output-${at}`);
      const script = kept(`script-${at}`);
      writeFileSync(output, "");
      writeFileSync(script, step.run!.replace(/\$\{\{.*?\}\}/g, fill));
      const { code, text } = await bash(script, {
        ...around.env,
        ...valuesOf(ofWorkflow),
        ...valuesOf(job.env),
        ...pairs(kept("env")),
        ...valuesOf(step.env),
        PATH: [...readFileSync(kept("path"), "utf8").split("\n").filter(Boolean), around.env.PATH].join(delimiter),
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: output,
        GITHUB_ENV: kept("env"),
        GITHUB_PATH: kept("path"),
        GITHUB_STEP_SUMMARY: kept("summary"),
      });
      result.log += `$ ${step.run}\n${text}`;
      if (step.id) result.steps[step.id] = { outputs: pairs(output) };
      if (code !== 0) result.ok = false;
    }
    result.summary = readFileSync(kept("summary"), "utf8");
    return result;
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

function use({ uses = "" }: Step, given: Record<string, string>, { artifacts, onCheckout }: Surroundings): void {
  switch (uses.split("@")[0]) {
    case "actions/checkout":
      onCheckout?.(given);
      return;
    case "actions/setup-node":
    case "actions/cache":
    case "pulumi/auth-actions":
      return;
    case "actions/upload-artifact": {
      const folder = mkdtempSync(join(tmpdir(), "artifact-"));
      cpSync(given.path!, folder, { recursive: true });
      artifacts.set(given.name!, folder);
      return;
    }
    case "actions/download-artifact": {
      const folder = artifacts.get(given.name!);
      if (folder === undefined)
        throw new Error(`There is no artifact ${given.name}; there are: ${[...artifacts.keys()]}`);
      mkdirSync(given.path!, { recursive: true });
      cpSync(folder, given.path!, { recursive: true });
      return;
    }
    default:
      throw new Error(`What ${uses} does is not known here.`);
  }
}

/** As the runner does for a step that names no shell: it stops at the first command that fails. */
function bash(script: string, env: NodeJS.ProcessEnv): Promise<{ code: number; text: string }> {
  const child = spawn("bash", ["-e", script], { cwd: repositoryRoot, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, text }));
  });
}

function pairs(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** A text with its `${{ … }}` filled in. */
function filled(text: string, contexts: Record<string, unknown>): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => String(evaluated(expression, contexts) ?? ""));
}

/**
 * The value of an expression: paths, texts and operators, which JavaScript has too; the workflows use no more.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
 */
export function evaluated(expression: string, contexts: Record<string, unknown>): unknown {
  const source = expression
    .replace(/^\s*\$\{\{|\}\}\s*$/g, "")
    .replace(/'[^']*'|[A-Za-z_][\w-]*(?:\.[\w-]+)+/g, (part) =>
      part.startsWith("'") ? JSON.stringify(part.slice(1, -1)) : `of(${JSON.stringify(part)})`,
    );
  const of = (path: string) =>
    path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], contexts) ?? "";
  return new Function("of", "always", `return (${source});`)(of, () => true);
}
