import { parseArgs } from "node:util";
import { catalogue, isServiceName, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { runCommand, say, UserError } from "../cli/user-error.ts";
import { SEEDED_PEOPLE } from "../standins/identity/people.ts";
import { type DevServer, startDevServer } from "./dev-server.ts";
import { REFUSED } from "./dev-workers.ts";
import { upstreamVariables } from "./upstream.ts";

const USAGE = "Usage, in the service's folder: npm run dev [-- --port N], or npm start [-- --port N]";
const DEFAULT_PORT = 8788;

await runCommand(async () => {
  const { service, port, reload } = parse();
  const start = performance.now();
  const server = await startDevServer({ service, folder: process.cwd(), port, reload, log: say });
  // Not process.exit(): Miniflare removes its temporary files after close() has answered.
  const stop = () => server.close();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Miniflare ends the process at once, which would leave the state behind.
    process.removeAllListeners(signal);
    process.once(signal, () => void stop());
  }
  for (const line of howToTry(service, server, reload)) say(line);
  say(`ready in ${Math.round(performance.now() - start)} ms`);
});

function parse(): { service: ServiceName; port: number; reload: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { port: { type: "string" }, "no-reload": { type: "boolean" } },
      allowPositionals: true,
    });
    const [service = ""] = positionals;
    if (positionals.length !== 1 || !isServiceName(service)) {
      throw new Error(`There is no service "${positionals.join(" ")}"; the services are: ${serviceNames.join(", ")}`);
    }
    const port = Number(values.port ?? DEFAULT_PORT);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Error(`--port must be a whole number from 1 to 65535, not ${values.port}`);
    }
    return { service, port, reload: !values["no-reload"] };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}

function howToTry(service: ServiceName, { origin, standIns, upstream }: DevServer, reload: boolean): string[] {
  const { title } = catalogue[service];
  const url = `${origin}/mcp`;
  const names = upstreamVariables(service);
  const people = SEEDED_PEOPLE.filter(({ id }) => id !== REFUSED).map(({ name }) => name);
  const refused = SEEDED_PEOPLE.find(({ id }) => id === REFUSED)!.name;
  const isStandIn = upstream.kind === "stand-in";
  return [
    `${title}: ${url}`,
    "",
    "Try it with the MCP Inspector, in a browser or on the command line:",
    `  npx mcp-inspector --transport http --server-url ${url}`,
    `  npx mcp-inspector --cli ${url} --transport http --method tools/list`,
    "",
    `Sign in as ${people.join(", ")} (there are no passwords), or as ${refused}, who may do nothing.`,
    `Connections, who has access, and the audit trail: ${origin}/`,
    `The ${title} behind it is ${isStandIn ? "a stand-in with sample data" : upstream.apiUrl}.` +
      (isStandIn ? ` For the real one set ${names.url} and ${names.token}.` : ""),
    ...(service === "firecrawl" ? [`A page on this machine that it may read: ${standIns}/firecrawl/site/`] : []),
    reload ? "Edits are live as soon as they are saved. Ctrl-C ends it, and nothing is kept." : "Nothing is kept.",
    "",
  ];
}
