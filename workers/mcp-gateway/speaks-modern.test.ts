import { afterEach, expect, it } from "vitest";
import type { ServerConfig } from "./config.ts";
import { modernProbe } from "./speaks-modern.ts";
import {
  garbageServer,
  hangingServer,
  htmlServer,
  modernServer,
  type OddServer,
  sessionServer,
  sseServer,
  statusServer,
} from "./testing/odd-servers.ts";

const servers: OddServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function started(starting: Promise<OddServer>): Promise<OddServer> {
  const server = await starting;
  servers.push(server);
  return server;
}

const config = ({ url }: OddServer, transport: ServerConfig["transport"] = "auto"): ServerConfig => ({
  name: "odd",
  title: "Odd",
  url,
  transport,
  auth: { kind: "none" },
  scopes: [],
});
const access = (signal = new AbortController().signal) => ({
  headers: { "x-key": "k" },
  traceparent: "00-a-b-01",
  signal,
});

it("a server of MCP 2026-07-28 is found to be one, with the headers of that version and the gateway's own", async () => {
  const odd = await started(modernServer());
  expect(await modernProbe()(config(odd), access())).toBe(true);
  expect(odd.seen).toHaveLength(1);
  expect(odd.seen[0]!.headers).toMatchObject({
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "server/discover",
    "x-key": "k",
    traceparent: "00-a-b-01",
  });
});

it("a server of an older version is found not to be one, however it refuses", async () => {
  for (const starting of [sessionServer(), sseServer(), statusServer(404), statusServer(405)]) {
    expect(await modernProbe()(config(await started(starting)), access())).toBe(false);
  }
});

it("a server that is configured as HTTP+SSE is not asked", async () => {
  const odd = await started(sseServer());
  expect(await modernProbe()(config(odd, "sse"), access())).toBe(false);
  expect(odd.seen).toEqual([]);
});

it("an answer that tells nothing is an error, and is not remembered", async () => {
  const speaksModern = modernProbe();
  for (const [starting, words] of [
    [statusServer(401), "HTTP 401"],
    [statusServer(403), "HTTP 403"],
    [statusServer(429), "HTTP 429"],
    [statusServer(500), "HTTP 500"],
    [garbageServer(), "did not answer with MCP"],
    [htmlServer(), "did not answer with MCP"],
  ] as const) {
    const odd = await started(starting);
    await expect(speaksModern(config(odd), access())).rejects.toThrow(words);
    await expect(speaksModern(config(odd), access())).rejects.toThrow(words);
    expect(odd.seen).toHaveLength(2);
  }
  const hanging = await started(hangingServer());
  await expect(speaksModern(config(hanging), access(AbortSignal.timeout(50)))).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

it("an answer is remembered for ten minutes", async () => {
  let now = 0;
  const speaksModern = modernProbe(() => now);
  const odd = await started(modernServer());
  await speaksModern(config(odd), access());
  now = 599_999;
  expect(await speaksModern(config(odd), access())).toBe(true);
  expect(odd.seen).toHaveLength(1);
  now = 600_000;
  expect(await speaksModern(config(odd), access())).toBe(true);
  expect(odd.seen).toHaveLength(2);
});
