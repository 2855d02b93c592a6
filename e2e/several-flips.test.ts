import type { Placement, ServiceName } from "@hybrid-mcp/catalogue";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { repositoryRoot } from "../local/cli/stack.ts";
import { startCaller, summary, type Traffic } from "./support/callers.ts";
import { type CheckoutCopy, copyCheckout } from "./support/checkout-copy.ts";
import { remains } from "./support/remains.ts";
import { type CommandResult, TestStack } from "./support/test-stack.ts";

/** Flips of several services in one command, in every direction; and one that fails beside one that does not. */

const SERVICES = ["coda", "firecrawl"] as const;
type Placements = Record<(typeof SERVICES)[number], Placement>;

let stack: TestStack;
let copy: CheckoutCopy;
const tokens: Partial<Record<ServiceName, string>> = {};

beforeAll(async () => {
  stack = await TestStack.create({ "services.github.enabled": false, "cutover.gateSeconds": 15 });
  await stack.must("up");
  for (const service of SERVICES) tokens[service] = await stack.token(service);
});
afterAll(() => stack?.destroy());
beforeEach(() => {
  copy = copyCheckout();
});
afterEach(() => {
  stack.checkout = repositoryRoot;
  copy.remove();
});

const call = {
  coda: () => ({ name: "list_docs", arguments: {} }),
  firecrawl: () => ({ name: "scrape", arguments: { url: `${stack.standInsUrl}/firecrawl/site/` } }),
};

/** Where the flags place the services, and who answers for them. */
async function placements(): Promise<Placements[]> {
  const { services } = JSON.parse((await stack.must("status", "--json")).output);
  const found = SERVICES.map((name) => services.find(({ service }: { service: string }) => service === name));
  expect(found.map(({ health }) => health)).toEqual(["ok", "ok"]);
  const by = (key: "placement" | "servedBy") =>
    Object.fromEntries(SERVICES.map((name, i) => [name, found[i][key]])) as Placements;
  return [by("placement"), by("servedBy")];
}

/** Runs flips while every service is called 10 times a second, and checks that no call fails and where each is then. */
async function flip(words: string, then: Placements): Promise<CommandResult> {
  const callers = SERVICES.map((service) =>
    startCaller({
      url: `${stack.stack.publicUrl(service)}/mcp`,
      token: tokens[service]!,
      rate: 10,
      call: call[service](),
    }),
  );
  const result = await stack.run("flip", ...words.split(" "));
  const traffic = await Promise.all(callers.map((caller) => caller.stop()));
  traffic.forEach((each: Traffic, i) => {
    process.stdout.write(summary(`flip ${words} in ${result.seconds.toFixed(1)} s, ${SERVICES[i]}`, each));
    expect(each.failures, stack.cloudLog).toEqual([]);
  });
  expect(await placements(), result.output).toEqual([then, then]);
  return result;
}

const roles = async () => (await remains(stack)).containers;

test("two services in opposite directions at once", async () => {
  const { code, output } = await flip("coda droplet firecrawl workers", { coda: "droplet", firecrawl: "workers" });
  expect(code, output).toBe(0);
  expect(output).toContain("\nCoda runs on droplet.\nFirecrawl runs on workers.\n");
  expect(await roles()).toEqual(["cloudflared running", "coda running"]);
});

test("the same flips again change nothing", async () => {
  const { code, output } = await flip("coda droplet firecrawl workers", { coda: "droplet", firecrawl: "workers" });
  expect(code).toBe(0);
  expect(output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
});

test("a service that is not enabled is not moved, and nothing is changed", async () => {
  const { code, output } = await stack.run("flip", "github", "droplet");
  expect([code, output]).toEqual([
    1,
    "GitHub is not enabled in this stack (services.github.enabled is false): there is nothing to move.\n",
  ]);
});

test("there, and back again at once", async () => {
  const there = await flip("coda workers firecrawl droplet", { coda: "workers", firecrawl: "droplet" });
  const back = await flip("coda droplet firecrawl workers", { coda: "droplet", firecrawl: "workers" });
  expect([there.code, back.code]).toEqual([0, 0]);
});

test("a Worker that is not right: its service and its container stay, and the other moves", async () => {
  await stack.must("flip", "coda", "droplet", "firecrawl", "workers");
  copy.edit("infra/service.ts", 'vars: vars("workers")', 'vars: vars(service === "coda" ? "droplet" : "workers")');
  stack.checkout = copy.path;
  const both = { coda: "droplet", firecrawl: "droplet" } as const;
  const { code, output } = await flip("coda workers firecrawl droplet", both);
  expect(code).toBe(1);
  expect(output).toMatch(
    /\nCoda was not moved to workers: .+ did not become healthy on workers within 15 s\. Last answer: served by droplet.+ It is placed on droplet, as before\.\nFirecrawl runs on droplet\.\n/,
  );
  expect(output).not.toMatch(/\n\s+at /);
  expect(await roles()).toEqual(["cloudflared running", "coda running", "firecrawl running"]);
});

test("a container that is not right: its service stays, the other moves, and no container is left", async () => {
  await stack.must("flip", "coda", "workers", "firecrawl", "workers");
  copy.edit("infra/service.ts", '...vars("droplet"),', '...vars(service === "coda" ? "workers" : "droplet"),');
  stack.checkout = copy.path;
  // Both need the tunnel's rules, which cannot lead to the one that is not right.
  const then = { coda: "workers", firecrawl: "droplet" } as const;
  const { code, output } = await flip("coda droplet firecrawl droplet", then);
  expect(code).toBe(1);
  expect(output).toMatch(
    /\nCoda was not moved to droplet: .+ It is placed on workers, as before\.\nFirecrawl runs on droplet\.\n/,
  );
  expect(await roles()).toEqual(["cloudflared running", "firecrawl running"]);
});
