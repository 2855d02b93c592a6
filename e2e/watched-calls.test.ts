import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { watched } from "./support/watched-calls.ts";

/** What the faults' table is measured with. */

test("how long until all is well counts from the end of a fault that lasts", async () => {
  let broken = false;
  const { each } = await watched({ each: async () => (broken ? "broken" : undefined) }, async (over) => {
    broken = true;
    await wait(1_500);
    over();
    await wait(500);
    broken = false;
  });
  expect(each.failed).toBeGreaterThan(1);
  expect(each.told).toEqual(["broken"]);
  expect(each.seconds).toBeGreaterThan(0.4);
  expect(each.seconds).toBeLessThan(1.5);
});

test("it is nothing when who failed was answered before the end", async () => {
  let broken = false;
  const { each } = await watched({ each: async () => (broken ? "broken" : undefined) }, async (over) => {
    broken = true;
    await wait(500);
    broken = false;
    await wait(1_000);
    over();
  });
  expect([each.failed > 0, each.seconds]).toEqual([true, 0]);
});
