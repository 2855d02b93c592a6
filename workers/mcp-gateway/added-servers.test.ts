import { acceptedContent, inputRequired, McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { prompts as codaPrompts } from "../coda/prompts.ts";
import { resources as codaResources } from "../coda/resources.ts";
import { read } from "../oauth-broker/audit/trail.ts";
import { type McpClient, post, textOf } from "../oauth-broker/testing/service-client.ts";
import { eventOf } from "../oauth-broker/testing/trail-of.ts";
import type { ServerConfig } from "./config.ts";
import { everyClient, modern, modernPost, postAndLeave } from "./testing/gateway-clients.ts";
import { flawedServer, type OddServer, sessionServer, sseServer } from "./testing/odd-servers.ts";
import { type ModernFixture, serveModern } from "./testing/serve-modern.ts";
import { TestGateway } from "./testing/test-gateway.ts";

/** Servers that the stack config adds: what they show, what passes through, and what the gateway keeps to itself. */

interface McpTool {
  name: string;
}

const LONG = "t".repeat(60);
const CODA_PROMPTS = codaPrompts.map(({ name }) => name);
const CODA_TEMPLATES = codaResources.map(({ uriTemplate }) => uriTemplate);

/** Released by the test: until then, the tool `hold` works. */
let release: () => void = () => {};
let cancelled: Promise<void>;

function fixture(): McpServer {
  const mcp = new McpServer({ name: "fixture", version: "1" });
  const said = (text: string) => ({ content: [{ type: "text" as const, text }] });
  mcp.registerTool(
    "echo",
    { inputSchema: z.object({ text: z.string() }), _meta: { "hybrid-mcp/scope": "notes:read" } },
    ({ text }) => said(text),
  );
  mcp.registerTool("unscoped", {}, () => said("done"));
  mcp.registerTool("stranger", { _meta: { "hybrid-mcp/scope": "coda:read" } }, () => said("done"));
  mcp.registerTool("large", { _meta: { "hybrid-mcp/scope": "notes:read" } }, () => said("x".repeat(20_000_000)));
  mcp.registerTool(LONG, { _meta: { "hybrid-mcp/scope": "notes:read" } }, () => said("never called"));
  mcp.registerTool("hold", { _meta: { "hybrid-mcp/scope": "notes:read" } }, async (context) => {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    cancelled = new Promise((resolve) => context.mcpReq.signal.addEventListener("abort", () => resolve()));
    const { progressToken } = context.mcpReq._meta ?? {};
    if (progressToken !== undefined) {
      await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
    }
    await Promise.race([released, cancelled]);
    return said("released");
  });
  mcp.registerTool("ask", { _meta: { "hybrid-mcp/scope": "notes:read" } }, ({ mcpReq }) => {
    const answer = acceptedContent<{ name: string }>(mcpReq.inputResponses, "name");
    if (answer) return said(`Hello, ${answer.name}`);
    const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
    const name = inputRequired.elicit({ message: "Your name?", requestedSchema });
    return inputRequired({ inputRequests: { name }, requestState: "round one" });
  });
  mcp.registerPrompt("greet", { argsSchema: z.object({ name: z.string() }) }, ({ name }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Hello, ${name}` } }],
  }));
  mcp.registerResource("one", "notes://one", {}, (uri) => ({ contents: [{ uri: uri.href, text: "one" }] }));
  const complete = { id: (begun: string) => ["1", "22"].filter((id) => id.startsWith(begun)) };
  mcp.registerResource(
    "note",
    new ResourceTemplate("notes://by-id/{id}", { list: undefined, complete }),
    {},
    (uri) => ({
      contents: [{ uri: uri.href, text: "a note" }],
    }),
  );
  return mcp;
}

const scopesOf = (name: string) => [
  { name: `${name}:read`, description: "Read" },
  { name: `${name}:write`, description: "Write" },
];
const added = (name: string, url: string, over: Partial<ServerConfig> = {}): ServerConfig => ({
  name,
  title: name[0]!.toUpperCase() + name.slice(1),
  url,
  transport: "auto",
  auth: { kind: "none" },
  scopes: scopesOf(name),
  ...over,
});

let notes: ModernFixture;
let old: OddServer;
let older: OddServer;
let flawed: OddServer;
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  notes = await serveModern(fixture);
  old = await sessionServer();
  older = await sseServer();
  flawed = await flawedServer();
  gateway = await TestGateway.start({
    policy: [
      { people: ["github:ada"], scopes: ["coda:read", "notes:read", "old:write", "older:write", "flawed:write"] },
    ],
    servers: [
      added("notes", notes.url, { auth: { kind: "header", header: "x-api-key" } }),
      added("old", old.url),
      added("older", older.url, { transport: "sse" }),
      added("flawed", flawed.url),
    ],
    secrets: { notes: "the-key" },
    callLimit: 20,
  });
  token = await gateway.tokenFor("ada", ["coda:read", "notes:read", "old:write", "older:write", "flawed:write"]);
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([notes?.close(), old?.close(), older?.close(), flawed?.close()]);
});
afterEach(() => {
  release();
  notes.seen.length = 0;
});

describe.each(everyClient)("a client of %s", (_, connect) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connect(gateway.origin, token);
  });
  afterAll(() => client?.close());

  test.each(["notes", "old", "older"])("calls a tool of %s, whatever version that speaks", async (server) => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain(`${server}_echo`);
    const result = await client.callTool({ name: `${server}_echo`, arguments: { text: "hello" } });
    expect(textOf(result)).toBe("hello");
  });

  test("gets prompts and reads resources by the names that their servers give them", async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual([...CODA_PROMPTS, "greet"]);
    const { messages } = await client.getPrompt({ name: "greet", arguments: { name: "Ada" } });
    expect(messages[0]!.content).toMatchObject({ text: "Hello, Ada" });
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(["notes://one", "odd://one"]);
    expect((await client.readResource({ uri: "notes://one" })).contents[0]).toMatchObject({ text: "one" });
    expect((await client.readResource({ uri: "odd://one" })).contents[0]).toMatchObject({ text: "1" });
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      ...CODA_TEMPLATES,
      "notes://by-id/{id}",
      "odd://item/{id}",
    ]);
    expect((await client.readResource({ uri: "notes://by-id/22" })).contents[0]).toMatchObject({ text: "a note" });
    await expect(client.readResource({ uri: "nowhere://one" })).rejects.toThrow("Resource not found: nowhere://one");
    await expect(client.getPrompt({ name: "nothing" })).rejects.toThrow("Not found: nothing");
  });

  test("completes an argument", async () => {
    const { completion } = await client.complete({
      ref: { type: "ref/resource", uri: "notes://by-id/{id}" },
      argument: { name: "id", value: "2" },
    });
    expect(completion.values).toEqual(["22"]);
  });
});

describe("what the person may use", () => {
  test("a tool that names no scope, or one that is not its server's, needs the server's last", async () => {
    const client = await modern(gateway.origin, token);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain("notes_echo");
    expect(names).not.toContain("notes_unscoped");
    expect(names).not.toContain("notes_stranger");
    await client.close();
    const response = await post(gateway.origin, token, "notes_stranger");
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("notes:write");
  });

  test("a tool whose name is too long with its server's is left out, and the client told", async () => {
    const client = await modern(gateway.origin, token);
    const { tools, _meta } = await client.listTools();
    expect(tools.every(({ name }) => name.length <= 64)).toBe(true);
    expect(_meta?.["hybrid-mcp/missing"]).toContainEqual({
      server: "notes",
      reason: expect.stringContaining(`names that clients do not take: "${LONG}"`),
    });
    await client.close();
  });

  test("a prompt or resource that two servers have is the first one's, and the client is told", async () => {
    const client = await modern(gateway.origin, token);
    const { _meta } = await client.listPrompts();
    expect(_meta?.["hybrid-mcp/missing"]).toEqual([
      { server: "old", reason: 'Another server has prompts of the same name: "greet".' },
      { server: "older", reason: 'Another server has prompts of the same name: "greet".' },
    ]);
    await client.close();
  });
});

describe("which tools a client wants", () => {
  const listed = async (headers: Record<string, string>) => {
    const response = await modernPost(gateway.origin, token, "tools/list", {}, { headers });
    // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
    return { status: response.status, body: (await response.json()) as any };
  };
  const names = ({ body }: Awaited<ReturnType<typeof listed>>) => body.result.tools.map((tool: McpTool) => tool.name);

  test("with X-MCP-Readonly only those that say that they change nothing, of whichever server", async () => {
    const shown = names(await listed({ "x-mcp-readonly": "true" }));
    expect(shown).toContain("coda_list_docs");
    expect(shown).not.toContain("notes_echo");
    const headers = { "x-mcp-readonly": "true" };
    const refused = await post(gateway.origin, token, "notes_echo", { text: "a" }, headers);
    expect(await refused.text()).toContain("Unknown tool: notes_echo");
  });

  test("with X-MCP-Exclude-Tools none of these", async () => {
    const shown = names(await listed({ "x-mcp-exclude-tools": "notes_echo, coda_list_docs" }));
    expect(shown).toContain("coda_list_tables");
    expect(shown).not.toContain("notes_echo");
    expect(shown).not.toContain("coda_list_docs");
  });

  test.each([
    ["x-mcp-toolsets", "docs", "at the gateway the stack's config chooses toolsets"],
    ["x-mcp-readonly", "perhaps", "X-MCP-Readonly must be true or false."],
  ])("%s: %s is refused, not passed over", async (header, value, why) => {
    const { status, body } = await listed({ [header]: value });
    expect([status, body.message]).toEqual([400, expect.stringContaining(why)]);
  });
});

test("a tool with a name that clients do not take cannot be called either", async () => {
  const response = await post(gateway.origin, token, `notes_${LONG}`);
  expect(await response.text()).toContain("Unknown tool");
});

test("an entry that is not as MCP has it is left out, and hides nothing else", async () => {
  const response = await modernPost(gateway.origin, token, "tools/list");
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  const body = (await response.json()) as any;
  const shown = body.result.tools.map(({ name }: McpTool) => name);
  expect(shown).toContain("flawed_fine");
  expect(shown).not.toContain("flawed_noschema");
  expect(body.result._meta["hybrid-mcp/missing"]).toContainEqual({
    server: "flawed",
    reason: "1 of what it lists is not as MCP has it, and left out.",
  });
});

describe("what passes", () => {
  test("the configured secret reaches its server, the client's token none", async () => {
    await (
      await modernPost(gateway.origin, token, "tools/call", { name: "notes_echo", arguments: { text: "a" } })
    ).text();
    expect(notes.seen.at(-1)).toMatchObject({ "x-api-key": "the-key" });
    expect(JSON.stringify([notes.seen, old.seen, older.seen])).not.toContain(token);
    expect(notes.seen.every((headers) => headers.authorization === undefined)).toBe(true);
    expect(JSON.stringify([old.seen, older.seen])).not.toContain("the-key");
  });

  test("a result streams: progress is there while the tool still works", async () => {
    const params = { name: "notes_hold", arguments: {}, _meta: { progressToken: "p" } };
    const response = await modernPost(gateway.origin, token, "tools/call", params);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("notifications/progress")) text += (await reader.read()).value;
    expect(text).not.toContain("released");
    release();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    expect(text).toContain("released");
  });

  test.each([
    ["while its answer streams", { progressToken: "p" }],
    ["before its answer begins", {}],
  ])("a client that goes away %s ends the call at the server", async (_, _meta) => {
    const before = cancelled;
    const client = postAndLeave(gateway.origin, token, "tools/call", { name: "notes_hold", arguments: {}, _meta });
    await expect.poll(() => cancelled !== before).toBe(true);
    if ("progressToken" in _meta) await expect.poll(client.received).toContain("notifications/progress");
    const left = performance.now();
    client.leave();
    await cancelled;
    expect(performance.now() - left).toBeLessThan(2_000);
  });

  test("a question to the person, and the answer (MCP 2026-07-28, input_required)", async () => {
    const client = await modern(gateway.origin, token, "/mcp", { elicitation: { form: {} } });
    client.setRequestHandler("elicitation/create", ({ params }) => {
      expect(params.message).toBe("Your name?");
      return { action: "accept", content: { name: "Ada" } };
    });
    expect(textOf(await client.callTool({ name: "notes_ask", arguments: {} }))).toBe("Hello, Ada");
    await client.close();
  });

  test("a client that went away leaves its call in the trail", async () => {
    const before = cancelled;
    const traceparent = `00-${"ab".repeat(16)}-00f067aa0ba902b7-00`;
    const params = { name: "notes_hold", arguments: {} };
    const client = postAndLeave(gateway.origin, token, "tools/call", params, { traceparent });
    await expect.poll(() => cancelled !== before).toBe(true);
    client.leave();
    const event = await eventOf(gateway.broker, {}, ({ requestId }) => requestId === "ab".repeat(16));
    expect(event).toMatchObject({ decision: "failed", reason: "cancelled", tool: "notes_hold" });
  });

  test("a large result", async () => {
    const client = await modern(gateway.origin, token);
    expect(textOf(await client.callTool({ name: "notes_large", arguments: {} }))).toHaveLength(20_000_000);
    await client.close();
  });

  test("progress of a server of an older version", async () => {
    const client = await modern(gateway.origin, token);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    await client.callTool({ name: "old_count", arguments: { to: 3 } }, { onprogress });
    expect(seen).toEqual([1, 2, 3]);
    await client.close();
  });
});

test("calls of servers that keep no trail of their own are in the gateway's", async () => {
  const response = await post(gateway.origin, token, "notes_echo", { text: "secret words" });
  const event = await eventOf(
    gateway.broker,
    {},
    ({ requestId }) => requestId === response.headers.get("x-request-id"),
  );
  expect(event).toMatchObject({ kind: "call", decision: "allowed", service: "mcp-gateway", tool: "notes_echo" });
  expect(JSON.stringify(event)).not.toContain("secret words");
});

test("too many calls of one tool are refused with the time to wait; other tools are not touched", async () => {
  const statuses: number[] = [];
  for (let call = 0; call < 25; call++) statuses.push((await post(gateway.origin, token, "coda_list_docs")).status);
  expect(statuses).toContain(429);
  const refused = await post(gateway.origin, token, "coda_list_docs");
  expect(refused.headers.get("retry-after")).toBe("60");
  expect(await refused.json()).toMatchObject({
    id: 1,
    error: { message: "Too many calls of coda_list_docs. Try again in 60 seconds." },
  });
  expect((await post(gateway.origin, token, "coda_list_tables", { doc: "x" })).status).toBe(200);
  const event = await eventOf(gateway.broker, {}, ({ reason }) => reason === "too many calls");
  expect(event).toMatchObject({ decision: "denied", tool: "coda_list_docs" });
});

test("a client that runs wild does not fill the trail", async () => {
  for (let call = 0; call < 60; call++) await post(gateway.origin, token, `coda_guess_${call}`);
  const { events } = await read(await gateway.broker.database(), { limit: 500 });
  // The limit is 20 in a minute, and a minute may end in between.
  const refused = events.filter(({ reason }) => reason === "there is no such thing" || reason === "too many calls");
  expect(refused.length).toBeLessThanOrEqual(40);
  // What a client made up is its own words, and in no trail.
  expect(JSON.stringify(events)).not.toContain("coda_guess");
});
