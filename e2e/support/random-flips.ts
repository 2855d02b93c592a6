import { setTimeout as wait } from "node:timers/promises";
import { type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { seededRandom } from "./random.ts";
import type { TestStack } from "./test-stack.ts";

/** Longest pause between two updates, in milliseconds. */
const LONGEST_PAUSE_MS = 2_000;

const other: Record<Placement, Placement> = { workers: "droplet", droplet: "workers" };

export interface RandomFlipsOptions {
  /** How many services are moved in all. */
  count: number;
  /** How many services one update moves, at least and at most. */
  atOnce: [fewest: number, most: number];
  seed: number;
}

/**
 * Flips services to and fro by the real commands: which ones, and when, is chosen at random.
 *
 * @param from where each service is placed now
 * @param say told of each update as it is begun, for the person who reads the test's output
 */
export async function flipAtRandom(
  stack: TestStack,
  from: Record<ServiceName, Placement>,
  { count, atOnce: [fewest, most], seed }: RandomFlipsOptions,
  say: (line: string) => void,
): Promise<void> {
  const random = seededRandom(seed);
  const upTo = (limit: number) => Math.floor(random() * limit);
  const placed = { ...from };
  for (let left = count; left > 0; ) {
    await wait(random() * LONGEST_PAUSE_MS);
    const shuffled = serviceNames.map((name) => [random(), name] as const).sort(([a], [b]) => a - b);
    const chosen = shuffled.slice(0, Math.min(left, fewest + upTo(most - fewest + 1))).map(([, name]) => name);
    for (const name of chosen) placed[name] = other[placed[name]];
    const changes = chosen.map((name) => [name, placed[name]] as const);
    const { seconds } = await stack.must("flip", ...changes.flat());
    left -= chosen.length;
    say(`${changes.map(([name, to]) => `${name} to ${to}`).join(", ")} in ${seconds.toFixed(1)} s`);
  }
}
