import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Config } from "../config.ts";
import type { DeployedService } from "../service.ts";
import { colourHooks, cutoverHooks } from "./cutover.ts";

/** The hooks' own work, without an engine: a server stands for the tunnel's end of the edge. */

/** What the tunnel leads to, answer by answer; the last one stays. */
let revisions: string[] = [];
const asked: string[] = [];
/** What clients get at the public URL, where that is an error. */
let clientsGet: number | undefined;
const edge = createServer((request, response) => {
  if (clientsGet && request.headers.host?.startsWith("coda-mcp.")) {
    response.statusCode = clientsGet;
    response.end("nobody is there");
    return;
  }
  const revision = revisions.length > 1 ? revisions.shift() : revisions[0];
  asked.push(`${request.headers.host}${request.url} ${revision}`);
  response.setHeader("x-served-by", "droplet");
  response.end(JSON.stringify({ status: "ok", service: "coda", version: "1", placement: "droplet", revision }));
});
let config: Config;

beforeAll(async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "id", state: {} }), call: () => ({}) });
  // Mocks know no hooks; the tests run them.
  const register = (_: unknown, done: (error: null, reply: object) => void) => done(null, {});
  Object.assign(pulumi.runtime.getMonitor()!, { registerResourceHook: register });
  await once(edge.listen(0, "127.0.0.1"), "listening");
  const dial = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
  config = {
    domain: "example.com",
    publicUrls: {},
    cutover: { gateSeconds: 5, confirmSeconds: 0.5, dial },
  } as unknown as Config;
});
afterAll(() => edge.close());
beforeEach(() => {
  clientsGet = undefined;
});

const run = async (hook: unknown, args: object = {}) =>
  (hook as pulumi.ResourceHook).callback(args as pulumi.ResourceHookArgs);

test("after a container with other settings, an answer of the old one of the same version does not do", async () => {
  const coda = { service: "coda", version: "1", description: { revision: pulumi.output("new") }, container: {} };
  const { afterUpdate } = colourHooks(config, [coda as unknown as DeployedService], pulumi.output(null));
  revisions = ["old", "old", "new", "old", "new"];
  asked.length = 0;
  await run(afterUpdate![0]);
  const at = "gate-coda.example.com/health";
  expect(asked.slice(0, 6)).toEqual(["old", "old", "new", "old", "new", "new"].map((each) => `${at} ${each}`));
});

test("a route moves to the container that is meant, and to no other of its version", async () => {
  const args = {
    config,
    service: "coda" as const,
    version: "1",
    newSide: "https://gate-coda.example.com",
    engine: pulumi.output(null),
  };
  const { beforeUpdate, afterUpdate } = cutoverHooks({
    ...args,
    placement: "droplet",
    revision: pulumi.output("new"),
  });
  for (const [hook] of [beforeUpdate!, afterUpdate!]) {
    revisions = ["old", "new"];
    asked.length = 0;
    await run(hook);
    expect(asked.slice(0, 2).map((each) => each.split(" ")[1])).toEqual(["old", "new"]);
  }
});

/** The hooks of a route that is to move to a container that never comes. */
function unhealthy() {
  revisions = ["old"];
  return cutoverHooks({
    config: { ...config, cutover: { ...config.cutover, gateSeconds: 0.5 } },
    service: "coda",
    version: "1",
    newSide: "https://gate-coda.example.com",
    engine: pulumi.output(null),
    placement: "droplet",
    revision: pulumi.output("new"),
  });
}
/** As the engine gives them for a route that is there. */
const there = { oldInputs: { script: "coda" } };

test("a gate that is not passed keeps the route where clients are served, or there are none yet, or nobody is reached", async () => {
  const { beforeUpdate, beforeCreate } = unhealthy();
  const refused = "revision old, not new. The route was not moved; traffic stays where it was.";
  await expect(run(beforeUpdate![0], there)).rejects.toThrow(refused);
  clientsGet = 404;
  await expect(run(beforeUpdate![0], there)).rejects.toThrow(refused);
  clientsGet = 502;
  await expect(run(beforeCreate![0])).rejects.toThrow(refused);
});

test("a gate that is not passed does not keep the route at a side that is dead, and says so", async () => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  clientsGet = 502;
  await run(unhealthy().beforeUpdate![0], there);
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(
        /^coda: .+ Last answer: revision old, not new\. The route moves all the same: clients get HTTP 502 at https:\/\/coda-mcp\.example\.com where they are led now\.$/,
      ),
    ],
  ]);
});

test("a confirmation that fails says that the route has moved, and how it goes back", async () => {
  const { afterUpdate, afterCreate } = unhealthy();
  await expect(run(afterUpdate![0], there)).rejects.toThrow(
    /Last answer: revision old, not new\.\nThe route of coda has moved to droplet all the same\. .+: npm run flip -- coda workers --stack \w+$/,
  );
  await expect(run(afterCreate![0])).rejects.toThrow(/Last answer: revision old, not new\.$/);
});
