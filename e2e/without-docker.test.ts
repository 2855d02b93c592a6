import { afterAll, beforeAll, expect, test } from "vitest";
import { startCaller, summary } from "./support/callers.ts";
import { TestStack } from "./support/test-stack.ts";

/** A machine without Docker Engine: what is placed on the droplet runs as plain processes. */

let stack: TestStack;
let output: string;

beforeAll(async () => {
  stack = await TestStack.create();
  ({ output } = await stack.must("up", "--no-docker"));
});
afterAll(() => stack?.destroy());

const servedBy = async () => (await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by");

test("up says what runs in another way, and how to change it", () => {
  expect(output).toContain("runs as plain processes.");
  expect(output).toContain("npm run up -- --install-docker");
});

test.each(["droplet", "workers"] as const)("a flip to %s fails no call", async (placement) => {
  const call = { name: "list_docs", arguments: {} };
  const caller = startCaller({ url: `${stack.codaUrl}/mcp`, token: await stack.token(), rate: 20, call });
  const flip = await stack.must("flip", "coda", placement);
  const traffic = await caller.stop();
  process.stdout.write(summary(`flip to ${placement} without Docker in ${flip.seconds.toFixed(1)} s`, traffic));
  expect(traffic.failures, stack.cloudLog).toEqual([]);
  expect(await servedBy()).toBe(placement);
});

test("down ends every process", async () => {
  await stack.must("flip", "coda", "droplet");
  await stack.must("down");
  expect(stack.processes()).toEqual([]);
});
