import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCodaStandIn } from "../../local/standins/coda/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { read } from "./audit/trail.ts";
import { post } from "./testing/service-client.ts";
import { TestBroker } from "./testing/test-broker.ts";

/** What one tool call costs on Workers: the free plan's budget, counted at the real broker in front of a real service. */

let standIns: StandInServer;
let broker: TestBroker;
let token: string;

beforeAll(async () => {
  const coda = createCodaStandIn({
    tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
    log: () => {},
  });
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { coda: coda.handler } });
  const apiUrl = `${standIns.origin}/coda/apis/v1`;
  const { contents } = await bundleWorker(`${import.meta.dirname}/../coda`);
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:read"] }],
    contents: (await bundleWorker(`${import.meta.dirname}/testing/counted`)).contents,
    services: { coda: { contents, bindings: { CODA_API_URL: apiUrl } } },
    bindings: { SHARED_CONNECTIONS: JSON.stringify({ coda: "coda-token" }) },
    config: () => ({ connections: { coda: { apiUrl } } }),
  });
  token = await broker.tokenFor("ada", ["coda:read"], broker.config.resources.coda);
});
afterAll(async () => {
  await broker?.close();
  await standIns?.close();
});

/** Calls a tool, and answers what that cost, the audit event after the answer included. */
async function costOfCall(): Promise<Record<string, number>> {
  const before = (await calls()).length;
  await broker.rpc("taken");
  const response = await post(broker.serviceUrls.coda!, token, "list_docs");
  expect(await response.text()).toContain("Project Tracker");
  await vi.waitFor(async () => expect(await calls()).toHaveLength(before + 1));
  return (await broker.rpc<Record<string, number>>("taken"))!;
}
const calls = async () =>
  (await read(await broker.database(), { limit: 100 })).events.filter(({ kind }) => kind === "call");

test("a call costs one RPC on the path and one after it, one KV read (one more for the connection), and no KV write", async () => {
  const one = { "RPC.authorize": 1, "RPC.record": 1, "KV.get": 2, "D1.prepare": 1, "D1.batch": 1 };
  expect(await costOfCall()).toEqual(one);
  expect(await costOfCall()).toEqual({ ...one, "KV.get": 1 });
});

test("a call that is refused costs one RPC and one KV read", async () => {
  await broker.rpc("taken");
  const response = await post(broker.serviceUrls.coda!, `${token}x`, "list_docs");
  expect(response.status).toBe(401);
  expect(await broker.rpc("taken")).toEqual({ "RPC.authorize": 1, "KV.get": 1 });
});
