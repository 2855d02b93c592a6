import type { Engine } from "../engine/ensureEngine.ts";
import { lookup } from "../providers/lookup.ts";
import { pulumi, pulumiOutput, stackEnvironment } from "./run-pulumi.ts";
import type { LocalStack } from "./stack.ts";
import { say, UserError } from "./user-error.ts";

interface Deployment {
  deployment: {
    pending_operations?: { type: string; resource: { urn: string; type: string; inputs?: Record<string, unknown> } }[];
  };
}

/**
 * Puts the state in order after an update that was killed: its lock is lifted, and what it was creating is looked up by
 * name in the clouds, taken into the state if it is there, and dropped from it if not. Only one command works on a local
 * stack at a time, so a lock that is found here belongs to nobody.
 *
 * @throws {UserError} when the engine refuses
 */
export async function recover(stack: LocalStack, engine: Engine): Promise<void> {
  await pulumiOutput(stack, engine, ["cancel", "--yes", "--stack", "local"]);
  const exported = JSON.parse(await pulumiOutput(stack, engine, ["stack", "export", "--stack", "local"])) as Deployment;
  const pending = exported.deployment.pending_operations ?? [];
  if (pending.length === 0) return;

  say(`The last update was cut off; ${pending.length} operation(s) were under way:`);
  Object.assign(process.env, stackEnvironment(stack, engine));
  const found: string[] = [];
  for (const { type, resource } of pending) {
    const name = resource.urn.split("::").at(-1);
    const id = type === "creating" ? await lookup(resource.type, resource.inputs ?? {}) : undefined;
    // The flag takes URNs and ids in turn.
    if (id) found.push("--import-pending-creates", resource.urn, "--import-pending-creates", id);
    const outcome = type !== "creating" ? "is done again" : id ? "was made, and is kept" : "was not made";
    say(`  ${type} ${name}: ${outcome}`);
  }
  const code = await pulumi(stack, engine, [
    "refresh",
    "--yes",
    "--skip-preview",
    "--stack",
    "local",
    "--clear-pending-creates",
    ...found,
  ]);
  if (code !== 0) throw new UserError("The state could not be put in order; what the engine said is above.");
}
