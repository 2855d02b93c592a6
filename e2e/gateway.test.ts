import { randomBytes } from "node:crypto";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CollectedSpan } from "../local/standins/otlp/stand-in.ts";
import { shownTools } from "../workers/mcp-gateway/testing/shown-tools.ts";
import { post } from "../workers/oauth-broker/testing/service-client.ts";
import { TestBrowser } from "../workers/oauth-broker/testing/test-browser.ts";
import { openStream, startCaller, summary } from "./support/callers.ts";
import { eventually } from "./support/eventually.ts";
import { TestStack } from "./support/test-stack.ts";

/** One URL for every server: Coda on Workers and Firecrawl on the droplet behind the gateway, in both topologies. */

const SEEDED_DOC = "pT7kXw2LmQ";
const EVERY_TOOL = [
  ...shownTools("coda", ["coda:read", "coda:write", "coda:admin"]),
  ...shownTools("firecrawl", ["firecrawl:read", "firecrawl:crawl"]),
];

let stack: TestStack;
let token: string;

beforeAll(async () => {
  // The callers below are one person, who calls one tool more often than people do.
  stack = await TestStack.create({ "services.github.enabled": false, "gateway.callsPerMinute": 100_000 });
  await stack.must("up");
  token = await stack.token("mcp-gateway");
});
afterAll(() => stack?.destroy());

const bearer = (own: string) => ({ requestInit: { headers: { authorization: `Bearer ${own}` } } });

async function modern(own = token): Promise<ModernClient> {
  const client = new ModernClient({ name: "e2e", version: "1" });
  await client.connect(new ModernTransport(new URL(stack.gatewayUrl), bearer(own)));
  return client;
}

async function legacy(own = token): Promise<LegacyClient> {
  const client = new LegacyClient({ name: "e2e", version: "1" });
  await client.connect(new LegacyTransport(new URL(stack.gatewayUrl), bearer(own)));
  return client;
}

const textOf = (result: object) => (result as { content: { text: string }[] }).content[0]!.text;

describe.each(["separate", "consolidated"])("in the topology %s", (topology) => {
  beforeAll(async () => {
    stack.stack.setFlag(["auth", "topology"], topology);
    await stack.must("up");
  });

  test.each([
    ["the v2 SDK's client", modern],
    ["the v1 SDK's client", legacy],
  ])("with %s a person sees every tool that they may use, and calls servers in both homes", async (_, connect) => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(EVERY_TOOL);
    expect(textOf(await client.callTool({ name: "coda_list_docs", arguments: {} }))).toContain("Project Tracker");
    const page = { url: `${stack.standInsUrl}/firecrawl/site/` };
    expect(textOf(await client.callTool({ name: "firecrawl_scrape", arguments: page }))).toContain("Harbour Handbook");
    await client.close();
  });

  test("what the policy does not allow a person is not there", async () => {
    const client = await modern(await stack.token("mcp-gateway", { person: "margaret", provider: "google" }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(shownTools("coda", ["coda:read"]));
    await client.close();
  });

  test("without a token the answer is 401, with too little granted 403 with every scope that is needed", async () => {
    const rows = { doc: SEEDED_DOC, table: "People", rows: [{ Name: "A" }] };
    const call = (own?: string) => post(stack.gatewayUrl, own, "coda_upsert_rows", rows);
    const anonymous = await call();
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get("www-authenticate")).toContain("resource_metadata=");
    const refused = await call(await stack.token("mcp-gateway", { scopes: ["coda:read", "firecrawl:read"] }));
    expect(refused.status).toBe(403);
    const challenge = refused.headers.get("www-authenticate");
    for (const scope of ["coda:write", "coda:read", "firecrawl:read"]) expect(challenge).toContain(scope);
  });

  test("a call is in the trail of the service under the request id that the client was told", async () => {
    const response = await post(stack.gatewayUrl, token, "coda_list_docs");
    await response.text();
    const id = response.headers.get("x-request-id");
    await eventually(async () => {
      expect(await stack.trail(`request_id = '${id}'`)).toEqual([
        expect.objectContaining({ service: "coda", tool: "list_docs", decision: "allowed", placement: "workers" }),
      ]);
    });
  });

  test.each([
    ["coda_list_docs", () => ({}), "workers"],
    ["firecrawl_scrape", () => ({ url: `${stack.standInsUrl}/firecrawl/site/` }), "droplet"],
  ])("a call of %s is one trace of spans, from the client's own down to the API", async (name, args, placement) => {
    const id = randomBytes(16).toString("hex");
    const [service, tool] = name.split(/_(.*)/) as [string, string];
    const traceparent = `00-${id}-00f067aa0ba902b7-01`;
    const response = await post(stack.gatewayUrl, token, name, args(), { traceparent });
    await response.text();
    expect(response.headers.get("x-request-id")).toBe(id);
    await eventually(async () => {
      const spans = (await (await fetch(`${stack.standInsUrl}/otlp/spans?traceId=${id}`)).json()) as CollectedSpan[];
      const below = (parent: string, spanName: string) => {
        const found = spans.find((span) => span.parentSpanId === parent && span.name === spanName);
        expect(found, `${spanName} below ${parent} of ${JSON.stringify(spans)}`).toBeDefined();
        return found!;
      };
      const atGateway = below("00f067aa0ba902b7", `tools/call ${name}`);
      const toService = below(atGateway.spanId, `tools/call ${tool}`);
      const atService = below(toService.spanId, `tools/call ${tool}`);
      const toApi = below(atService.spanId, name.startsWith("coda") ? "GET" : "POST");
      expect(atService.resource).toMatchObject({ "service.name": service, "hybrid_mcp.placement": placement });
      expect(toApi.attributes).toMatchObject({ "http.response.status_code": 200 });
      expect(spans.map(({ status }) => status)).toEqual(spans.map(() => ({})));
    });
  });

  test("who is behind it is told to everybody, and more to who is signed in", async () => {
    const anonymous = await (await fetch(`${stack.gatewayUrl}/servers`)).json();
    expect(anonymous).toMatchObject({
      servers: [{ name: "coda", title: "Coda" }, { name: "firecrawl" }, { name: "n8n" }],
    });
    const own = await fetch(`${stack.gatewayUrl}/servers`, { headers: { authorization: `Bearer ${token}` } });
    expect(JSON.stringify(await own.json())).toContain("coda:write");
  });
});

describe("n8n's own MCP server, which speaks an older version", () => {
  const N8N_TOKEN = "n8n-sample-token";
  const listed = async () => {
    const client = await modern();
    const { tools, _meta } = await client.listTools();
    const own = tools.map(({ name }) => name).filter((name) => name.startsWith("n8n_"));
    return { client, own, missing: _meta?.["hybrid-mcp/missing"] };
  };

  test("is named as missing, with where to connect it, until the person has", async () => {
    const { client, own, missing } = await listed();
    expect(own).toEqual([]);
    const reason = `n8n is not connected yet: open ${stack.authUrl}/auth/n8n and connect it.`;
    expect(missing).toEqual([{ server: "n8n", reason }]);
    await client.close();
  });

  test("is there once its token is pasted, which n8n itself has to take", async () => {
    const ada = new TestBrowser();
    const page = `${stack.authUrl}/auth/n8n`;
    await ada.signIn(page, "ada");
    expect((await ada.submit(page, { token: "no-such-token" })).text).toContain("n8n");
    expect((await ada.open(page)).text).not.toContain("You are connected");
    await ada.submit(page, { token: N8N_TOKEN });
    expect((await ada.open(page)).text).toContain("You are connected");

    await eventually(async () => expect((await listed()).own).toContain("n8n_search_workflows"));
    const { client } = await listed();
    const found = await client.callTool({ name: "n8n_search_workflows", arguments: { query: "report" } });
    expect(textOf(found)).toContain("Weekly report");
    await client.close();
  });

  test("a person who may only read may not run a workflow, and that is in the trail", async () => {
    const reader = await stack.token("mcp-gateway", { scopes: ["n8n:read"] });
    const ask = (tool: string, args = {}) => post(stack.gatewayUrl, reader, tool, args);
    expect(await (await ask("n8n_search_workflows")).text()).toContain("Weekly report");
    const refused = await ask("n8n_execute_workflow", { workflowId: "7kQm3pRsVb81YcEw" });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain("n8n:execute");
    const id = refused.headers.get("x-request-id");
    await eventually(async () => {
      expect(await stack.trail(`request_id = '${id}'`)).toEqual([
        expect.objectContaining({ service: "mcp-gateway", tool: "n8n_execute_workflow", decision: "denied" }),
      ]);
    });
  });
});

describe("a flip", () => {
  test.each(["droplet", "workers"] as const)(
    "to %s, during calls and one long call through the gateway, breaks none of them",
    async (placement) => {
      const slow = {
        name: "coda_list_rows",
        arguments: { doc: SEEDED_DOC, table: "Tasks", columns: ["Task"], limit: 250 },
      };
      await stack.codaFaults({ latencyMs: 4_000, onlyPath: "/rows" });
      const stream = await openStream({ url: stack.gatewayUrl, token, call: slow });
      const caller = startCaller({
        url: stack.gatewayUrl,
        token,
        rate: 10,
        call: { name: "coda_list_docs", arguments: {} },
      });
      await stack.must("flip", "coda", placement);
      const traffic = await caller.stop();
      process.stdout.write(summary(`flip to ${placement} through the gateway`, traffic));
      expect(traffic.failures, stack.cloudLog).toEqual([]);
      expect(await stream.ended).toMatchObject({ complete: true });
      await stack.codaFaults({});
    },
  );
});
