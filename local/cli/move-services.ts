import { catalogue, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import { checkConfig } from "./check-config.ts";
import { realStack } from "./real-stack.ts";
import { output, withTerminal } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack, placementOf, type Values } from "./stack.ts";
import { update } from "./update.ts";
import { say, UserError } from "./user-error.ts";

/** A service and where it is to run. */
export interface Move {
  service: ServiceName;
  placement: Placement;
}

/**
 * Moves services, each with an update of its own and the gates around it. Where one fails its flag is as before.
 *
 * @param stack as Pulumi names it; `local` is the local stack
 * @throws {UserError} when one was not moved
 */
export async function moveServices(stack: string, moves: Move[]): Promise<void> {
  for (const move of moves) await (stack === "local" ? moveLocally(move) : moveOnStack(stack, move));
}

async function moveLocally({ service, placement }: Move): Promise<void> {
  const stack = new LocalStack();
  if (!stack.exists()) throw new UserError("There is no local stack yet: npm run up");
  await exclusively(stack, async () => {
    checkConfig(stack);
    const session = await startSession(stack, { noDocker: stack.identity.containers === "processes" });
    const flag = ["services", service, "placement"];
    const before = ((stack.flags.services as Values | undefined)?.[service] as Values | undefined)?.placement;
    stack.setFlag(flag, placement);
    if ((await update(session)) === 0) {
      say(`\n${catalogue[service].title} runs on ${placement}.`);
      return;
    }
    stack.setFlag(flag, before);
    say(
      `\nThe flip failed. The flag is as it was (${placementOf(stack, service)}); taking back what was started for it.`,
    );
    const settled = (await update(session)) === 0;
    throw new UserError(
      `${catalogue[service].title} was not moved to ${placement}: what failed is above. It is placed on ${placementOf(stack, service)}, as before.` +
        (settled ? "" : " Taking back what was started failed too; `npm run up` tries again."),
    );
  });
}

/** The same on a real stack, with the person's own Pulumi login and environment. */
async function moveOnStack(stack: string, { service, placement }: Move): Promise<void> {
  const { engine, options } = await realStack(stack);
  const { title } = catalogue[service];
  const key = ["--path", `hybrid-mcp:services.${service}.placement`, "--stack", stack];
  const before = await output(engine, ["config", "get", ...key], options).then(
    (text) => text.trim(),
    () => undefined,
  );
  await output(engine, ["config", "set", ...key, placement], options);
  if ((await withTerminal(engine, ["up", "--yes", "--skip-preview", "--stack", stack], options)) === 0) {
    say(`\n${title} runs on ${placement}.`);
    return;
  }
  await output(engine, before ? ["config", "set", ...key, before] : ["config", "rm", ...key], options);
  throw new UserError(
    `${title} was not moved to ${placement}: what failed is above. The flag is as it was; ` +
      `pulumi up --stack ${stack} takes back what was started for the flip.`,
  );
}
