import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { isServiceName } from "@hybrid-mcp/catalogue";
import { healthOf } from "../../infra/cutover/side.ts";
import { ensureEngine } from "../engine/ensure-engine.ts";
import { cloudPid } from "./cloud-process.ts";
import { LocalStack, placementOf } from "./stack.ts";
import { type Deployed, deployed } from "./update.ts";
import { runCommand, say, UserError } from "./user-error.ts";

/** One service, or the broker, as `status` shows it. */
interface ServiceStatus {
  service: string;
  /** Where the config places it. */
  placement: string;
  /** Who answered at its URL; null when nobody did. */
  servedBy: string | null;
  health: string;
  version: string | null;
  url: string;
}

await runCommand(async () => {
  const json = parseJsonFlag();
  const stack = new LocalStack(undefined, { asItIs: true });
  if (!stack.exists()) throw new UserError("There is no local stack yet: npm run up");
  const running = cloudPid(stack) !== undefined;
  const engine = await ensureEngine({ log: (line) => process.stderr.write(`${line}\n`) });
  const dial = stack.tls ? `https://127.0.0.1:${stack.tls.port}` : undefined;
  const services: ServiceStatus[] = [];
  const known: Deployed = existsSync(stack.path("state", ".pulumi"))
    ? await deployed({ stack, engine })
    : { services: {} };
  const platform = { "oauth-broker": known.authUrl, "mcp-gateway": known.gatewayUrl };
  for (const [service, url] of Object.entries(platform)) {
    if (url) services.push({ service, placement: "workers", ...(await ask(url, dial)), url });
  }
  for (const [service, { url }] of Object.entries(known.services)) {
    if (!isServiceName(service)) continue;
    const placement = placementOf(stack, service);
    services.push({ service, placement, ...(await ask(url, dial)), url });
  }
  if (known.n8n) {
    const { url, version } = known.n8n;
    services.push({ service: "n8n", placement: "droplet", ...(await askN8n(url, dial, version)), url });
  }
  if (json) {
    say(JSON.stringify({ stack: "local", running, containers: stack.identity.containers, services }, null, 2));
    return;
  }
  // A script that asks for JSON reads it there.
  if (!running || services.length === 0) process.exitCode = 1;
  if (!running) say("The local cloud does not run: npm run up");
  else if (services.length === 0) say("No service is deployed: npm run up");
  else say(table(services));
});

async function ask(url: string, dial: string | undefined, path = "/health") {
  const answer = await healthOf(new URL(url).origin, dial, path);
  if ("unreachable" in answer) return { servedBy: null, health: `unreachable: ${answer.unreachable}`, version: null };
  let body: { status?: string; version?: string } = {};
  try {
    body = JSON.parse(answer.body);
  } catch {
    // An error page of the edge is not JSON; it is shown as it is.
  }
  const health =
    answer.status === 200 ? (body.status ?? "unknown") : `HTTP ${answer.status}: ${answer.body.trim().slice(0, 60)}`;
  return { servedBy: answer.servedBy ?? null, health, version: body.version ?? null };
}

/** n8n tells its readiness only: https://docs.n8n.io/hosting/logging-monitoring/monitoring/ */
async function askN8n(url: string, dial: string | undefined, version: string) {
  const { servedBy: _, ...answer } = await ask(url, dial, "/healthz/readiness");
  const ready = answer.health === "ok";
  return { ...answer, servedBy: ready ? "droplet" : null, version: ready ? version : null };
}

function table(services: ServiceStatus[]): string {
  const rows = [
    ["SERVICE", "PLACEMENT", "SERVED BY", "HEALTH", "VERSION", "URL"],
    ...services.map((s) => [s.service, s.placement, s.servedBy ?? "-", s.health, s.version ?? "-", s.url]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function parseJsonFlag(): boolean {
  try {
    return parseArgs({ options: { json: { type: "boolean" } } }).values.json ?? false;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\nUsage: npm run status -- [--json]`);
  }
}
