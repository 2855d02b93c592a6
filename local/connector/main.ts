import { parseArgs } from "node:util";
import { ConnectorRefusedError, createConnector } from "./connector.ts";
import { isReady, serveMetrics } from "./metrics.ts";
import { readToken } from "./protocol.ts";

/**
 * The local stand-in for cloudflared, with the part of its command line and environment that the platform uses
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/cloudflared-parameters/):
 *
 *     tunnel [--no-autoupdate] [--metrics host:port] run [--token TOKEN]
 *     tunnel [--metrics host:port] ready
 *
 * Environment: TUNNEL_TOKEN, TUNNEL_METRICS, TUNNEL_EDGE (`host:port` of the edge), CONNECTOR_HOSTS_FILE, LISTEN (address of the metrics, before all else).
 */

const VERSION = "local";
const GRACE_MS = 30_000;
const DEFAULT_METRICS = "127.0.0.1:20241";
const USAGE =
  "Usage: tunnel [--no-autoupdate] [--metrics host:port] run [--token TOKEN] | tunnel [--metrics host:port] ready";

main().then((code) => process.exit(code));

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    return fail(`${(error as Error).message}\n${USAGE}`);
  }
  const { positionals, values } = parsed;
  // As a plain process it shares the machine's ports with other connectors and is given one that is free.
  const metrics = process.env.LISTEN ?? values.metrics ?? process.env.TUNNEL_METRICS ?? DEFAULT_METRICS;
  const command = positionals.join(" ");
  if (command === "tunnel ready") {
    return (await isReady(metrics)) ? 0 : fail(`The connector at ${metrics} is not connected.`);
  }
  if (command !== "tunnel run") return fail(USAGE);
  return await run(values.token ?? process.env.TUNNEL_TOKEN ?? "", metrics);
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: { "no-autoupdate": { type: "boolean" }, metrics: { type: "string" }, token: { type: "string" } },
  });
}

async function run(token: string, metrics: string): Promise<number> {
  const edge = process.env.TUNNEL_EDGE;
  if (readToken(token) === undefined) return fail("Provided Tunnel token is not valid: set TUNNEL_TOKEN.");
  if (edge === undefined) return fail("TUNNEL_EDGE is not set: it names the edge to connect to, as host:port.");
  const log = (line: string) => console.error(`${new Date().toISOString()} ${line}`);
  const connector = createConnector({
    token,
    edge,
    hostsFile: process.env.CONNECTOR_HOSTS_FILE,
    version: VERSION,
    log,
  });
  const server = await serveMetrics(metrics, connector).catch((error: Error) => error);
  if (server instanceof Error) return fail(`The metrics address ${metrics} can't be used: ${server.message}`);
  let stopped: Promise<void> | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log(`Initiating graceful shutdown due to signal ${signal}`);
      stopped ??= connector.stop(GRACE_MS);
    });
  }
  log(`Starting tunnel connector ${connector.id}, metrics at ${metrics}`);
  try {
    await connector.run();
    await stopped;
    return 0;
  } catch (error) {
    if (error instanceof ConnectorRefusedError) return fail(error.message);
    throw error;
  } finally {
    server.close();
  }
}

function fail(message: string): number {
  console.error(message);
  return 1;
}
