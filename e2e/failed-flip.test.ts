import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { repositoryRoot } from "../local/cli/stack.ts";
import { startCaller, summary } from "./support/callers.ts";
import { type CheckoutCopy, copyCheckout } from "./support/checkout-copy.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** A new side that is not right: the flip fails, and nobody notices but the one who flipped. */

let stack: TestStack;
let copy: CheckoutCopy;

beforeAll(async () => {
  stack = await TestStack.create({ ...ONLY_CODA, "cutover.gateSeconds": 8 });
  await stack.must("up");
});
afterAll(() => stack?.destroy());
beforeEach(() => {
  copy = copyCheckout();
  stack.checkout = copy.path;
});
afterEach(() => copy.remove());

const containers = async () => {
  const filters = { label: [`hybrid-mcp=${stack.stack.name}`] };
  return (await new Docker().listContainers({ all: true, filters })).map(({ Names }) => Names[0]);
};
const placement = async () => {
  const { services } = JSON.parse((await stack.must("status", "--json", "--no-drift")).output);
  const { placement, servedBy, health } = services.find(({ service }: { service: string }) => service === "coda");
  return { placement, servedBy, health };
};

/** Tries a flip that has to fail, under load, and checks that nothing but the exit code tells of it. */
async function failsUnnoticed(to: "workers" | "droplet", from: "workers" | "droplet"): Promise<string> {
  const call = { name: "list_docs", arguments: {} };
  const caller = startCaller({ url: `${stack.codaUrl}/mcp`, token: await stack.token(), rate: 20, call });
  const { code, output, seconds } = await stack.run("flip", "coda", to);
  const traffic = await caller.stop();
  process.stdout.write(summary(`failed flip to ${to} in ${seconds.toFixed(1)} s`, traffic));
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`^Coda was not moved to ${to}: .+ It is placed on ${from}, as before\\.$`, "m"));
  expect(traffic.failures, stack.cloudLog).toEqual([]);
  expect(Object.keys(traffic.servedBy)).toEqual([from]);
  expect(await placement()).toEqual({ placement: from, servedBy: from, health: "ok" });
  return output;
}

const noStackTrace = /^(?!.*\n\s+at )/s;

test("an image that does not start: traffic stays on Workers, and no container is left", async () => {
  copy.edit("droplet/workerd/service.Dockerfile", "COPY worker.js config.capnp ./", "COPY worker.js ./");
  const output = await failsUnnoticed("droplet", "workers");
  expect(output).toMatch(noStackTrace);
  expect(output).toMatch(/docker:index:Container coda .*(failed|error)/);
  expect(await containers()).toEqual([]);
});

test("a container that is up but not right: the gate says what it answered", async () => {
  copy.edit("infra/service.ts", '...vars("droplet"),', '...vars("workers"),');
  const output = await failsUnnoticed("droplet", "workers");
  expect(output).toMatch(noStackTrace);
  expect(output).toMatch(
    /gate-coda\.hybrid-mcp\.test did not become healthy on droplet within 9 s\. Last answer: served by workers/,
  );
  expect(output).toContain("No route was moved to the droplet, and no container taken away.");
  expect(await containers()).toEqual([]);
});

test("a container that does not reach its broker: the gate says so", async () => {
  copy.edit("infra/service.ts", "BROKER_URL: config.auth.dropletUrl ?? broker.url", 'BROKER_URL: "http://127.0.0.1:1"');
  const output = await failsUnnoticed("droplet", "workers");
  expect(output).toMatch(/Last answer: HTTP 503: .*"broker":"unreachable/);
  expect(await containers()).toEqual([]);
});

test("a public URL that the new side never answers at: the route goes back", async () => {
  copy.edit(
    "infra/cutover/cutover.ts",
    '      ask: ask("/health"),',
    '      ask: ask("/health"),\n      expected: { ...(await expected()), version: "9.9.9" },',
  );
  // The route has moved when the confirmation fails, so for a moment the droplet answers.
  const { code, output } = await stack.run("flip", "coda", "droplet");
  expect(code).toBe(1);
  expect(output).toMatch(
    /localhost:\d+ did not become healthy on droplet within \d+ s\. Last answer: version .*, not 9\.9\.9/,
  );
  stack.checkout = repositoryRoot;
  await stack.must("up");
  expect(await placement()).toEqual({ placement: "workers", servedBy: "workers", health: "ok" });
  expect(await containers()).toEqual([]);
});

test("a bundle that never becomes healthy: traffic stays on the droplet, and the container with it", async () => {
  stack.checkout = repositoryRoot;
  await stack.must("flip", "coda", "droplet");
  stack.checkout = copy.path;
  copy.edit("infra/service.ts", 'vars: vars("workers")', 'vars: vars("droplet")');
  const output = await failsUnnoticed("workers", "droplet");
  expect(output).toMatch(/workers\.dev did not become healthy on workers within 8 s\. Last answer: served by droplet/);
  expect(await containers()).toHaveLength(2);
});

test("a Worker that does not even start is refused by the API, in its own words", async () => {
  copy.edit(
    "workers/coda/worker.ts",
    "export default createService",
    'throw new Error("out of order");\nexport default createService',
  );
  const output = await failsUnnoticed("workers", "droplet");
  expect(output).toMatch(/out of order/);
});
