import { type Drift, driftIn, errorsIn } from "./drift-events.ts";
import type { StackView } from "./stack-view.ts";
import { UserError } from "./user-error.ts";

/**
 * Looks for what was changed outside of Pulumi. Nothing is changed by it, the state neither.
 *
 * @throws {UserError} when it cannot be told, with the engine's reason
 */
export async function findDrift(view: StackView, signal?: AbortSignal): Promise<Drift[]> {
  const { code, stdout, stderr } = await view.compare(signal);
  if (code !== 0) {
    const why = errorsIn(stdout) || stderr.trim().replace(/^error: /, "") || `it ended with ${code}`;
    throw new UserError(`The stack "${view.name}" could not be compared with what is there: ${why}`);
  }
  return driftIn(stdout);
}
