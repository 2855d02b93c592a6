import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SEEDED_TASKS } from "../../local/standins/coda/seed.ts";
import { createCodaStandIn } from "../../local/standins/coda/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";

const TOKEN = "a-bearer-token-for-the-test";
const authorized = { requestInit: { headers: { authorization: `Bearer ${TOKEN}` } } };

let worker: Miniflare;
let url: URL;
let standIns: StandInServer;
const coda = createCodaStandIn({
  tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
  log: () => {},
});

beforeAll(async () => {
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { coda: coda.handler } });
  const { contents } = await bundleWorker(import.meta.dirname);
  worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents }],
    compatibilityDate: "2026-07-01",
    bindings: {
      VERSION: "1.2.3+test",
      PLACEMENT: "workers",
      PUBLIC_URL: "https://coda-mcp.example.com",
      BEARER_TOKEN: TOKEN,
      CODA_API_URL: `${standIns.origin}/coda/apis/v1`,
      CODA_API_TOKEN: "coda-token",
    },
  });
  url = await worker.ready;
});
afterAll(async () => {
  await worker.dispose();
  await standIns.close();
});
afterEach(() => coda.faults.clear());

async function modern(): Promise<ModernClient> {
  const client = new ModernClient({ name: "test", version: "1" });
  await client.connect(new ModernTransport(new URL("/mcp", url), authorized));
  return client;
}

async function legacy(): Promise<LegacyClient> {
  const client = new LegacyClient({ name: "test", version: "1" });
  await client.connect(new LegacyTransport(new URL("/mcp", url), authorized));
  return client;
}

const text = (result: object) => (result as { content: { text: string }[] }).content[0]!.text;

describe.each([
  ["the v2 SDK's client", modern],
  ["the v1 SDK's client", legacy],
])("with %s", (_, connect) => {
  test("both tools are listed as read-only, with output schemas", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
      ["list_docs", true],
      ["list_rows", true],
    ]);
    expect(tools.every(({ outputSchema }) => outputSchema?.type === "object")).toBe(true);
    await client.close();
  });

  test("list_docs finds the doc, and list_rows reads its table page by page, telling its progress", async () => {
    const client = await connect();
    const docs = await client.callTool({ name: "list_docs", arguments: {} });
    const { id } = (docs.structuredContent as { docs: { id: string }[] }).docs[0]!;

    const seen: number[] = [];
    const call = { name: "list_rows", arguments: { doc: id, table: "Tasks", limit: SEEDED_TASKS } };
    const options = { onprogress: ({ progress }: { progress: number }) => void seen.push(progress) };
    const result = await (client instanceof LegacyClient
      ? client.callTool(call, undefined, options)
      : client.callTool(call, options));
    const { rows, next_cursor } = result.structuredContent as { rows: { values: object }[]; next_cursor?: string };
    expect(rows).toHaveLength(SEEDED_TASKS);
    expect(next_cursor).toBeUndefined();
    expect(Object.keys(rows[0]!.values)).toContain("Status");
    expect(seen).toEqual([50, 100, 150, 200, 250]);
    await client.close();
  });

  test("a cursor leads to the rows after the ones that were read", async () => {
    const client = await connect();
    const docs = await client.callTool({ name: "list_docs", arguments: {} });
    const { id } = (docs.structuredContent as { docs: { id: string }[] }).docs[0]!;
    const read = async (cursor?: string) => {
      const result = await client.callTool({
        name: "list_rows",
        arguments: { doc: id, table: "Tasks", limit: 120, cursor },
      });
      return result.structuredContent as { rows: { id: string }[]; next_cursor?: string };
    };
    const first = await read();
    const second = await read(first.next_cursor);
    expect(first.rows).toHaveLength(150);
    expect(second.rows).toHaveLength(SEEDED_TASKS - 150);
    expect(new Set([...first.rows, ...second.rows].map((row) => row.id)).size).toBe(SEEDED_TASKS);
    await client.close();
  });

  test("an error of Coda reaches the model in Coda's own words", async () => {
    const client = await connect();
    const missing = await client.callTool({ name: "list_rows", arguments: { doc: "no-such-doc", table: "Tasks" } });
    expect(missing.isError).toBe(true);
    expect(text(missing)).toMatch(/^Coda answered 404: /);

    coda.faults.set({ failNext: { status: 429, times: 1, retryAfterSeconds: 7 } });
    const limited = await client.callTool({ name: "list_docs", arguments: {} });
    expect(text(limited)).toMatch(/^Coda answered 429: .* Try again in 7 s\.$/);
    await client.close();
  });

  test("arguments that do not fit the schema never reach Coda", async () => {
    const client = await connect();
    const refused = await client.callTool({ name: "list_docs", arguments: { limit: 0, surprise: true } });
    expect(refused.isError).toBe(true);
    expect(text(refused)).toMatch(/limit/);
    await client.close();
  });
});

describe("over plain HTTP", () => {
  const get = (path: string, init?: RequestInit) => fetch(new URL(path, url), init);

  test("/health tells the service, its version and its placement to anybody", async () => {
    const response = await get("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ok",
      service: "coda",
      version: "1.2.3+test",
      placement: "workers",
    });
  });

  test.each([
    ["no token", {}, ""],
    ["a wrong token", { authorization: `Bearer ${TOKEN.replace("a", "b")}` }, 'error="invalid_token", '],
    ["an empty token", { authorization: "Bearer " }, 'error="invalid_token", '],
    ["another scheme", { authorization: `Basic ${TOKEN}` }, 'error="invalid_token", '],
  ])("%s is answered 401, naming the resource metadata", async (_, headers, error) => {
    const response = await get("/mcp", { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer ${error}resource_metadata="https://coda-mcp.example.com/.well-known/oauth-protected-resource/mcp"`,
    );
  });

  test("the resource metadata is where the challenge says, and names the resource (RFC 9728)", async () => {
    const response = await get("/.well-known/oauth-protected-resource/mcp");
    expect(await response.json()).toMatchObject({
      resource: "https://coda-mcp.example.com/mcp",
      scopes_supported: ["coda:read", "coda:write", "coda:admin"],
    });
  });

  test.each(["/health", "/mcp", "/nowhere", "/.well-known/oauth-protected-resource/mcp"])(
    "%s says which placement answered",
    async (path) => {
      const response = await get(path);
      await response.arrayBuffer();
      expect(response.headers.get("x-served-by")).toBe("workers");
    },
  );
});
