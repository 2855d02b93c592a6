import type { Engine } from "../engine/ensure-engine.ts";
import { adoptPendingCreates, type ExportedStack } from "../providers/pending-creates.ts";
import { resourceName } from "./engine-events.ts";
import { isRefreshDue, markRefreshDue, refreshDone } from "./refresh-due.ts";
import { pulumi, pulumiOutput, stackEnvironment } from "./run-pulumi.ts";
import type { LocalStack } from "./stack.ts";
import { plainConfig } from "./stack-config.ts";
import { say, UserError } from "./user-error.ts";

/**
 * Puts the state in order after an update that was killed: its lock is lifted, and what it was creating is looked up by
 * name in the clouds, taken into the state if it is there, and dropped from it if not. Then the state is refreshed, also where
 * a refresh of before is still due, or the stack's containers are to be on another engine than the state says. Only one
 * command works on a local stack at a time, so a lock that is found here belongs to nobody.
 *
 * @throws {UserError} when the engine refuses; the next one goes on from there
 */
export async function recover(stack: LocalStack, engine: Engine): Promise<void> {
  await pulumiOutput(stack, engine, ["cancel", "--yes", "--stack", "local"]);
  const exported = JSON.parse(
    await pulumiOutput(stack, engine, ["stack", "export", "--stack", "local"]),
  ) as ExportedStack;
  const moves = movesEngine(stack, exported);
  if (moves) markRefreshDue(stack);
  if (exported.deployment.pending_operations?.length) await adoptPending(stack, engine, exported);
  if (!isRefreshDue(stack)) return;

  // What ran on the engine that is left is not on this one. The program says where to look; the state still names the other.
  const program = moves ? ["--run-program"] : [];
  const refresh = ["refresh", "--yes", "--skip-preview", ...program, "--suppress-outputs", "--stack", "local"];
  if ((await pulumi(stack, engine, refresh)) !== 0) {
    throw new UserError("The state could not be put in order; what the engine said is above.");
  }
  refreshDone(stack);
}

async function adoptPending(stack: LocalStack, engine: Engine, exported: ExportedStack): Promise<void> {
  const pending = exported.deployment.pending_operations!.length;
  say(`The last update was cut off while ${pending} operation(s) were under way; looking at what became of them.`);
  // The look-ups ask the same clouds as the engine's plugins.
  Object.assign(process.env, stackEnvironment(stack, engine));
  const { stack: mended, adopted, cleared } = await adoptPendingCreates(exported);
  for (const urn of adopted) say(`  ${resourceName(urn)} was made, and is kept`);
  for (const urn of cleared) say(`  ${resourceName(urn)} is not there yet`);
  // Before the import: what is adopted has no outputs until then, and nothing else in the state would tell.
  markRefreshDue(stack);
  await pulumiOutput(stack, engine, ["stack", "import", "--stack", "local"], JSON.stringify(mended));
}

/** Whether the state names another Docker Engine of this machine than the stack's config does, as written last. */
function movesEngine(stack: LocalStack, { deployment }: ExportedStack): boolean {
  const { dockerHost } = plainConfig(stack).droplet as { dockerHost: string };
  const hosts = (deployment.resources ?? [])
    .filter(({ type }) => type === "pulumi:providers:docker")
    .map(({ inputs }) => String(inputs?.host));
  return hosts.some((host) => host.startsWith("unix://") && host !== dockerHost);
}
