import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../oauth-broker/testing/service-client.ts";
import { eventOf } from "../oauth-broker/testing/trail-of.ts";
import type { ServerConfig } from "./config.ts";
import { modern, modernPost } from "./testing/gateway-clients.ts";
import * as odd from "./testing/odd-servers.ts";
import { shownTools } from "./testing/shown-tools.ts";
import { TestGateway } from "./testing/test-gateway.ts";

/** One server of every kind of trouble, all at once behind one gateway: none hides another one, and each is explained. */

const LIST_TIMEOUT_MS = 1_500;

const troubles: Record<string, { start: () => Promise<{ url: string; close(): Promise<void> }>; reason: string }> = {
  hanging: { start: odd.hangingServer, reason: "Hanging did not answer within 1.5 s." },
  slow: { start: () => odd.slowServer(5_000), reason: "Slow did not answer within 1.5 s." },
  garbage: { start: odd.garbageServer, reason: "Garbage did not answer with MCP." },
  webpage: { start: odd.htmlServer, reason: "Webpage did not answer with MCP." },
  failing: { start: () => odd.statusServer(500), reason: "Failing answered with HTTP 500." },
  strict: { start: () => odd.statusServer(401), reason: "Strict answered with HTTP 401." },
  busy: { start: () => odd.statusServer(429, { "retry-after": "7" }), reason: "Busy answered with HTTP 429." },
  huge: { start: () => odd.hugeServer(), reason: "Huge sent more than 4 MB for a list." },
  gone: { start: deadServer, reason: "Gone cannot be reached." },
};
const names = Object.keys(troubles);

/** An address where nobody listens. */
async function deadServer() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}/mcp`, close: async () => {} };
}

let started: { name: string; url: string; close(): Promise<void> }[] = [];
let cut: odd.OddServer;
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  started = await Promise.all(names.map(async (name) => ({ name, ...(await troubles[name]!.start()) })));
  cut = await odd.cutServer();
  const server = (name: string, url: string): ServerConfig => ({
    name,
    title: name[0]!.toUpperCase() + name.slice(1),
    url,
    transport: "auto",
    auth: { kind: "none" },
    scopes: [{ name: `${name}:use`, description: "Use it" }],
  });
  gateway = await TestGateway.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:read", ...[...names, "cut"].map((name) => `${name}:use`)] }],
    servers: [...started.map(({ name, url }) => server(name, url)), server("cut", cut.url)],
    config: { listTimeoutMs: LIST_TIMEOUT_MS, callTimeoutMs: 2_000 },
  });
  token = await gateway.tokenFor("ada", ["coda:read", ...[...names, "cut"].map((name) => `${name}:use`)]);
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([...started, cut].map((server) => server?.close()));
});

const list = async () => {
  const begun = performance.now();
  const response = await modernPost(gateway.origin, token, "tools/list");
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  const { result } = (await response.json()) as any;
  return { result, took: performance.now() - begun };
};

describe("while servers are in trouble", () => {
  test("the tools of the others are listed, in time, and each missing server is named with its reason", async () => {
    const { result, took } = await list();
    const own = result.tools.map(({ name }: { name: string }) => name);
    expect(own).toEqual([...shownTools("coda", ["coda:read"]), "cut_cut"]);
    expect(result._meta["hybrid-mcp/missing"]).toEqual(
      names.map((name) => ({ server: name, reason: troubles[name]!.reason })),
    );
    expect(took).toBeLessThan(LIST_TIMEOUT_MS + 1_500);
    expect(result.ttlMs).toBe(5_000);
  });

  test("the reasons hold no address and no secret", async () => {
    const { result } = await list();
    expect(JSON.stringify(result._meta)).not.toMatch(/127\.0\.0\.1|localhost|Bearer/);
  });

  test("a call that fails says what to do next", async () => {
    const told = async (tool: string) => {
      const { error } = (await (await post(gateway.origin, token, tool)).json()) as { error: { message: string } };
      return error.message;
    };
    expect(await told("failing_anything")).toBe("Failing answered with HTTP 500. Try again in a while.");
    expect(await told("strict_anything")).toBe("Strict answered with HTTP 401.");
  });

  test.each(names)("a call of %s is answered with an error that says why, and is in the trail", async (name) => {
    const response = await post(gateway.origin, token, `${name}_anything`);
    expect(response.status).toBe(200);
    const { error } = (await response.json()) as { error: { code: number; message: string } };
    expect(error.code).toBe(-32603);
    expect(error.message).toContain(troubles[name]!.reason);
    const id = response.headers.get("x-request-id");
    const event = await eventOf(gateway.broker, {}, ({ requestId }) => requestId === id);
    expect(event).toMatchObject({ decision: "failed", service: "mcp-gateway", tool: `${name}_*` });
  });

  test("calls of the others work", async () => {
    expect(await (await post(gateway.origin, token, "coda_list_docs")).text()).toContain("Project Tracker");
  });

  test("a server that breaks off in the middle of an answer ends that answer only", async () => {
    const params = { name: "cut_cut", arguments: {}, _meta: { progressToken: "p" } };
    const response = await modernPost(gateway.origin, token, "tools/call", params);
    await response.text().catch(() => undefined);
    expect(await (await post(gateway.origin, token, "coda_list_docs")).text()).toContain("Project Tracker");
  });

  test("a server that keeps failing is left alone for a while: lists wait for it no longer, and people see that it is down", async () => {
    for (let tries = 0; tries < 2; tries++) await list();
    const { result, took } = await list();
    expect(took).toBeLessThan(1_000);
    const hanging = result._meta["hybrid-mcp/missing"].find(({ server }: { server: string }) => server === "hanging");
    expect(hanging.reason).toMatch(/^Hanging did not answer within 1.5 s. It is asked again in \d+ s.$/);
    const { servers } = (await (await fetch(`${gateway.origin}/mcp/servers`)).json()) as {
      servers: { name: string; health: string }[];
    };
    const health = Object.fromEntries(servers.map(({ name, health }) => [name, health]));
    expect(health).toMatchObject({ coda: "healthy", hanging: "down", strict: "healthy" });
    const client = await modern(gateway.origin, token);
    expect(client.getInstructions()).toMatch(/Not available at the moment: .*hanging/);
    await client.close();
    const call = await post(gateway.origin, token, "hanging_anything");
    expect(Number(call.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});
