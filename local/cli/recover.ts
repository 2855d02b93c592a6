import type { Engine } from "../engine/ensureEngine.ts";
import { lookup } from "../providers/lookup.ts";
import { pulumi, pulumiOutput, stackEnvironment } from "./run-pulumi.ts";
import type { LocalStack } from "./stack.ts";
import { say, UserError } from "./user-error.ts";

interface Resource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  /** Set on the old one of a replacement, which is still to be deleted. */
  delete?: boolean;
}

/** What `pulumi stack export` prints, as far as it is touched here. */
export interface ExportedState {
  deployment: { resources?: Resource[]; pending_operations?: { type: string; resource: Resource }[] };
}

/**
 * Puts the state in order after an update that was killed: its lock is lifted, and what it was creating is looked up by
 * name in the clouds, taken into the state if it is there, and dropped from it if not. Only one command works on a local
 * stack at a time, so a lock that is found here belongs to nobody.
 *
 * The engine has `refresh --import-pending-creates` for this, but version 3.250 only renames the pending operation and
 * never imports it; so the state is edited, and a refresh then reads what was taken in.
 *
 * @throws {UserError} when the engine refuses
 */
export async function recover(stack: LocalStack, engine: Engine): Promise<void> {
  await pulumiOutput(stack, engine, ["cancel", "--yes", "--stack", "local"]);
  const state = JSON.parse(await pulumiOutput(stack, engine, ["stack", "export", "--stack", "local"])) as ExportedState;
  const pending = state.deployment.pending_operations ?? [];
  if (pending.length === 0) return;

  say(`The last update was cut off; ${pending.length} operation(s) were under way:`);
  // The look-ups ask the same clouds as the engine's plugins.
  Object.assign(process.env, stackEnvironment(stack, engine));
  const found = new Map<string, string>();
  for (const { type, resource } of pending) {
    const id = type === "creating" ? await lookup(resource.type, resource.inputs ?? {}) : undefined;
    if (id) found.set(resource.urn, id);
    const outcome = type !== "creating" ? "is looked at again" : id ? "was made, and is kept" : "was not made";
    say(`  ${type} ${resource.urn.split("::").at(-1)}: ${outcome}`);
  }
  settlePending(state, found);
  await pulumiOutput(stack, engine, ["stack", "import", "--stack", "local"], JSON.stringify(state));
  const refresh = ["refresh", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "local"];
  if ((await pulumi(stack, engine, refresh)) !== 0) {
    throw new UserError("The state could not be put in order; what the engine said is above.");
  }
}

/**
 * Takes pending creates that were carried out into the state, and drops every other pending operation.
 *
 * @param state is changed
 * @param found URN → id of the resources that exist
 */
export function settlePending(state: ExportedState, found: ReadonlyMap<string, string>): void {
  const { deployment } = state;
  deployment.resources ??= [];
  for (const { type, resource } of deployment.pending_operations ?? []) {
    const id = found.get(resource.urn);
    if (type !== "creating" || id === undefined) continue;
    for (const other of deployment.resources) {
      if (other.urn === resource.urn) other.delete = true;
    }
    deployment.resources.push({ ...resource, id, outputs: resource.inputs ?? {} });
  }
  delete deployment.pending_operations;
}
