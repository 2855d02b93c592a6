import { afterAll, beforeAll, expect, test } from "vitest";
import { openStream } from "./support/callers.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** A call that lasts longer than the old container is given: it is cut, and the flip says so. */

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create({ ...ONLY_CODA, "services.coda.placement": "droplet", "cutover.drainSeconds": 2 });
  await stack.must("up");
});
afterAll(() => stack?.destroy());

test("what is cut at the end of drainSeconds is told", async () => {
  await stack.codaFaults({ latencyMs: 60_000, onlyPath: "/rows" });
  const rows = { doc: "pT7kXw2LmQ", table: "Tasks", columns: ["Task"], limit: 250 };
  const target = { url: `${stack.codaUrl}/mcp`, token: await stack.token() };
  const cut = openStream({ ...target, call: { name: "list_rows", arguments: rows } }).catch((error: Error) => error);
  const { output } = await stack.must("flip", "coda", "workers");
  expect(output).toMatch(
    /warning: coda: the old container was stopped after \d\.\d s \(cutover\.drainSeconds: 2\): what still ran on it was cut: 1 connection/,
  );
  expect(await cut).toBeInstanceOf(Error);
  expect(output).toContain("Coda runs on workers.");
});
