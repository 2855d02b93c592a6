import { parseArgs } from "node:util";
import { catalogue, isServiceName, type Placement, serviceNames } from "@hybrid-mcp/catalogue";
import { type Move, moveServices } from "./move-services.ts";
import { runCommand, UserError } from "./user-error.ts";

const USAGE = "Usage: npm run flip -- <service> <workers|droplet> [<service> <workers|droplet> …] [--stack local]";

await runCommand(async () => {
  const { stack, moves } = parse();
  await moveServices(stack, async () => moves);
});

function parse(): { stack: string; moves: Move[] } {
  let parsed: { values: { stack: string }; positionals: string[] };
  try {
    parsed = parseArgs({ allowPositionals: true, options: { stack: { type: "string", default: "local" } } });
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
  const { positionals: words, values } = parsed;
  if (words.length === 0 || words.length % 2 !== 0) throw new UserError(USAGE);
  const moves = words.flatMap((word, i) => (i % 2 === 0 ? [move(word, words[i + 1]!)] : []));
  const twice = moves.find(({ service }, i) => moves.slice(0, i).some((other) => other.service === service));
  if (twice) throw new UserError(`${twice.service} is named twice.\n${USAGE}`);
  return { stack: values.stack, moves };
}

function move(service: string, placement: string): Move {
  if (!isServiceName(service)) {
    throw new UserError(`There is no service "${service}"; the services are: ${serviceNames.join(", ")}.\n${USAGE}`);
  }
  const allowed: readonly string[] = catalogue[service].placements;
  if (!allowed.includes(placement)) {
    throw new UserError(`${service} cannot be placed on "${placement}"; allowed: ${allowed.join(", ")}.\n${USAGE}`);
  }
  return { service, placement: placement as Placement };
}
