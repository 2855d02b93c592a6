import { parseArgs } from "node:util";
import { catalogue, isServiceName, type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { checkConfig } from "./check-config.ts";
import { realStack } from "./real-stack.ts";
import { output, withTerminal } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack, placementOf, type Values } from "./stack.ts";
import { update } from "./update.ts";
import { runCommand, say, UserError } from "./user-error.ts";

await runCommand(async () => {
  const { service, placement, stack } = parse();
  await (stack === "local" ? flipLocal(service, placement) : flipStack(stack, service, placement));
});

async function flipLocal(service: ServiceName, placement: Placement): Promise<void> {
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
async function flipStack(stack: string, service: ServiceName, placement: Placement): Promise<void> {
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

function parse(): { service: ServiceName; placement: Placement; stack: string } {
  const usage = "Usage: npm run flip -- <service> <workers|droplet> [--stack local]";
  let parsed: { values: { stack: string }; positionals: string[] };
  try {
    parsed = parseArgs({ allowPositionals: true, options: { stack: { type: "string", default: "local" } } });
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
  const [service, placement, ...rest] = parsed.positionals;
  if (service === undefined || placement === undefined || rest.length > 0) throw new UserError(usage);
  if (!isServiceName(service)) {
    throw new UserError(`There is no service "${service}"; the services are: ${serviceNames.join(", ")}.\n${usage}`);
  }
  const allowed: readonly string[] = catalogue[service].placements;
  if (!allowed.includes(placement)) {
    throw new UserError(`${service} cannot be placed on "${placement}"; allowed: ${allowed.join(", ")}.\n${usage}`);
  }
  return { service, placement: placement as Placement, stack: parsed.values.stack };
}
