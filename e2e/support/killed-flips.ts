import type { Placement } from "@hybrid-mcp/catalogue";
import { expect } from "vitest";
import { eventsOf } from "../../local/cli/update.ts";
import { startCaller } from "./callers.ts";
import { cutOff } from "./cut-off.ts";
import { stepsOf } from "./engine-steps.ts";
import { remains } from "./remains.ts";
import { TestStack } from "./test-stack.ts";

/** How often Coda is called, by all together, in calls a second. */
const RATE = 20;

const PLACEMENTS = ["droplet", "workers"] as const;

/** A stack whose flips of Coda are killed. */
export interface Side {
  stack: TestStack;
  token: string;
  /** The steps of a clean flip of Coda, by where it leads to. */
  steps: Record<Placement, string[]>;
}

/** Brings a stack up and records a clean flip of Coda in each direction. */
export async function recordFlips(flags: Record<string, unknown>): Promise<Side> {
  const stack = await TestStack.create({ ...flags, "cutover.confirmSeconds": 0.3 });
  await stack.must("up");
  const steps = { droplet: [] as string[], workers: [] as string[] };
  for (const placement of PLACEMENTS) {
    await stack.must("flip", "coda", placement);
    steps[placement] = stepsOf(eventsOf(stack.stack));
    expect(steps[placement][0]).toBe("prelude");
    expect(steps[placement].slice(-2)).toEqual(["summary", "log closed"]);
    expect(steps[placement]).toContain("end update WorkersRoute coda-route");
  }
  return { stack, token: await stack.token(), steps };
}

/** What runs on the droplet while Coda is placed there or not, e.g. `coda running`. */
export type Containers = Record<Placement, string[]>;

/**
 * Kills flips of Coda at every step, there and back, and runs `up` after each, while Coda is called 20 times a second in all. What
 * each `up` leads to is where the next flip begins. Several stacks share the steps.
 */
export async function killEverywhere(sides: Side[], containers: Containers): Promise<void> {
  const { steps } = sides[0]!;
  // One and the same list on every stack: it is whole.
  for (const other of sides) {
    for (const placement of PLACEMENTS) {
      expect([...other.steps[placement]].sort()).toEqual([...steps[placement]].sort());
    }
  }
  const start = performance.now();
  let [kills, calls] = [0, 0];
  const share = async (side: Side, first: number) => {
    for (let i = first; i < Math.max(steps.droplet.length, steps.workers.length); i += sides.length) {
      for (const placement of PLACEMENTS) {
        const step = steps[placement][i];
        if (step === undefined) {
          await side.stack.must("flip", "coda", placement);
          continue;
        }
        calls += await killAt(step, placement, side, containers, RATE / sides.length);
        kills++;
      }
    }
    expect((await side.stack.must("up")).output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
  };
  await Promise.all(sides.map(share));
  expect(kills).toBe(steps.droplet.length + steps.workers.length);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  process.stdout.write(`killed at each of ${kills} steps, there and back: ${calls} calls, 0 failed, ${seconds} s\n`);
}

/** @returns how many calls there were meanwhile */
async function killAt(
  step: string,
  placement: Placement,
  { stack, token, steps }: Side,
  containers: Containers,
  rate: number,
): Promise<number> {
  const call = { name: "list_docs", arguments: {} };
  const caller = startCaller({ url: `${stack.codaUrl}/mcp`, token, rate, call });
  const run = await cutOff(stack, "kill", step, ["flip", "coda", placement]);
  await stack.must("up");
  const traffic = await caller.stop();
  const at = `killed at "${step}" of the flip to ${placement}\n`;
  expect(traffic.failures, at + stack.cloudLog).toEqual([]);
  // It did only what a clean flip does: the one before has left nothing to do.
  const unexpected = run.steps.filter((each) => !steps[placement].includes(each));
  expect(unexpected, at).toEqual([]);
  const { headers } = await fetch(`${stack.codaUrl}/health`);
  expect(headers.get("x-served-by"), at).toBe(placement);
  expect(await remains(stack), at).toEqual({
    containers: containers[placement],
    networks: containers[placement].length > 0 ? 1 : 0,
    runs: [],
  });
  return traffic.calls;
}
