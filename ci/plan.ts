import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../local/cli/stack.ts";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";
import { runTool, ToolError } from "../local/engine/run-tool.ts";
import { githubOf } from "./github.ts";
import { artifactName, differences, type PlanOf, reviewedPlan } from "./reviewed-plan.ts";

const USAGE = "Usage: npm run ci:plan -- <save|find|check> --stack <name> [--plan <file>]";

/**
 * `npm run ci:plan -- …`: keeps a plan of the engine together with what it was made for, so that it is applied to nothing else.
 *
 * - `save` writes beside a plan of which files and which state of the stack it is, and says under which name it is kept.
 * - `find` looks for the plan that was reviewed with the files of this checkout.
 * - `check` fails when the plan was made for other files or another state.
 */
await runCommand(async () => {
  const { what, stack, plan } = parse();
  const beside = () => join(dirname(needed(plan, "--plan")), "plan-of.json");
  if (what === "save") {
    const of: PlanOf = { stack, tree: await treeOfCheckout(), state: await stateOf(stack) };
    readFileSync(needed(plan, "--plan"));
    writeFileSync(beside(), `${JSON.stringify(of, null, 2)}\n`);
    tell("name", artifactName(of));
    return;
  }
  const tree = await treeOfCheckout();
  if (what === "find") {
    const found = await reviewedPlan(githubOf(process.env), { stack, tree });
    say(
      found
        ? `These files were reviewed with a plan, in ${found.url}.`
        : "There is no plan of a review of these very files: they came another way, or the branch has moved on since. A new one is made.",
    );
    tell("name", found?.name ?? "");
    tell("run", found ? String(found.run) : "");
    return;
  }
  const of = JSON.parse(readFileSync(beside(), "utf8")) as PlanOf;
  const problems = differences(of, { stack, tree, state: await stateOf(stack) });
  if (problems.length > 0) throw new UserError(`The plan cannot be used: ${problems.join(" ")}`);
  say("The plan is of these files and of the stack as it is.");
});

/** Id of all files of the commit that is checked out: a merge of any kind that gives the same files gives the same. */
async function treeOfCheckout(): Promise<string> {
  return (await runTool("git", ["rev-parse", "HEAD^{tree}"], { cwd: repositoryRoot })).trim();
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

function parse(): { what: string; stack: string; plan: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { stack: { type: "string" }, plan: { type: "string" } },
    });
    const [what = ""] = positionals;
    if (positionals.length !== 1 || !["save", "find", "check"].includes(what)) throw new Error("Say what to do.");
    return { what, stack: needed(values.stack, "--stack"), plan: values.plan };
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}
