import { SCOPE_META } from "@hybrid-mcp/service-kit/mcp-server";
import type { ToolSelection } from "@hybrid-mcp/service-kit/tool-selection";
import { isSpecType } from "@modelcontextprotocol/server";
import { isPersonal, type Viewer } from "./admission.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { ServerConfig } from "./config.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { ServerFailure } from "./legacy-connection.ts";
import { reach } from "./reach.ts";
import { isTaken, prefixed } from "./tool-names.ts";
import type { ListItem, ListKind, UpstreamServer } from "./upstream-server.ts";
import { couldBe } from "./uri-template.ts";

/** What a client does not see of a server, and why, in a sentence. */
export interface Missing {
  server: string;
  reason: string;
}

/** One server's part of a list: what the person may use of it. */
export interface Part {
  server: UpstreamServer;
  items: ListItem[];
  /** Whether the server has given its list. */
  listed: boolean;
  /** What is not in it, and why, in sentences. */
  missing: string[];
}

/** Of all lists that are kept, in characters. */
const MAX_KEPT = 24_000_000;

/** What a server listed. */
interface Listed {
  items: ListItem[];
  /** How many entries are left out, because they are not as MCP has them: clients would refuse the whole list for one. */
  flawed: number;
}

const kept = new BoundedMap<Listed & { until: number }>(MAX_KEPT);

/** How MCP has the entries of each list. */
const isEntry: Record<ListKind, (value: unknown) => boolean> = {
  tools: isSpecType.Tool,
  prompts: isSpecType.Prompt,
  resources: isSpecType.Resource,
  resourceTemplates: isSpecType.ResourceTemplate,
};

/**
 * The server that a tool's name belongs to, and the tool's own name. No server has an underscore in its name.
 * @returns undefined when there is no such server
 */
export function splitName(servers: readonly ServerConfig[], name: string) {
  const end = name.indexOf("_");
  const server = servers.find((each) => each.name === name.slice(0, end));
  return end > 0 && server ? { server, tool: name.slice(end + 1) } : undefined;
}

/**
 * The scope that a tool needs: the one that the config lists it under, else the one that it names, if that is one of its
 * server's, else the server's last.
 */
export function scopeOf({ scopes }: ServerConfig, tool: ListItem): string | undefined {
  const listed = scopes.find(({ tools }) => tools?.includes(tool.name));
  const named = scopes.find(({ name }) => name === tool._meta?.[SCOPE_META]);
  return (listed ?? named ?? scopes.at(-1))?.name;
}

/** The scope without which a person may use nothing of a server, and prompts and resources with it. */
export const firstScope = (server: ServerConfig) => server.scopes[0]?.name ?? "";

/** Whether the policy allows a person anything in a server. */
export const mayUse = (server: ServerConfig, allowed: ReadonlySet<string>) =>
  server.scopes.some(({ name }) => allowed.has(name));

/** Whether a client wants to see a tool; what does not say that it only reads counts for one that writes. */
export function isSelected(server: string, tool: ListItem, { readOnly, exclude = [] }: ToolSelection): boolean {
  const { readOnlyHint } = (tool.annotations ?? {}) as { readOnlyHint?: unknown };
  return !(readOnly && readOnlyHint !== true) && !exclude.includes(prefixed(server, tool.name));
}

/** What a server listed for a viewer, as long as it is good. */
export function keptList(kind: ListKind, server: ServerConfig, viewer: Viewer): ListItem[] | undefined {
  return keptFor(kind, server, viewer)?.items;
}

function keptFor(kind: ListKind, server: ServerConfig, viewer: Viewer): Listed | undefined {
  const list = kept.get(keyOf(kind, server, viewer));
  return list && list.until > Date.now() ? list : undefined;
}

/** Forgets what a server listed: it has turned out to be out of date. */
export function forgetList(kind: ListKind, server: ServerConfig, viewer: Viewer): void {
  kept.delete(keyOf(kind, server, viewer));
}

/**
 * What a server lists, all of it, kept for a while.
 * @throws {ServerFailure} when it does not answer
 */
export async function listOf(kind: ListKind, server: UpstreamServer, request: GatewayRequest): Promise<Listed> {
  const { config } = server;
  const { viewer } = request.admission;
  const known = keptFor(kind, config, viewer);
  if (known) return known;
  const { listTimeoutMs, listTtlMs } = request.env.GATEWAY_CONFIG;
  const given = await reach(server, request, listTimeoutMs, `${kind}/list`, (access) => server.list(kind, access));
  const items = given.filter(isEntry[kind]);
  const entry = { items, flawed: given.length - items.length, until: Date.now() + listTtlMs };
  kept.set(keyOf(kind, config, viewer), entry, JSON.stringify(items).length);
  return entry;
}

/** What one person is shown with their own key must not be shown to another. */
function keyOf(kind: ListKind, server: ServerConfig, { key }: Viewer): string {
  return isPersonal(server) ? `${kind} ${server.name} ${key}` : `${kind} ${server.name}`;
}

/**
 * What the person may use of every server, asked for in parallel, in the config's order. A server that does not answer
 * hides no other one.
 */
export async function gather(kind: ListKind, request: GatewayRequest): Promise<Part[]> {
  const { admission, servers, env } = request;
  const { allowed, userId } = admission.viewer;
  const usable = servers.filter(({ config }) => mayUse(config, allowed));
  const isKept = ({ config }: UpstreamServer) => keptList(kind, config, admission.viewer) !== undefined;
  // One person's lists must not keep the servers busy for everybody.
  const counted = usable.every(isKept) || (await env.CALL_LIMIT.limit({ key: `${userId}:lists` })).success;
  return Promise.all(
    usable.map(async (server) => {
      if (!counted && !isKept(server)) {
        const reason = "Too many lists were asked for. Try again in 60 seconds.";
        return { server, items: [], listed: false, missing: [reason] };
      }
      try {
        return partOf(kind, server, await listOf(kind, server, request), request);
      } catch (error) {
        const reason = error instanceof ServerFailure ? error.message : `${server.config.title} did not answer.`;
        return { server, items: [], listed: false, missing: [reason] };
      }
    }),
  );
}

function partOf(
  kind: ListKind,
  server: UpstreamServer,
  { items: listed, flawed }: Listed,
  { admission, selection }: GatewayRequest,
): Part {
  const { config } = server;
  const { allowed } = admission.viewer;
  const broken = flawed > 0 ? [`${flawed} of what it lists is not as MCP has it, and left out.`] : [];
  if (kind !== "tools") {
    return { server, items: allowed.has(firstScope(config)) ? listed : [], listed: true, missing: broken };
  }
  const may = listed.filter(
    (tool) => allowed.has(scopeOf(config, tool) ?? "") && isSelected(config.name, tool, selection),
  );
  const fits = ({ name }: ListItem) => isTaken(config.name, name);
  const unfit = may.filter((tool) => !fits(tool));
  const unnamed = unfit.length > 0 ? [`Tools with names that clients do not take: ${quoted(unfit)}.`] : [];
  const items = unique(may.filter(fits), new Set(), ({ name }) => name).items;
  return { server, items, listed: true, missing: [...broken, ...unnamed] };
}

/** One list of the parts, as clients see it: the name of a tool has its server's before it, nothing else is changed. */
export function joined(kind: ListKind, parts: Part[]): { items: ListItem[]; missing: Missing[] } {
  const taken = new Set<string>();
  const missing: Missing[] = [];
  const items = parts.flatMap((part) => {
    const { config } = part.server;
    for (const reason of part.missing) missing.push({ server: config.name, reason });
    if (kind === "tools") return part.items.map((tool) => ({ ...tool, name: prefixed(config.name, tool.name) }));
    const { items, doubles } = unique(part.items, taken, idOf(kind));
    if (doubles.length > 0) {
      const reason = `Another server has ${kind === "prompts" ? "prompts" : "resources"} of the same name: ${quoted(doubles)}.`;
      missing.push({ server: config.name, reason });
    }
    return items;
  });
  return { items, missing };
}

/** The first server whose list has this prompt or resource, as the joined list shows it. */
export function ownerOf<Server>(kind: ListKind, id: string, parts: readonly { server: Server; items: ListItem[] }[]) {
  const has = kind === "resourceTemplates" ? matches : (item: ListItem) => idOf(kind)(item) === id;
  return parts.find(({ items }) => items.some((item) => has(item, id)))?.server;
}

function matches({ uriTemplate = "" }: ListItem, uri: string): boolean {
  return uriTemplate === uri || couldBe(uri, uriTemplate);
}

/** By what clients ask for it. */
function idOf(kind: ListKind): (item: ListItem) => string {
  if (kind === "resources") return ({ uri = "" }) => uri;
  if (kind === "resourceTemplates") return ({ uriTemplate = "" }) => uriTemplate;
  return ({ name }) => name;
}

function unique(items: ListItem[], taken: Set<string>, idOf: (item: ListItem) => string) {
  const first: ListItem[] = [];
  const doubles: ListItem[] = [];
  for (const item of items) {
    (taken.has(idOf(item)) ? doubles : first).push(item);
    taken.add(idOf(item));
  }
  return { items: first, doubles };
}

/** Some of the names, short: they are a server's own words. */
function quoted(items: ListItem[]): string {
  const names = items.slice(0, 3).map(({ name }) => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name));
  return names.join(", ") + (items.length > names.length ? ` and ${items.length - names.length} more` : "");
}
