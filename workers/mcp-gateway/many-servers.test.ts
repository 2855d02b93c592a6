import { readdirSync, readFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { ServerConfig } from "./config.ts";
import { modernPost } from "./testing/gateway-clients.ts";
import { type ModernFixture, serveModern } from "./testing/serve-modern.ts";
import { TestGateway } from "./testing/test-gateway.ts";

/** Fifty servers with twenty tools each behind one gateway: what a list takes, and how much memory it needs. */

const SERVERS = 50;
const TOOLS = 20;
/** Of a Worker (https://developers.cloudflare.com/workers/platform/limits/#memory), in bytes. */
const MEMORY_LIMIT = 128 * 1024 * 1024;

const names = Array.from({ length: SERVERS }, (_, i) => `server-${i}`);
let fixture: ModernFixture;
let gateway: TestGateway;
let token: string;

/** As large as tools of real servers are. */
function manyTools(): McpServer {
  const mcp = new McpServer({ name: "many", version: "1" });
  const text = z
    .string()
    .max(500)
    .describe("What to look for, in words or as a quoted phrase; the best matches come first");
  for (let i = 0; i < TOOLS; i++) {
    mcp.registerTool(
      `search_things_${i}`,
      {
        title: `Search things ${i}`,
        description: "Finds things by words in their names and texts, newest first, with their ids and links. ".repeat(
          3,
        ),
        inputSchema: z.strictObject({ query: text, place: text, sort: text, limit: z.int().min(1).max(100) }),
        annotations: { readOnlyHint: true },
      },
      () => ({ content: [] }),
    );
  }
  return mcp;
}

beforeAll(async () => {
  fixture = await serveModern(manyTools);
  const servers = names.map(
    (name): ServerConfig => ({
      name,
      title: name,
      url: fixture.url,
      transport: "auto",
      auth: { kind: "none" },
      scopes: [{ name: `${name}:use`, description: "Use it" }],
    }),
  );
  const scopes = names.map((name) => `${name}:use`);
  gateway = await TestGateway.start({
    policy: [{ people: ["github:ada"], scopes }],
    servers,
    config: { listTimeoutMs: 20_000 },
  });
  token = await gateway.tokenFor("ada", scopes);
});
afterAll(async () => {
  await gateway?.close();
  await fixture?.close();
});

/** Resident memory of this process's workerds, in bytes: of the gateway, and of the broker and services beside it. */
function workerdMemory(): number {
  const statuses = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/status`, "utf8");
      } catch {
        return [];
      }
    });
  const own = statuses.filter((text) => /^Name:\tworkerd$/m.test(text) && text.includes(`PPid:\t${process.pid}\n`));
  return own.reduce((sum, text) => sum + 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0), 0);
}

test("a list of 1 000 tools of 50 servers is whole and in order, cold and kept, and fits into a Worker's memory", async () => {
  const list = async () => {
    const begun = performance.now();
    const response = await modernPost(gateway.origin, token, "tools/list");
    const text = await response.text();
    const took = performance.now() - begun;
    // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
    return { result: (JSON.parse(text) as any).result, took, bytes: text.length };
  };
  const before = workerdMemory();
  expect(before).toBeGreaterThan(0);
  const cold = await list();
  const expected = names.flatMap((name) => Array.from({ length: TOOLS }, (_, i) => `${name}_search_things_${i}`));
  expect(cold.result.tools.map(({ name }: { name: string }) => name)).toEqual(expected);
  expect(cold.result._meta?.["hybrid-mcp/missing"]).toBeUndefined();

  const asked = fixture.seen.length;
  const kept = await list();
  expect(kept.result).toEqual(cold.result);
  expect(fixture.seen).toHaveLength(asked);

  for (let i = 0; i < 10; i++) await list();
  const grown = workerdMemory() - before;
  process.stdout.write(
    `1000 tools of 50 servers (${Math.round(cold.bytes / 1000)} KB): ${Math.round(cold.took)} ms cold, ` +
      `${Math.round(kept.took)} ms kept, ${Math.round(grown / 1_000_000)} MB more memory\n`,
  );
  expect(grown).toBeLessThan(MEMORY_LIMIT);
});
