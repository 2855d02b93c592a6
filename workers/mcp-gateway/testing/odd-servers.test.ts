import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, expect, it } from "vitest";
import { hugeServer, manyServers, modernServer, sessionServer, slowServer, sseServer } from "./odd-servers.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function started<Server extends { close(): Promise<void> }>(starting: Promise<Server>): Promise<Server> {
  const server = await starting;
  cleanups.push(() => server.close());
  return server;
}

/** A client of MCP 2026-07-28 that does not fall back to an older version. */
async function modern(url: string) {
  const client = new ModernClient(
    { name: "test", version: "1" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  cleanups.push(() => client.close());
  await client.connect(new ModernTransport(new URL(url)));
  return client;
}

async function legacy(url: string) {
  const client = new LegacyClient({ name: "test", version: "1" });
  cleanups.push(() => client.close());
  const at = new URL(url);
  const transport = at.pathname === "/sse" ? new SSEClientTransport(at) : new StreamableHTTPClientTransport(at);
  await client.connect(transport as never);
  return client;
}

it("the modern server is used by a client of MCP 2026-07-28, progress and all", async () => {
  const { url } = await started(modernServer());
  const client = await modern(url);
  const progress: unknown[] = [];
  const onprogress = (each: unknown) => progress.push(each);
  expect(await client.callTool({ name: "count", arguments: { to: 2 } }, { onprogress })).toMatchObject({
    content: [{ text: "2" }],
  });
  expect(progress).toEqual([
    { progress: 1, total: 2 },
    { progress: 2, total: 2 },
  ]);
  expect((await client.getPrompt({ name: "greet", arguments: { name: "Ada" } })).messages).toHaveLength(1);
  expect((await client.readResource({ uri: "odd://item/1" })).contents).toMatchObject([{ text: "an item" }]);
});

it("the legacy servers are used by a client of MCP 2025-11-25, and refuse one of MCP 2026-07-28", async () => {
  for (const starting of [sessionServer(), sseServer()]) {
    const { url } = await started(starting);
    const client = await legacy(url);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("echo");
    await expect(modern(url)).rejects.toThrow();
  }
});

it("small servers speak both versions, each at its own path, slowly if they are told to", async () => {
  const many = await started(manyServers(3, 120));
  // The client of MCP 2026-07-28 reads all pages.
  expect((await (await modern(many.urls[2]!)).listTools()).tools).toHaveLength(120);
  const client = await legacy(many.urls[2]!);
  const { tools, nextCursor } = await client.listTools();
  expect(tools).toHaveLength(100);
  expect((await client.listTools({ cursor: nextCursor! })).tools).toHaveLength(20);
  expect(await client.callTool({ name: "tool_7" })).toMatchObject({ content: [{ text: "tool_7" }] });
  expect(new Set(many.urls).size).toBe(3);
  const { url } = await started(slowServer(30));
  const before = performance.now();
  await (await modern(url)).listTools();
  expect(performance.now() - before).toBeGreaterThan(50);
});

it("the huge server makes its list as it is read, and not before", async () => {
  const huge = await started(hugeServer(100_000_000));
  const controller = new AbortController();
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await fetch(huge.url, { method: "POST", body, signal: controller.signal });
  await response.body!.getReader().read();
  controller.abort();
  expect(huge.sent()).toBeLessThan(20_000_000);
});
