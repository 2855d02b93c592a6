import type { Engine } from "../engine/ensure-engine.ts";
import { adoptPendingCreates, type ExportedStack } from "../providers/pending-creates.ts";
import { resourceName } from "./engine-events.ts";
import { pulumi, pulumiOutput, stackEnvironment } from "./run-pulumi.ts";
import type { LocalStack } from "./stack.ts";
import { say, UserError } from "./user-error.ts";

/**
 * Puts the state in order after an update that was killed: its lock is lifted, and what it was creating is looked up by
 * name in the clouds, taken into the state if it is there, and dropped from it if not. Only one command works on a local
 * stack at a time, so a lock that is found here belongs to nobody.
 *
 * @throws {UserError} when the engine refuses
 */
export async function recover(stack: LocalStack, engine: Engine): Promise<void> {
  await pulumiOutput(stack, engine, ["cancel", "--yes", "--stack", "local"]);
  const exported = JSON.parse(
    await pulumiOutput(stack, engine, ["stack", "export", "--stack", "local"]),
  ) as ExportedStack;
  const pending = exported.deployment.pending_operations?.length ?? 0;
  if (pending === 0) return;

  say(`The last update was cut off while ${pending} operation(s) were under way; looking at what became of them.`);
  // The look-ups ask the same clouds as the engine's plugins.
  Object.assign(process.env, stackEnvironment(stack, engine));
  const { stack: mended, adopted, cleared } = await adoptPendingCreates(exported);
  for (const urn of adopted) say(`  ${resourceName(urn)} was made, and is kept`);
  for (const urn of cleared) say(`  ${resourceName(urn)} is not there yet`);
  await pulumiOutput(stack, engine, ["stack", "import", "--stack", "local"], JSON.stringify(mended));
  const refresh = ["refresh", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "local"];
  if ((await pulumi(stack, engine, refresh)) !== 0) {
    throw new UserError("The state could not be put in order; what the engine said is above.");
  }
}
