import { parseArgs } from "node:util";
import { catalogue, isServiceName, type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { moveServices } from "./move-services.ts";
import { runCommand, UserError } from "./user-error.ts";

await runCommand(async () => {
  const { stack, ...move } = parse();
  await moveServices(stack, [move]);
});

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
