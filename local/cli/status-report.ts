import { hostNames, hostname, isServiceName, type Placement, serviceNames } from "@hybrid-mcp/catalogue";
import { healthOf } from "../../infra/cutover/side.ts";
import { engineClient } from "../../infra/droplet/engine-client.ts";
import { type CallCounts, countCalls } from "./audit-counts.ts";
import { type Drift, oneLine } from "./drift-events.ts";
import { type PendingKey, pendingConfig } from "./pending-config.ts";
import { type Flip, lastFlips, placementsIn, successfulUpdates, type Update } from "./placement-history.ts";
import type { StackView } from "./stack-view.ts";
import type { Deployed } from "./update.ts";

/** The trail is counted for this long, in milliseconds. */
const HOUR_MS = 3_600_000;
/** Longest wait for the droplet's Docker Engine, in milliseconds. */
const ENGINE_MS = 5_000;

/** What one address answered. */
export interface Health {
  /** `ok`, or why it is not. */
  health: string;
  servedBy: string | null;
  version: string | null;
}

/** One service, or what stands at the edge, as `status` shows it. */
export interface ServiceStatus extends Health {
  service: string;
  /** Where the config places it. */
  placement: string;
  url: string;
  /** What the last update left; null where it says nothing. */
  wantedVersion: string | null;
  /** Each side on its own, past the route. */
  sides: Partial<Record<Placement, Health>>;
  /** Undefined: not known yet or not at all, see the report's `unknown`. */
  drift?: Drift[] | undefined;
  pending?: PendingKey[] | undefined;
  /** Null: none in the updates that were looked at. */
  lastFlip?: Flip | null | undefined;
  /** Of the last hour. */
  calls?: CallCounts | undefined;
  /** What is not as wanted, a sentence each. */
  problems: string[];
}

export interface StatusReport {
  stack: string;
  running: boolean;
  containers?: string | undefined;
  services: ServiceStatus[];
  /** What belongs to no single service. */
  platform: { drift?: Drift[] | undefined; pending?: PendingKey[] | undefined; problems: string[] };
  /** Why something is not known. */
  unknown: Partial<Record<"drift" | "calls" | "history" | "config", string>>;
  /** When drift was looked for, ISO 8601, where it is no answer of now. */
  driftAt?: string;
  /** Whether there is no problem; null: none was found, and something that was asked for is not known. */
  asWanted: boolean | null;
}

/** What of that is not known that somebody wanted to know. */
export function missing({ unknown }: Pick<StatusReport, "unknown">): (keyof StatusReport["unknown"])[] {
  const { drift, ...rest } = unknown;
  return Object.keys(drift === NOT_ASKED ? rest : unknown) as (keyof StatusReport["unknown"])[];
}

/** What the engine's CLI knows of a stack; it takes a moment. */
export interface Facts {
  deployed: Deployed;
  /** Newest first; undefined: they cannot be read. */
  updates?: Update[];
  flips: Partial<Record<string, Flip>>;
  unknown: { history?: string };
}

export async function readFacts(view: StackView): Promise<Facts> {
  const history = async () => {
    const updates: Update[] = [];
    for await (const update of successfulUpdates(view.run, 1)) updates.push(update);
    const unknown = updates.length > 0 ? {} : { history: "no update of late has succeeded" };
    return { updates, flips: await lastFlips(updates, serviceNames), unknown };
  };
  const [deployed, read] = await Promise.all([
    view.deployed(),
    history().catch((error: Error) => ({ flips: {}, unknown: { history: error.message } })),
  ]);
  return { deployed, ...read };
}

/** What was answered at one moment. */
export interface Answers {
  config?: Update["config"];
  /** By service. */
  public: Record<string, Health>;
  sides: Record<string, ServiceStatus["sides"]>;
  calls?: Record<string, CallCounts>;
  unknown: { calls?: string; config?: string };
}

/** Asks everything that answers quickly, at once: services, their sides, the audit trail, the config. */
export async function askAll(view: StackView, { deployed, updates }: Facts): Promise<Answers> {
  const answers: Answers = { public: {}, sides: {}, unknown: {} };
  const config = view.config().then(
    (values) => {
      answers.config = values;
    },
    (error: Error) => {
      answers.unknown.config = error.message;
    },
  );
  const last = updates?.[0]?.config;
  const questions: Promise<unknown>[] = [config, count(view, deployed, last, answers)];
  for (const { service, url, path } of addresses(deployed)) {
    const asked = new URL(url).pathname === "/mcp" ? askMcp(url, view.dial) : ask(url, view.dial, path);
    questions.push(
      asked.then((health) => {
        answers.public[service] = service === "n8n" ? ofN8n(health, deployed.n8n!.version) : health;
      }),
    );
  }
  for (const [service, { sides = {} }] of Object.entries(deployed.services)) {
    answers.sides[service] = {};
    for (const [placement, origin] of Object.entries(sides) as [Placement, string][]) {
      questions.push(
        ask(origin, view.dial).then((health) => {
          answers.sides[service]![placement] = health;
        }),
      );
    }
  }
  if (ownsFirecrawlEngine(last)) {
    questions.push(
      askFirecrawlEngine(deployed, String(last?.["hybrid-mcp:name"]?.value ?? "hybrid-mcp")).then((health) => {
        answers.public["firecrawl-engine"] = health;
      }),
    );
  }
  await Promise.all(questions);
  return answers;
}

async function count(view: StackView, deployed: Deployed, last: Update["config"] | undefined, answers: Answers) {
  const { accountId } = (last?.["hybrid-mcp:cloudflare"]?.objectValue ?? {}) as { accountId?: string };
  const counts = await countCalls(
    { ...(await view.cloudflare()), accountId, databaseId: deployed.auditDatabaseId },
    Date.now() - HOUR_MS,
  );
  if (typeof counts === "string") answers.unknown.calls = counts;
  else answers.calls = counts;
}

/** Everything that has a public URL which answers to anybody. */
function addresses({
  authUrl,
  gatewayUrl,
  services,
  n8n,
}: Deployed): { service: string; url: string; path?: string }[] {
  return [
    ...(authUrl ? [{ service: "oauth-broker", url: authUrl }] : []),
    ...(gatewayUrl ? [{ service: "mcp-gateway", url: gatewayUrl }] : []),
    ...Object.entries(services)
      .filter(([service]) => isServiceName(service))
      .map(([service, { url }]) => ({ service, url })),
    // n8n tells its readiness only: https://docs.n8n.io/hosting/logging-monitoring/monitoring/
    ...(n8n ? [{ service: "n8n", url: n8n.url, path: "/healthz/readiness" }] : []),
  ];
}

async function ask(url: string, dial: string | undefined, path = "/health"): Promise<Health> {
  const answer = await healthOf(new URL(url).origin, dial, path);
  if ("unreachable" in answer) return { servedBy: null, health: `unreachable: ${answer.unreachable}`, version: null };
  let body: { status?: string; version?: string } = {};
  try {
    body = JSON.parse(answer.body);
  } catch {
    // An error page of the edge is not JSON; it is shown as it is.
  }
  const said = answer.body.trim().replace(/\s+/g, " ").slice(0, 60);
  const health = answer.status === 200 ? (body.status ?? "unknown") : `HTTP ${answer.status}: ${said}`;
  return { servedBy: answer.servedBy ?? null, health, version: body.version ?? null };
}

/**
 * Asks what is at an MCP endpoint for its health, and then the endpoint itself without a token: routes may lead each of them
 * elsewhere. An MCP server answers with 401: https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization
 */
async function askMcp(url: string, dial: string | undefined): Promise<Health> {
  const { origin, pathname } = new URL(url);
  const health = await ask(url, dial);
  if (health.health !== "ok") return health;
  const answer = await healthOf(origin, dial, pathname, { method: "POST" });
  if ("unreachable" in answer) return { ...health, health: `unreachable at ${pathname}: ${answer.unreachable}` };
  if (answer.status !== 401) {
    return { ...health, health: `HTTP ${answer.status} at ${pathname}: without a token it has to be 401` };
  }
  if (answer.servedBy === (health.servedBy ?? undefined)) return health;
  return {
    ...health,
    health: `mixed: ${answer.servedBy ?? "something else"} answers at ${pathname}, and ${health.servedBy} at /health`,
  };
}

function ofN8n({ health }: Health, version: string): Health {
  const ready = health === "ok";
  return { health, servedBy: ready ? "droplet" : null, version: ready ? version : null };
}

function ownsFirecrawlEngine(config: Update["config"] | undefined): boolean {
  const { firecrawl } = (config?.["hybrid-mcp:services"]?.objectValue ?? {}) as { firecrawl?: { engine?: string } };
  return firecrawl?.engine === "self-hosted";
}

/** Behind Access nobody but the service is let in: how it is, its container knows. */
async function askFirecrawlEngine({ engine }: Deployed, stack: string): Promise<Health> {
  const down = (why: string) => ({ health: why, servedBy: null, version: null });
  if (!engine) return down("unreachable: the stack tells of no Docker Engine");
  try {
    const filters = { label: [`hybrid-mcp=${stack}`, "hybrid-mcp-role=firecrawl-api"] };
    const [container] = await engineClient(engine.host, engine.sshOptions).listContainers({
      all: true,
      filters,
      abortSignal: AbortSignal.timeout(ENGINE_MS),
    });
    if (!container) return down("gone: there is no container");
    // Docker says it in words: `Up 3 minutes (healthy)`, `Exited (1) 5 seconds ago`.
    return /^Up .*\(healthy\)$/.test(container.Status)
      ? { health: "ok", servedBy: "droplet", version: null }
      : down(`container: ${container.Status}`);
  } catch (error) {
    return down(`unreachable: ${(error as Error).message}`);
  }
}

/** Why drift is not known of which nobody wanted to know. */
export const NOT_ASKED = "not asked for";

/** What was found changed outside, or why that is not known; undefined: it is being looked for. */
export type DriftFound = Drift[] | { unknown: string } | undefined;

/** Puts together what was found, and says what is not as wanted. */
export function report(view: StackView, facts: Facts, answers: Answers, found: DriftFound): StatusReport {
  const { deployed, updates, flips } = facts;
  const drift = Array.isArray(found) ? found : undefined;
  const last = updates?.[0];
  const pending = answers.config && last && pendingConfig(answers.config, last);
  const domain = String(last?.config["hybrid-mcp:domain"]?.value ?? "");
  const wanted = answers.config ?? last?.config;
  const placements = wanted ? placementsIn({ config: wanted } as Update) : {};

  const names = addresses(deployed).map(({ service }) => service);
  const rows = answers.public["firecrawl-engine"] ? [...names, "firecrawl-engine"] : names;
  const urls: Record<string, string> = Object.fromEntries(
    addresses(deployed).map(({ service, url }) => [service, url]),
  );
  if (domain) urls["firecrawl-engine"] ??= `https://${hostname("firecrawl-engine", domain)}`;

  const services = rows.map((service): ServiceStatus => {
    const movable = isServiceName(service);
    const status: ServiceStatus = {
      service,
      placement: movable
        ? (placements[service] ?? deployed.services[service]!.placement)
        : service === "n8n" || service === "firecrawl-engine"
          ? "droplet"
          : "workers",
      ...(answers.public[service] ?? { health: "unknown", servedBy: null, version: null }),
      url: urls[service] ?? "",
      wantedVersion: movable
        ? deployed.services[service]!.version
        : service === "n8n"
          ? deployed.n8n!.version
          : (deployed.versions?.[service as "oauth-broker"] ?? null),
      sides: answers.sides[service] ?? {},
      drift: drift?.filter(({ name }) => ownerOf(name, domain) === service),
      pending: pending?.filter(({ key }) => key.startsWith(`services.${service}.`) || key === `services.${service}`),
      ...(updates && { lastFlip: flips[service] ?? null }),
      ...(answers.calls && { calls: answers.calls[service] ?? { calls: 0, failed: 0, denied: 0 } }),
      problems: [],
    };
    return { ...status, problems: problemsOf(status) };
  });

  const platform = {
    drift: drift?.filter(({ name }) => !rows.includes(ownerOf(name, domain) ?? "")),
    pending: pending?.filter(({ key }) => !rows.includes(/^services\.([^.]+)/.exec(key)?.[1] ?? "")),
  };
  const problems = sharedProblems(platform);
  const unknown: StatusReport["unknown"] = {
    ...facts.unknown,
    ...answers.unknown,
    ...(!found && { drift: "it is being looked for" }),
    ...(found && !Array.isArray(found) && { drift: found.unknown }),
  };
  const right =
    view.running && services.length > 0 && [...services, { problems }].every((each) => each.problems.length === 0);
  return {
    stack: view.name,
    running: view.running,
    ...(view.containers && { containers: view.containers }),
    services,
    platform: { ...platform, problems },
    unknown,
    asWanted: right && missing({ unknown }).length > 0 ? null : right,
  };
}

/** To which service a resource belongs, by its name in the program; undefined: to none alone. */
function ownerOf(resource: string, domain: string): string | undefined {
  // The longest first: `firecrawl-engine` is not `firecrawl`.
  const names = [...hostNames].sort((a, b) => b.length - a.length);
  return names.find((name) => {
    if (domain && [hostname(name, domain), `gate-${name}.${domain}`].includes(resource)) return true;
    return !resource.includes(".") && (resource === name || resource.startsWith(`${name}-`));
  });
}

function problemsOf(status: ServiceStatus): string[] {
  const { service, placement, servedBy, health, version, wantedVersion, url, sides } = status;
  const problems: string[] = [];
  if (health !== "ok") problems.push(`does not answer as it should at ${url}: ${health}`);
  if (servedBy !== null && servedBy !== placement) {
    problems.push(`is placed on ${placement}, and ${servedBy} answers at ${url}`);
  }
  if (version !== null && wantedVersion !== null && version !== wantedVersion) {
    problems.push(`answers in version ${version}, and the last update was for ${wantedVersion}`);
  }
  for (const [side, answer] of Object.entries(sides)) {
    // What is wrong with the side in use is told already.
    if (side === servedBy || (servedBy === null && side === placement)) continue;
    if (answer.health !== "ok") problems.push(`could not be moved to ${side} now: that side says ${answer.health}`);
  }
  return [...problems, ...changesOutside(status.drift), ...notApplied(status.pending)].map(
    (line) => `${service} ${line}`,
  );
}

function sharedProblems({ drift, pending }: Pick<ServiceStatus, "drift" | "pending">): string[] {
  return [...changesOutside(drift), ...notApplied(pending)].map((line) => `platform ${line}`);
}

function changesOutside(drift: Drift[] = []): string[] {
  return drift.map((each) => `changed outside of Pulumi: ${oneLine(each)}`);
}

function notApplied(pending: PendingKey[] = []): string[] {
  return pending.map(
    ({ key, now, applied }) =>
      `config not applied yet: ${key} is ${now ?? "not set"}, and was ${applied ?? "not set"} at the last update`,
  );
}
