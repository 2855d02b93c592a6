import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Bundle } from "../bundle.ts";
import type { Config } from "../config.ts";
import { startHooks } from "../droplet/container-start.ts";
import type { Host } from "../droplet/host.ts";
import { uploadHooks } from "../edge/upload.ts";

/** What is told while an upload, or a container that starts, lets one wait; the engine does not run here. */

const said: string[] = [];
const config = { cutover: { uploadSeconds: 30, gateSeconds: 120 } } as Config;

/** A Docker Engine with one container that starts. */
const engine = createServer((request, response) => {
  const health = { Status: "starting", Log: [{ Output: "connection refused\n" }] };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ Name: request.url?.split("/")[2], State: { Status: "running", Health: health } }));
});

beforeAll(async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "id", state: {} }), call: () => ({}) });
  // Mocks know no hooks; the tests run them.
  const register = (_: unknown, done: (error: null, reply: object) => void) => done(null, {});
  Object.assign(pulumi.runtime.getMonitor()!, { registerResourceHook: register, registerErrorHook: register });
  vi.spyOn(pulumi.log, "info").mockImplementation(async (message) => void said.push(message));
  await once(engine.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => engine.close());
beforeEach(() => {
  said.length = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => vi.useRealTimers());

const run = async (hook: unknown, args: object = {}) =>
  (hook as pulumi.ResourceHook).callback(args as pulumi.ResourceHookArgs);

test("an upload says that it waits, and how long it took", async () => {
  const { beforeUpdate, afterUpdate } = uploadHooks(config, "coda", { version: "1" } as Bundle);
  await run(beforeUpdate![0]);
  vi.advanceTimersByTime(7_000);
  await run(afterUpdate![0]);
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([
    "coda: version 1 is being uploaded; Cloudflare has not answered for 5 s of 30 s",
    "coda: version 1 is uploaded (7.0 s)",
  ]);
});

test("an upload that took longer than it may fails the update", async () => {
  const { beforeCreate, afterCreate } = uploadHooks(config, "coda", { version: "1" } as Bundle);
  await run(beforeCreate![0]);
  vi.advanceTimersByTime(31_000);
  await expect(run(afterCreate![0])).rejects.toThrow(
    "coda: the upload took 31 s, more than cutover.uploadSeconds (30 s); nothing was moved.",
  );
});

test("a container that starts says what its health check said last, until it is healthy or has failed", async () => {
  const host = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  const connection = pulumi.output({ host, sshOptions: [] as string[] });
  const { beforeCreate, afterCreate, onError } = startHooks(config, { connection } as Host, "coda");
  const last = "the container is starting (5 s of 120 s), its health check said: connection refused";
  for (const end of [afterCreate, onError]) {
    said.length = 0;
    await run(beforeCreate![0], { newInputs: { name: "acme-coda-1" } });
    vi.advanceTimersByTime(5_000);
    await vi.waitFor(() => expect(said).toEqual([`coda: ${last}`]));
    await run(end![0]);
    vi.advanceTimersByTime(60_000);
    const healthy = expect.stringMatching(/^coda: the container is healthy \(5\.\d s\)$/);
    expect(said.slice(1)).toEqual(end === afterCreate ? [healthy] : []);
  }
});
