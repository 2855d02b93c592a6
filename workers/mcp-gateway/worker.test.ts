import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { tools as githubTools, usualToolsets } from "../github/tools.ts";
import { read } from "../oauth-broker/audit/trail.ts";
import { call, challengeOf, type McpClient, post, textOf } from "../oauth-broker/testing/service-client.ts";
import { eventOf } from "../oauth-broker/testing/trail-of.ts";
import { everyClient, modern, modernPost } from "./testing/gateway-clients.ts";
import { TestGateway } from "./testing/test-gateway.ts";

const CODA_TOOLS = ["list_docs", "list_tables", "list_columns", "list_rows", "upsert_rows"];
/** What GitHub's server shows a client that names no toolsets, as far as the policy goes. */
const GITHUB_TOOLS = githubTools
  .filter(({ toolset, scope }) => usualToolsets.includes(toolset ?? "") && scope !== "github:admin")
  .map(({ name }) => name);
const UPSERT = { doc: "pT7kXw2LmQ", table: "Tasks", rows: [{ Task: "Paint the pier" }] };

let gateway: TestGateway;
/** Of Ada, who has granted reading; and writing in Coda too. */
let reader: string;
let writer: string;
/** Of Grace, whom the policy allows reading in Coda, and nothing else. */
let grace: string;

beforeAll(async () => {
  gateway = await TestGateway.start({
    policy: [
      { people: ["github:ada"], scopes: ["coda:write", "github:write"] },
      { people: ["github:grace"], scopes: ["coda:read"] },
    ],
  });
  reader = await gateway.tokenFor("ada", ["coda:read", "github:read"]);
  writer = await gateway.tokenFor("ada", ["coda:read", "coda:write", "github:read"]);
  grace = await gateway.tokenFor("grace", ["coda:read"]);
});
afterAll(() => gateway?.close());
afterEach(() => {
  gateway.codaApi.faults.clear();
  gateway.coda.arrived.length = 0;
  gateway.github.arrived.length = 0;
});

describe.each(everyClient)("a client of %s", (_, connect) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(gateway.origin, writer);
  });
  afterAll(() => client?.close());

  test("lists the tools of every server in the config's order, each with its server's name before its own", async () => {
    const { tools, _meta, nextCursor } = await client.listTools();
    const names = [...CODA_TOOLS.map((name) => `coda_${name}`), ...GITHUB_TOOLS.map((name) => `github_${name}`)];
    expect(tools.map(({ name }) => name)).toEqual(names);
    expect(_meta?.["hybrid-mcp/missing"]).toBeUndefined();
    expect(nextCursor).toBeUndefined();
    expect((await client.listTools()).tools).toEqual(tools);
  });

  test("calls tools of different servers", async () => {
    const docs = await client.callTool({ name: "coda_list_docs", arguments: {} });
    expect(docs.structuredContent).toMatchObject({ docs: [{ name: "Project Tracker" }] });
    const me = await client.callTool({ name: "github_get_me", arguments: {} });
    expect(me.structuredContent).toMatchObject({ login: "grace" });
  });

  test("is told what a tool says that fails", async () => {
    const result = await client.callTool({ name: "coda_list_tables", arguments: { doc: "no-such-doc" } });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain("no-such-doc");
  });

  test("gets progress while a tool works", async () => {
    const seen: number[] = [];
    await call(client, "coda_upsert_rows", UPSERT, ({ progress }) => seen.push(progress));
    expect(seen.length).toBeGreaterThan(0);
  });

  test("is told which tool there is not, and the call goes nowhere", async () => {
    gateway.coda.arrived.length = 0;
    for (const name of ["coda_drop_tables", "list_docs", "nobody_list_docs", "coda_", "_", ""]) {
      await expect(client.callTool({ name, arguments: {} })).rejects.toThrow("Unknown tool");
    }
    expect(gateway.coda.arrived.map(({ body }) => body.method)).not.toContain("tools/call");
  });

  test("learns which servers there are, and that lists do not change by themselves", () => {
    expect(client.getInstructions()).toContain("coda (Coda), github (GitHub)");
    expect(client.getServerCapabilities()).toMatchObject({
      tools: { listChanged: false },
      prompts: { listChanged: false },
      resources: { listChanged: false },
    });
  });
});

describe("what a person may do", () => {
  test("without a token: 401 with the metadata's address and the scopes of every server (RFC 9728 section 5.1)", async () => {
    const response = await post(gateway.origin, undefined, "coda_list_docs");
    expect(response.status).toBe(401);
    const challenge = challengeOf(response);
    expect(challenge.resource_metadata).toBe(`${gateway.origin}/.well-known/oauth-protected-resource/mcp`);
    expect(challenge.scope!.split(" ")).toContain("github:admin");
    const metadata = (await (await fetch(challenge.resource_metadata!)).json()) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      resource: `${gateway.origin}/mcp`,
      authorization_servers: [gateway.broker.issuer],
    });
  });

  test("a token for a service is not one for the gateway (RFC 8707), nor is one that nobody issued", async () => {
    const forCoda = await gateway.broker.tokenFor("ada", ["coda:read"], gateway.broker.config.resources.coda);
    for (const token of [forCoda, `${reader}x`, "abc"]) {
      const response = await post(gateway.origin, token, "coda_list_docs");
      expect([response.status, challengeOf(response).error]).toEqual([401, "invalid_token"]);
    }
  });

  test("a token for the gateway is not one for a service (RFC 8707)", async () => {
    expect((await post(gateway.broker.serviceUrls.coda!, writer, "list_docs")).status).toBe(401);
  });

  test("what the policy does not allow is not listed", async () => {
    const client = await modern(gateway.origin, grace);
    const { tools, _meta } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(CODA_TOOLS.slice(0, 4).map((name) => `coda_${name}`));
    expect(_meta?.["hybrid-mcp/missing"]).toBeUndefined();
    expect(client.getInstructions()).not.toContain("GitHub");
    await client.close();
  });

  test("a tool that is allowed and not granted asks for every scope that the new token needs (RFC 6750 section 3.1)", async () => {
    const response = await post(gateway.origin, reader, "coda_upsert_rows", UPSERT);
    expect(response.status).toBe(403);
    const challenge = challengeOf(response);
    expect(challenge).toMatchObject({
      error: "insufficient_scope",
      resource_metadata: `${gateway.origin}/.well-known/oauth-protected-resource/mcp`,
    });
    expect(challenge.scope!.split(" ").toSorted()).toEqual(["coda:read", "coda:write", "github:read"]);
    expect(gateway.coda.arrived.map(({ body }) => body.method)).not.toContain("tools/call");
    const stepped = await gateway.tokenFor("ada", challenge.scope!.split(" "));
    expect((await post(gateway.origin, stepped, "coda_upsert_rows", UPSERT)).status).toBe(200);
  });

  test("a server of which nothing was granted asks for its first scope when it is called", async () => {
    const codaOnly = await gateway.tokenFor("ada", ["coda:read"]);
    const response = await post(gateway.origin, codaOnly, "github_get_me");
    expect(response.status).toBe(403);
    expect(challengeOf(response).scope!.split(" ").toSorted()).toEqual(["coda:read", "github:read"]);
    // It is gone when the person grants the application something else: that token takes this one's place.
    writer = await gateway.tokenFor("ada", ["coda:read", "coda:write", "github:read"]);
    reader = await gateway.tokenFor("ada", ["coda:read", "github:read"]);
  });

  test("a tool that the policy does not allow is refused without sending the person round in circles", async () => {
    const response = await post(gateway.origin, grace, "coda_upsert_rows", UPSERT);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("coda:write") } });
    const event = await eventOf(gateway.broker, {}, ({ tool }) => tool === "coda_upsert_rows");
    expect(event).toMatchObject({ kind: "call", decision: "denied", service: "mcp-gateway", user: expect.any(String) });
    expect(gateway.coda.arrived.map(({ body }) => body.method)).not.toContain("tools/call");
  });

  test("a server in which the policy allows nothing is not there", async () => {
    const response = await post(gateway.origin, grace, "github_get_me");
    expect(await response.json()).toMatchObject({ error: { code: -32602, message: "Unknown tool: github_get_me" } });
    expect(gateway.github.arrived).toEqual([]);
  });

  test("a narrower policy takes effect at the next call", async () => {
    const { policy } = gateway.broker.config;
    const token = await gateway.tokenFor("ada", ["coda:read", "coda:write"]);
    expect((await post(gateway.origin, token, "coda_upsert_rows", UPSERT)).status).toBe(200);
    await gateway.broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:read"] }] });
    try {
      expect((await post(gateway.origin, token, "coda_upsert_rows", UPSERT)).status).toBe(403);
      expect((await post(gateway.origin, token, "coda_list_docs")).status).toBe(200);
    } finally {
      await gateway.broker.reconfigure({ policy });
    }
  });
});

describe("what reaches a server", () => {
  test("is a token of the broker for that server alone, never the client's; no cookie, no foreign header", async () => {
    const headers = { cookie: "session=1", "x-forwarded-user": "root", "mcp-session-id": "abc" };
    const name = "coda_list_docs";
    const response = await modernPost(gateway.origin, reader, "tools/call", { name, arguments: {} }, { headers });
    expect(await response.text()).toContain("Project Tracker");
    const call = gateway.coda.arrived.find(({ body }) => body.method === "tools/call")!;
    expect(call.body.params.name).toBe("list_docs");
    expect(call.headers["mcp-name"]).toBe("list_docs");
    expect(call.headers["mcp-protocol-version"]).toBe("2026-07-28");
    for (const foreign of [...Object.keys(headers)]) expect(call.headers).not.toHaveProperty(foreign);
    const [, payload] = call.headers.authorization!.replace("Bearer ", "").split(".");
    const claims = JSON.parse(Buffer.from(payload!, "base64url").toString());
    expect(claims).toMatchObject({
      iss: gateway.broker.issuer,
      aud: gateway.broker.config.resources.coda,
      act: { sub: "mcp-gateway" },
      scope: "coda:read",
    });
    expect(claims.exp - claims.iat).toBeLessThanOrEqual(60);
    expect(JSON.stringify([gateway.coda.arrived, gateway.github.arrived])).not.toContain(reader);
  });

  test("has one request id from client to the trail of the service", async () => {
    const id = "0af7651916cd43dd8448eb211c80319c";
    const headers = { traceparent: `00-${id}-b7ad6b7169203331-01` };
    const response = await modernPost(gateway.origin, reader, "tools/call", { name: "coda_list_docs" }, { headers });
    expect(response.headers.get("x-request-id")).toBe(id);
    expect(response.headers.get("x-served-by")).toBe("workers");
    const event = await eventOf(gateway.broker, {}, ({ requestId }) => requestId === id);
    expect(event).toMatchObject({ service: "coda", tool: "list_docs", decision: "allowed" });
    const { events } = await read(await gateway.broker.database(), { limit: 100 });
    expect(events.filter(({ requestId }) => requestId === id)).toHaveLength(1);
  });
});

describe("what does not fit", () => {
  test.each([
    ["another tool in Mcp-Name", { "mcp-name": "coda_upsert_rows" }],
    ["another server in Mcp-Name", { "mcp-name": "github_get_me" }],
    ["another method in Mcp-Method", { "mcp-method": "tools/list" }],
    ["another version", { "mcp-protocol-version": "2025-11-25" }],
  ])("%s than in the body is refused (MCP 2026-07-28, HeaderMismatch)", async (_, headers) => {
    const params = { name: "coda_list_docs", arguments: {} };
    const response = await modernPost(gateway.origin, reader, "tools/call", params, { headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32020 } });
    expect(gateway.coda.arrived).toEqual([]);
  });

  test("the body counts: headers that name a harmless tool do not let a 2025 client call another", async () => {
    const headers = { "mcp-name": "coda_list_docs", "mcp-method": "tools/list" };
    const response = await fetch(`${gateway.origin}/mcp`, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${reader}`,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "coda_upsert_rows", arguments: UPSERT },
      }),
    });
    expect(response.status).toBe(403);
  });

  const send = (body: string, type = "application/json") =>
    fetch(`${gateway.origin}/mcp`, {
      method: "POST",
      headers: {
        "content-type": type,
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${reader}`,
      },
      body,
    });
  const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "coda_list_docs" } };

  test.each([
    ["a body that is too large", "x".repeat(1_000_001), 413, -32000],
    ["a body that is no JSON", "{", 400, -32700],
    ["a batch", JSON.stringify([CALL, CALL]), 400, -32600],
  ])("%s is refused", async (_, body, status, code) => {
    const response = await send(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(gateway.coda.arrived).toEqual([]);
  });

  test("a body of another type is refused", async () => {
    expect((await send(JSON.stringify(CALL), "text/plain")).status).toBe(415);
    expect(gateway.coda.arrived).toEqual([]);
  });
});

describe("the older path /mcp/sse", () => {
  test("is the same endpoint", async () => {
    const client = await modern(gateway.origin, reader, "/mcp/sse");
    expect((await client.listTools()).tools).toHaveLength(CODA_TOOLS.length + GITHUB_TOOLS.length);
    await client.close();
  });

  test.each(["/mcp", "/mcp/sse"])("GET %s is answered 405, with where to go", async (path) => {
    const response = await fetch(gateway.origin + path, { headers: { accept: "text/event-stream" } });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.text()).toContain(`POST ${gateway.origin}/mcp`);
  });
});

describe("what a call costs on Workers", () => {
  test("one RPC of the gateway; the service's own RPC and its line in the trail are all there is besides", async () => {
    const call = () => post(gateway.origin, reader, "coda_list_docs");
    const settled = async () => {
      const before = (await events()).length;
      expect((await call()).status).toBe(200);
      await vi.waitFor(async () => expect((await events()).length).toBe(before + 1));
    };
    const events = async () => (await read(await gateway.broker.database(), { limit: 500 })).events;
    await settled();
    await gateway.broker.rpc("taken");
    await settled();
    const { "KV.get": reads, ...counts } = (await gateway.broker.rpc<Record<string, number>>("taken"))!;
    expect(counts).toEqual({
      "RPC.authorizeGateway": 1,
      "RPC.authorize": 1,
      "RPC.record": 1,
      "D1.prepare": 1,
      "D1.batch": 1,
    });
    expect(reads).toBe(1);
    expect(gateway.coda.arrived.filter(({ body }) => body.method === "tools/list").length).toBeLessThanOrEqual(1);
  });

  test("a list that is kept asks no server, and the broker once", async () => {
    const list = () => modernPost(gateway.origin, reader, "tools/list");
    await (await list()).text();
    await gateway.broker.rpc("taken");
    gateway.coda.arrived.length = 0;
    expect(await (await list()).json()).toMatchObject({ result: { ttlMs: 60_000, cacheScope: "private" } });
    expect(await gateway.broker.rpc("taken")).toEqual({ "RPC.authorizeGateway": 1, "KV.get": 1 });
    expect(gateway.coda.arrived).toEqual([]);
  });

  test("the bundle is at most 250 KB gzipped", async () => {
    const { contents } = await bundleWorker(import.meta.dirname);
    expect(gzipSync(contents).length).toBeLessThan(250_000);
  });
});

describe("GET /mcp/servers", () => {
  const directory = async (token?: string) => {
    const response = await fetch(`${gateway.origin}/mcp/servers`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
    return { status: response.status, body: (await response.json().catch(() => undefined)) as any };
  };

  test("tells everybody the names", async () => {
    const { body } = await directory();
    expect(body.servers.map(({ name, title }: Record<string, string>) => [name, title])).toEqual([
      ["coda", "Coda"],
      ["github", "GitHub"],
    ]);
    expect(JSON.stringify(body)).not.toContain("http");
  });

  test("tells a person the rest, of what they may use", async () => {
    const { body } = await directory(grace);
    const [coda, github] = body.servers;
    expect(coda).toMatchObject({
      name: "coda",
      url: `${gateway.coda.origin}/mcp`,
      scopes: [{ name: "coda:read", granted: true }],
      tools: 4,
    });
    expect(github).not.toHaveProperty("url");
    expect(github).not.toHaveProperty("tools");
  });

  test("refuses a token that is not good", async () => {
    expect((await directory("abc")).status).toBe(401);
  });

  test("is a page in a browser, without scripts, that leads to the broker", async () => {
    const response = await fetch(`${gateway.origin}/mcp/servers`, { headers: { accept: "text/html" } });
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain(`href="${gateway.broker.issuer}"`);
    expect(page).toContain("GitHub");
    expect(page).not.toContain("<script");
  });
});

test("GET /health says what runs", async () => {
  const response = await fetch(`${gateway.origin}/health`);
  expect(await response.json()).toEqual({
    status: "ok",
    service: "mcp-gateway",
    version: "1.2.3+test",
    placement: "workers",
  });
  expect(response.headers.get("x-served-by")).toBe("workers");
});
