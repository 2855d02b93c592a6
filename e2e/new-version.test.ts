import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../local/cli/stack.ts";
import { openStream, startCaller, summary } from "./support/callers.ts";
import { type CheckoutCopy, copyCheckout } from "./support/checkout-copy.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** What is on the droplet is changed under load: the new container starts beside the old one, and no call fails. */

let stack: TestStack;
let copy: CheckoutCopy;
let token: string;

beforeAll(async () => {
  const flags = { "services.coda.placement": "droplet", "tunnel.replicas": 2, "cutover.gateSeconds": 30 };
  stack = await TestStack.create({ ...ONLY_CODA, ...flags });
  await stack.must("up");
  token = await stack.token();
  copy = copyCheckout();
});
afterAll(async () => {
  await stack?.destroy();
  copy?.remove();
});

const status = async () => {
  const { services } = JSON.parse((await stack.must("status", "--json", "--no-drift")).output);
  const { version, servedBy } = services.find(({ service }: { service: string }) => service === "coda");
  return { version, servedBy };
};

/** Runs a command while Coda is called 20 times a second and a stream is open that lasts longer. */
async function underLoad(what: string, command: string, ...args: string[]) {
  await stack.codaFaults({ latencyMs: 3000, onlyPath: "/rows" });
  const target = { url: `${stack.codaUrl}/mcp`, token };
  const rows = { doc: "pT7kXw2LmQ", table: "Tasks", columns: ["Task"], limit: 250 };
  const stream = await openStream({ ...target, call: { name: "list_rows", arguments: rows } });
  const caller = startCaller({ ...target, rate: 20, call: { name: "list_docs", arguments: {} } });
  const { seconds } = await stack.must(command, ...args);
  const traffic = await caller.stop();
  const streamed = await stream.ended;
  await stack.codaFaults({});
  process.stdout.write(summary(`${what} in ${seconds.toFixed(1)} s`, traffic));
  expect(traffic.failures, stack.cloudLog).toEqual([]);
  expect(streamed).toMatchObject({ complete: true });
  return traffic;
}

/** What a client is offered. */
async function toolNames(): Promise<string[]> {
  const client = new Client({ name: "e2e", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${stack.codaUrl}/mcp`), { requestInit }));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

/** Changes the bundle of Coda, and with it version and image. */
function newBundle(mark: string): void {
  copy.edit("workers/coda/worker.ts", "instructions:", `instructions: "${mark} " +`);
  stack.checkout = copy.path;
}

test("a new image of a service on the droplet costs no call, and the old container goes", async () => {
  const before = await status();
  const old = await (await stack.container("coda")).inspect();
  newBundle("first");
  await underLoad("new image", "up");
  const after = await status();
  expect(after.servedBy).toBe("droplet");
  expect(after.version).not.toBe(before.version);
  const now = await (await stack.container("coda")).inspect();
  expect([now.Image, now.Name]).not.toEqual([old.Image, old.Name]);
});

test("a new image and a flip to Workers in one go cost no call", async () => {
  newBundle("second");
  await underLoad("new image and flip to workers", "flip", "coda", "workers");
  expect((await status()).servedBy).toBe("workers");
  expect(await stack.containers("coda")).toEqual([]);
});

test("a new image and a flip to the droplet in one go cost no call", async () => {
  newBundle("third");
  await underLoad("new image and flip to droplet", "flip", "coda", "droplet");
  expect((await status()).servedBy).toBe("droplet");
});

describe("a new image that does not start leaves the old container where it is", () => {
  let before: { version: string; servedBy: string };
  let old: string;

  /** An update to an image that never becomes healthy fails, and no call does. */
  async function failsUnnoticed(): Promise<void> {
    const call = { name: "list_docs", arguments: {} };
    const caller = startCaller({ url: `${stack.codaUrl}/mcp`, token, rate: 20, call });
    const { code, output } = await stack.run("up");
    const traffic = await caller.stop();
    expect(code).toBe(1);
    expect(output).toMatch(/Container \S+-coda-\S+ did not become healthy within 30 s/);
    expect(output).not.toMatch(/Conflict|\n\s+at /);
    expect(traffic.failures, stack.cloudLog).toEqual([]);
    expect((await stack.containers("coda")).map(({ id }) => id)).toEqual([old]);
    expect(await status()).toEqual(before);
  }

  test("at the first update, and when that is repeated", async () => {
    before = await status();
    old = (await (await stack.container("coda")).inspect()).Id;
    const bad = copyCheckout();
    try {
      bad.edit("droplet/workerd/service.Dockerfile", "COPY worker.js config.capnp ./", "COPY worker.js ./");
      bad.edit("droplet/workerd/service.Dockerfile", "ENV PORT", "ENV BROKEN=1 PORT");
      stack.checkout = bad.path;
      await failsUnnoticed();
      await failsUnnoticed();
    } finally {
      stack.checkout = copy.path;
      bad.remove();
    }
  });

  test("when the image is as it was again, at which nothing is made or deleted", async () => {
    const { output } = await stack.must("up");
    expect(output).not.toMatch(/Container coda \S+ \(/);
    expect((await (await stack.container("coda")).inspect()).Id).toBe(old);
    expect(await status()).toEqual(before);
  });

  test("until another one does", async () => {
    newBundle("fourth");
    await underLoad("new image after one that did not start", "up");
    expect((await status()).version).not.toBe(before.version);
    expect(await stack.containers("coda")).toHaveLength(1);
  });
});

test("other tools, of the same version, cost no call, and are what there is when the update is done", async () => {
  const before = await status();
  const old = await (await stack.container("coda")).inspect();
  const tools = await toolNames();
  expect(tools).toContain("delete_row");
  stack.stack.setFlag(["services", "coda", "tools"], { readOnly: true });
  await underLoad("other tools", "up");
  expect(await status()).toEqual(before);
  const now = await toolNames();
  expect(now).toContain("list_docs");
  expect(now).not.toContain("delete_row");
  expect((await (await stack.container("coda")).inspect()).Name).not.toBe(old.Name);
});

test("connectors that change cost no call: they connect before the old ones go", async () => {
  const old = await Promise.all(["cloudflared", "cloudflared-2"].map(async (role) => (await stack.container(role)).id));
  copy.edit("infra/droplet/connector.ts", 'startPeriod: "10s"', 'startPeriod: "11s"');
  await underLoad("new connectors", "up");
  for (const role of ["cloudflared", "cloudflared-2"]) expect(old).not.toContain((await stack.container(role)).id);
});

test("one of two connectors that is lost takes no service down", async () => {
  const lost = await stack.container("cloudflared-2");
  await lost.kill();
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${stack.codaUrl}/health`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  stack.checkout = repositoryRoot;
});
