import { Telemetry } from "@hybrid-mcp/service-kit/telemetry";
import { traceOf } from "@hybrid-mcp/service-kit/trace";
import { expect, test, vi } from "vitest";
import type { ServerConfig } from "./config.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { gather, scopeOf, splitName } from "./lists.ts";
import type { ListItem, UpstreamServer } from "./upstream-server.ts";

const config = (name: string, auth: ServerConfig["auth"]): ServerConfig => ({
  name,
  title: name,
  url: `https://${name}.example.com/mcp`,
  transport: "auto",
  auth,
  scopes: [
    { name: `${name}:read`, description: "Read" },
    { name: `${name}:write`, description: "Write" },
  ],
});

/** A server that lists one tool, named after whom it is asked for. */
function named(name: string, auth: ServerConfig["auth"]) {
  const list = vi.fn(async (_: unknown, { headers }: { headers: Record<string, string> }) => {
    const inputSchema = { type: "object" };
    return [{ name: `for-${headers.authorization ?? "everybody"}`, inputSchema }] as ListItem[];
  });
  return { config: config(name, auth), list } as unknown as UpstreamServer & { list: typeof list };
}

const trace = traceOf(new Request("https://mcp.example.com/mcp"));

const requestOf = (person: string, server: UpstreamServer, scopes: string[]): GatewayRequest => ({
  env: {
    GATEWAY_CONFIG: { servers: [], listTimeoutMs: 1_000, listTtlMs: 60_000 },
    CALL_LIMIT: { limit: async () => ({ success: true }) },
  } as never,
  servers: [server],
  admission: {
    call: {} as never,
    viewer: { userId: person, key: `${person} ${scopes}`, allowed: new Set(scopes) },
    entryTo: () => ({ headers: server.config.auth.kind === "none" ? ({} as never) : { authorization: person } }),
    forget: () => {},
  },
  trace,
  telemetry: new Telemetry({}, { service: "mcp-gateway", version: "1", placement: "workers" }, trace),
  span: new Telemetry({}, { service: "mcp-gateway", version: "1", placement: "workers" }, trace).server("request"),
  selection: {},
  waitUntil: () => {},
  signal: new AbortController().signal,
  audit: () => {},
});

test("a list that a server made for one person is not shown to another, nor to the same one who may do something else", async () => {
  const server = named("mine", { kind: "connection", of: "n8n" });
  const tools = async (person: string, scopes: string[]) =>
    (await gather("tools", requestOf(person, server, scopes)))[0]!.items.map(({ name }) => name);
  expect(await tools("ada", ["mine:write"])).toEqual(["for-ada"]);
  expect(await tools("grace", ["mine:write"])).toEqual(["for-grace"]);
  expect(await tools("ada", ["mine:write"])).toEqual(["for-ada"]);
  expect(server.list).toHaveBeenCalledTimes(2);
  await tools("ada", ["mine:read", "mine:write"]);
  expect(server.list).toHaveBeenCalledTimes(3);
});

test("what a server shows everybody is kept once, and filtered for each", async () => {
  const server = named("open", { kind: "none" });
  const all = await gather("tools", requestOf("ada", server, ["open:write"]));
  const few = await gather("tools", requestOf("grace", server, ["open:read"]));
  expect([all[0]!.items.length, few[0]!.items.length]).toEqual([1, 0]);
  expect(server.list).toHaveBeenCalledTimes(1);
});

test("a server in which the policy allows nothing is not asked", async () => {
  const server = named("closed", { kind: "none" });
  expect(await gather("tools", requestOf("ada", server, ["open:read"]))).toEqual([]);
  expect(server.list).not.toHaveBeenCalled();
});

test.each([
  ["names one of its server's", { "hybrid-mcp/scope": "notes:read" }, "notes:read"],
  ["names none", undefined, "notes:write"],
  ["names another server's", { "hybrid-mcp/scope": "coda:read" }, "notes:write"],
  ["names nonsense", { "hybrid-mcp/scope": 7 }, "notes:write"],
])("a tool that %s needs the scope that it should", (_, _meta, scope) => {
  const tool = { name: "tool", ...(_meta && { _meta }) } as ListItem;
  expect(scopeOf(config("notes", { kind: "none" }), tool)).toBe(scope);
});

test("what the config lists under a scope needs that one, whatever the tool names", () => {
  const [read, write] = config("notes", { kind: "none" }).scopes;
  const server = { ...config("notes", { kind: "none" }), scopes: [{ ...read!, tools: ["peek"] }, write!] };
  const tool = (name: string) => ({ name, _meta: { "hybrid-mcp/scope": "notes:write" } }) as ListItem;
  expect([scopeOf(server, tool("peek")), scopeOf(server, tool("poke"))]).toEqual(["notes:read", "notes:write"]);
});

test("a name is its server's up to the first underscore, and the tool's from there", () => {
  const servers = [config("n8n", { kind: "none" }), config("n8n-eu", { kind: "none" })];
  const split = (name: string) => {
    const found = splitName(servers, name);
    return found && [found.server.name, found.tool];
  };
  expect(split("n8n_run_workflow")).toEqual(["n8n", "run_workflow"]);
  expect(split("n8n-eu_run")).toEqual(["n8n-eu", "run"]);
  expect([split("n8n"), split("_run"), split("coda_list"), split("")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
