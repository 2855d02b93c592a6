import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createCodaStandIn } from "../../local/standins/coda/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { postAndLeave } from "../mcp-gateway/testing/gateway-clients.ts";
import { call, challengeOf, clients, type McpClient, post, refusal } from "../oauth-broker/testing/service-client.ts";
import { TestBroker } from "../oauth-broker/testing/test-broker.ts";
import { eventOf } from "../oauth-broker/testing/trail-of.ts";
import { tools } from "./tools.ts";

const DOC = "pT7kXw2LmQ";
const SHARED = { SHARED_CONNECTIONS: JSON.stringify({ coda: "coda-token" }) };

interface Rows {
  rows: { id: string; values: Record<string, unknown> }[];
}

let standIns: StandInServer;
let broker: TestBroker;
let bundle: Uint8Array;
let origin: string;
/** Of Ada, who may read, and who may write. */
let reader: string;
let writer: string;
const traces: string[] = [];
const coda = createCodaStandIn({
  tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
  log: () => {},
});

beforeAll(async () => {
  const handler = (request: Request) => {
    traces.push(request.headers.get("traceparent") ?? "");
    return coda.handler(request);
  };
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { coda: handler } });
  const apiUrl = `${standIns.origin}/coda/apis/v1`;
  bundle = (await bundleWorker(import.meta.dirname)).contents;
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:write"] }],
    services: { coda: { contents: bundle, bindings: { CODA_API_URL: apiUrl } } },
    config: () => ({ connections: { coda: { apiUrl } } }),
    bindings: SHARED,
  });
  origin = broker.serviceUrls.coda!;
  reader = await broker.tokenFor("ada", ["coda:read"], `${origin}/mcp`);
  writer = await broker.tokenFor("ada", ["coda:read", "coda:write"], `${origin}/mcp`);
});
afterAll(async () => {
  await broker?.close();
  await standIns?.close();
});
afterEach(() => {
  coda.faults.clear();
  traces.length = 0;
});

describe.each(clients)("with %s", (which, connect) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(origin, writer);
    // A client checks answers against the output schemas that it knows from the list.
    await client.listTools();
  });
  afterAll(() => client?.close());

  test("the tools are listed with strict input and output schemas, their scopes and what they do", async () => {
    const { tools: listed } = await client.listTools();
    expect(listed.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    expect(listed.every(({ outputSchema }) => outputSchema?.type === "object")).toBe(true);
    expect(listed.every(({ inputSchema }) => inputSchema.additionalProperties === false)).toBe(true);
    const readers = listed.filter(({ annotations }) => annotations?.readOnlyHint);
    expect(readers.every(({ _meta }) => _meta?.["hybrid-mcp/scope"] === "coda:read")).toBe(true);
    const destructive = listed.filter(({ annotations }) => annotations?.destructiveHint).map(({ name }) => name);
    expect(destructive).toEqual([
      "delete_doc",
      "replace_page_content",
      "delete_page",
      "delete_row",
      "delete_rows",
      "push_button",
      "delete_permission",
      "unpublish_doc",
    ]);
  });

  test("list_docs finds the doc, and what upsert_rows has written list_rows reads, telling its progress", async () => {
    const { docs } = await call<{ docs: { id: string }[] }>(client, "list_docs");
    expect(docs.map(({ id }) => id)).toEqual([DOC]);
    const told: string[] = [];
    const name = `Kim, by ${which}`;
    const rows = [{ "c-PersonName": name, Role: "Writer" }];
    const write = { doc: DOC, table: "People", rows, key_columns: ["c-PersonName"] };
    const { applied } = await call<{ applied: boolean }>(
      client,
      "upsert_rows",
      write,
      ({ message }) => void told.push(message!),
    );
    expect(applied).toBe(true);
    expect(told[0]).toMatch(/^Coda has accepted this \(mutate:/);
    const found = await call<Rows>(client, "list_rows", {
      doc: DOC,
      table: "People",
      query: `"Name":${JSON.stringify(name)}`,
    });
    expect(found.rows.map(({ values }) => values)).toEqual([{ Name: name, Role: "Writer", "E-mail": "" }]);
  });

  test("an error of Coda reaches the model in Coda's own words", async () => {
    expect(await refusal(client, "list_rows", { doc: "no-such-doc", table: "Tasks" })).toMatch(
      /^Coda answered 404: There is no doc with the id "no-such-doc"\.$/,
    );
    coda.faults.set({ failNext: { status: 429, times: 1, retryAfterSeconds: 7 } });
    expect(await refusal(client, "list_docs")).toMatch(/^Coda answered 429: .* Try again in 7 s\.$/);
    coda.faults.set({ failNext: { status: 503, times: 3 } });
    expect(await refusal(client, "list_docs")).toMatch(/^Coda answered 503: .* Try again in a while\.$/);
    coda.faults.set({ failNext: { status: 503, times: 1 } });
    await call(client, "list_docs");
  });

  test("a credential that Coda does not take any more: connect it again, and where", async () => {
    coda.faults.set({ failNext: { status: 401, times: 1 } });
    expect(await refusal(client, "list_docs")).toContain(`open ${broker.issuer}/auth/coda and connect it again`);
  });

  test("arguments that do not fit the schema never reach Coda", async () => {
    expect(await refusal(client, "list_docs", { limit: 0, surprise: true })).toMatch(/limit/);
    expect(await refusal(client, "upsert_rows", { doc: DOC, table: "Tasks", rows: [{}] })).toMatch(/rows/);
    expect(await refusal(client, "list_tables", { doc: ".." })).toMatch(/doc/);
    const long = "x".repeat(100_000);
    expect(await refusal(client, "list_docs", { query: long })).toMatch(/query/);
    expect(await refusal(client, "list_docs", { cursor: long })).toMatch(/cursor/);
    expect(await refusal(client, "list_tables", { doc: long })).toMatch(/doc/);
    expect(await refusal(client, "list_columns", { doc: DOC, table: long })).toMatch(/table/);
    expect(await refusal(client, "list_columns", { doc: DOC, table: "Tasks", cursor: long })).toMatch(/cursor/);
    expect(await refusal(client, "list_rows", { doc: DOC, table: "Tasks", query: long })).toMatch(/query/);
    const rows = [{ [long]: 1 }];
    expect(await refusal(client, "upsert_rows", { doc: DOC, table: "Tasks", rows })).toMatch(/rows/);
    expect(traces).toEqual([]);
  });
});

test("every request to Coda carries the trace of the call", async () => {
  const response = await post(origin, reader, "list_docs");
  await response.text();
  const id = response.headers.get("x-request-id");
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(traces).toEqual([expect.stringMatching(`^00-${id}-[0-9a-f]{16}-00$`)]);
});

test("a client that went away leaves its call in the trail, as one that was cancelled", async () => {
  coda.faults.set({ hang: true });
  const traceparent = `00-${"cd".repeat(16)}-00f067aa0ba902b7-00`;
  const client = postAndLeave(origin, reader, "tools/call", { name: "list_docs", arguments: {} }, { traceparent });
  await expect.poll(() => traces.length).toBe(1);
  client.leave();
  const event = await eventOf(broker, {}, ({ requestId }) => requestId === "cd".repeat(16));
  expect(event).toMatchObject({ service: "coda", tool: "list_docs", decision: "failed", reason: "cancelled" });
});

test("without a connection the model is told where the person connects Coda", async () => {
  await broker.reconfigure({}, { SHARED_CONNECTIONS: "{}" });
  try {
    const client = await clients[0]![1](origin, reader);
    expect(await refusal(client, "list_docs")).toBe(
      `Coda is not connected yet. Ask the person to open ${broker.issuer}/auth/coda and connect it, then try again.`,
    );
    await client.close();
    expect(traces).toEqual([]);
  } finally {
    await broker.reconfigure({}, SHARED);
  }
});

describe("over plain HTTP", () => {
  test("/health tells the service, its version and its placement to anybody", async () => {
    const response = await fetch(`${origin}/health`);
    expect(await response.json()).toEqual({
      status: "ok",
      service: "coda",
      version: "1.2.3+test",
      placement: "workers",
    });
  });

  test.each([
    ["no token", undefined],
    ["a wrong token", "a:wrong:token"],
  ])("%s is answered 401, naming the resource metadata (RFC 9728 section 5.1)", async (_, token) => {
    const response = await post(origin, token, "list_docs");
    expect(response.status).toBe(401);
    const challenge = challengeOf(response);
    expect(challenge.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(challenge.error).toBe(token && "invalid_token");
    expect(traces).toEqual([]);
  });

  test("a tool beyond the token's scopes is answered 403, naming all that a new token needs (RFC 6750 section 3.1)", async () => {
    const rows = [{ Name: "Nobody" }];
    const response = await post(origin, reader, "upsert_rows", { doc: DOC, table: "People", rows });
    expect(response.status).toBe(403);
    const challenge = challengeOf(response);
    expect(challenge.error).toBe("insufficient_scope");
    expect(challenge.scope!.split(" ").toSorted()).toEqual(["coda:read", "coda:write"]);
    expect(challenge.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(traces).toEqual([]);
  });

  test("the resource metadata is where the challenge says, and names the resource and the broker (RFC 9728)", async () => {
    const response = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(await response.json()).toMatchObject({
      resource: `${origin}/mcp`,
      authorization_servers: [broker.issuer],
      scopes_supported: ["coda:read", "coda:write", "coda:admin"],
    });
  });

  test.each(["/health", "/mcp", "/nowhere", "/.well-known/oauth-protected-resource/mcp"])(
    "%s says which placement answered",
    async (path) => {
      const response = await fetch(new URL(path, origin));
      await response.arrayBuffer();
      expect(response.headers.get("x-served-by")).toBe("workers");
    },
  );
});

test("the bundle is at most 250 KB gzipped", () => {
  expect(gzipSync(bundle).length).toBeLessThan(250_000);
});
