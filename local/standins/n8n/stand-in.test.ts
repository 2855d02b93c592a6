import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, describe, expect, it } from "vitest";
import { type StandInServer, serveStandIns } from "../serve.ts";
import { createN8nStandIn } from "./stand-in.ts";

const KEY = "n8n-a-key-for-the-test";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function started() {
  const logged: string[] = [];
  const standIn = createN8nStandIn({ tokens: [KEY], log: (line) => logged.push(line) });
  const server: StandInServer = await serveStandIns({
    host: "127.0.0.1",
    port: 0,
    standIns: { n8n: standIn.handler },
  });
  cleanups.push(() => server.close());
  return { ...standIn, logged, url: `${server.origin}/n8n/mcp-server/http` };
}

async function connected(url: string, key = KEY) {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  });
  await client.connect(transport as never);
  cleanups.push(() => client.close());
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  const call = async (name: string, args: object = {}): Promise<any> =>
    client.callTool({ name, arguments: args as Record<string, unknown> });
  return { client, call };
}

describe("the stand-in of n8n's MCP", () => {
  it("lets in nobody without a key, and says where to get one", async () => {
    const { url } = await started();
    const response = await fetch(url, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer realm="n8n MCP Server", resource_metadata="http/);
    await expect(connected(url, "another")).rejects.toMatchObject({ code: 401 });
  });

  it("has the tools that n8n documents, and tells which only read", async () => {
    const { client } = await connected((await started()).url);
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint ?? false])).toEqual([
      ["search_workflows", true],
      ["get_workflow_details", true],
      ["execute_workflow", false],
      ["get_workflow_execution", true],
    ]);
  });

  it("finds workflows by name and shows one", async () => {
    const { call } = await connected((await started()).url);
    const found = await call("search_workflows", { query: "REPORT" });
    expect(found.structuredContent).toMatchObject({
      count: 1,
      data: [{ name: "Weekly report", availableInMCP: true }],
    });
    expect(JSON.parse(found.content[0].text)).toEqual(found.structuredContent);
    const [{ id }] = found.structuredContent.data;
    const shown = await call("get_workflow_details", { workflowId: id });
    expect(shown.structuredContent).toMatchObject({
      workflow: { id, name: "Weekly report", nodes: [{ type: "n8n-nodes-base.webhook" }] },
      triggerInfo: expect.stringContaining("webhook"),
    });
    expect(await call("get_workflow_details", { workflowId: "nosuch" })).toMatchObject({
      isError: true,
      content: [{ text: "Workflow not found" }],
    });
  });

  it("runs a workflow, which another client finds afterwards", async () => {
    const { url } = await started();
    const { call } = await connected(url);
    const [{ id }] = (await call("search_workflows", { query: "Weekly" })).structuredContent.data;
    const inputs = { type: "webhook", webhookData: { method: "POST", body: { week: 47 } } };
    const { executionId, status } = (await call("execute_workflow", { workflowId: id, inputs })).structuredContent;
    expect(status).toBe("success");
    const other = await connected(url);
    expect(
      (await other.call("get_workflow_execution", { workflowId: id, executionId })).structuredContent,
    ).toMatchObject({
      execution: { id: executionId, workflowId: id, mode: "production", status: "success" },
    });
    expect(
      (await other.call("get_workflow_execution", { workflowId: id, executionId: "99" })).structuredContent,
    ).toMatchObject({
      execution: null,
      error: expect.stringContaining("99"),
    });
  });

  it("runs a workflow that is not published by hand only", async () => {
    const { call } = await connected((await started()).url);
    const [{ id }] = (await call("search_workflows", { query: "Try out" })).structuredContent.data;
    expect((await call("execute_workflow", { workflowId: id })).structuredContent).toMatchObject({ status: "error" });
    const manual = { workflowId: id, executionMode: "manual" };
    expect((await call("execute_workflow", manual)).structuredContent).toMatchObject({ status: "success" });
  });

  it("fails on purpose when it is told to, and says so when asked for what it does not have", async () => {
    const { url, faults, logged } = await started();
    faults.set({ failNext: { status: 503, times: 1 } });
    await expect(connected(url)).rejects.toThrow("Service Unavailable");
    await connected(url);
    expect((await fetch(url.replace(/http$/, "sse"))).status).toBe(404);
    expect(logged).toEqual(["stand-in of n8n's MCP: no such endpoint: GET /n8n/mcp-server/sse"]);
  });
});
