import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { resourceName } from "../local/cli/engine-events.ts";
import { repositoryRoot } from "../local/cli/stack.ts";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";
import { runTool, ToolError } from "../local/engine/run-tool.ts";
import { githubOf } from "./github.ts";
import { differences, type Plan, reviewOf } from "./reviewed-plan.ts";

const USAGE = `Usage: npm run ci:plan -- begin|check --stack <name> --plan <file>
       npm run ci:plan -- find
       npm run ci:plan -- compare --plan <file> --reviewed <file> --review <URL>`;

/** Names of resources that are told; the preview has all that changes. */
const MOST_NAMES = 10;

/**
 * `npm run ci:plan -- …`: about a plan of the engine.
 *
 * - `begin`, before the preview that makes the plan, writes beside it of which state of the stack it is going to be.
 * - `check`, after that preview and before the update, fails when the stack is in another state.
 * - `find` looks for the preview of the pull request that was merged as this commit.
 * - `compare` tells in the run's summary whether the plan does what that preview's plan did.
 */
await runCommand(async () => {
  const { what, stack, plan, reviewed, review } = parse();
  const beside = () => join(dirname(needed(plan, "--plan")), "plan-of.json");
  switch (what) {
    case "begin": {
      const name = needed(stack, "--stack");
      writeFileSync(beside(), `${JSON.stringify({ stack: name, state: await stateOf(name) }, null, 2)}\n`);
      return;
    }
    case "check": {
      const of = JSON.parse(readFileSync(beside(), "utf8")) as { stack: string; state: string };
      const name = needed(stack, "--stack");
      if (of.stack !== name) throw new UserError(`The plan is of the stack "${of.stack}", not of "${name}".`);
      if (of.state !== (await stateOf(name))) {
        throw new UserError(
          `The stack "${name}" was changed since its preview began, so the plan cannot be used: run all jobs of the workflow again.`,
        );
      }
      say("The plan is of the stack as it is.");
      return;
    }
    case "find": {
      const { GITHUB_SHA: commit, GITHUB_REF_NAME: branch } = process.env;
      const github = githubOf(process.env);
      if (!commit || !branch) {
        throw new UserError("GITHUB_SHA or GITHUB_REF_NAME is not set: this runs as a step of a GitHub workflow.");
      }
      const found = await reviewOf(github, { commit, branch });
      say(
        found
          ? `Merged by pull request ${found.pull}, which was previewed: ${found.url}`
          : `No pull request that was merged as ${commit} has a preview of its last commit.`,
      );
      tell("run", found ? String(found.run) : "");
      tell("url", found?.url ?? "");
      return;
    }
    case "compare": {
      const now = JSON.parse(readFileSync(needed(plan, "--plan"), "utf8")) as Plan;
      const told = comparison(now, needed(reviewed, "--reviewed"), needed(review, "--review"));
      say(told);
      if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, `${told}\n\n`);
    }
  }
});

/** Nothing of the reviewed plan's own words is repeated: they may be anybody's. */
function comparison(now: Plan, reviewed: string, review: string): string {
  if (!review) return "**This was not reviewed**: no pull request that was merged as this commit has been previewed.";
  let different: string[];
  try {
    different = differences(JSON.parse(readFileSync(reviewed, "utf8")) as Plan, now);
  } catch {
    return `**Whether this was reviewed cannot be told**: the plan of ${review} is not kept any more, or cannot be read.`;
  }
  if (different.length === 0) return `**As it was reviewed**: this does what the preview in ${review} said.`;
  const names = different.filter((urn) => now.resourcePlans?.[urn]).map((urn) => `\`${resourceName(urn)}\``);
  const shown = names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES), "…"] : names;
  const which = shown.length > 0 ? ` (${shown.join(", ")})` : "";
  return `**This is not what was reviewed** in ${review}: what becomes of ${different.length} of its resources is different now${which}.`;
}

/** Tells one state of a stack from another: every update writes a manifest of its own. */
async function stateOf(stack: string): Promise<string> {
  const cli = join(repositoryRoot, "local/cli/pulumi.ts");
  try {
    const exported = await runTool(process.execPath, [cli, "stack", "export", "--stack", stack], {
      cwd: repositoryRoot,
    });
    const { deployment } = JSON.parse(exported) as { deployment: { manifest?: object } | null };
    return createHash("sha256")
      .update(JSON.stringify(deployment?.manifest ?? null))
      .digest("hex");
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new UserError(
      `The state of the stack "${stack}" cannot be read: ${error.message.split(": ").slice(1).join(": ")}`,
    );
  }
}

/** An output of the step, for the next ones. */
function tell(name: string, value: string): void {
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, `${name}=${value}\n`);
  else if (value) say(`${name}: ${value}`);
}

function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new UserError(`${name} is missing.\n${USAGE}`);
  return value;
}

function parse() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        stack: { type: "string" },
        plan: { type: "string" },
        reviewed: { type: "string" },
        review: { type: "string" },
      },
    });
    const [what = ""] = positionals;
    if (positionals.length !== 1 || !["begin", "check", "find", "compare"].includes(what))
      throw new Error("Say what to do.");
    return { what, ...values };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
