import { expect } from "vitest";
import { flipAtRandom, type RandomFlipsOptions } from "./random-flips.ts";
import { SteadyLoad } from "./steady-load.ts";
import { TestStack } from "./test-stack.ts";

const CLIENTS = 20;

/**
 * Twenty clients of both SDKs, which make twenty calls a second in all, while services are flipped at random under them.
 * Checks that none of them notices, and that what was written is there exactly once. What fails is told with the seed, with
 * which the same flips are made again (`HYBRID_MCP_SEED`), and with the local cloud's log.
 */
export async function flipsUnderLoad(options: Omit<RandomFlipsOptions, "seed">): Promise<void> {
  const seed = Number(process.env.HYBRID_MCP_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const say = (line: string) => process.stdout.write(`${line}\n`);
  // The clients are one person, who calls more often than people do.
  const stack = await TestStack.create({ "gateway.callsPerMinute": 100_000 });
  let load: SteadyLoad | undefined;
  try {
    await stack.must("up");
    await stack.connectGitHub();
    load = await SteadyLoad.connect(stack, CLIENTS);
    const from = { coda: "workers", github: "workers", firecrawl: "droplet" } as const;
    const begun = performance.now();
    const report = await load.during(() =>
      flipAtRandom(stack, from, { ...options, seed }, (line) => say(`seed ${seed}: ${line}`)),
    );
    const seconds = (performance.now() - begun) / 1000;
    const { calls, failures, p99Ms, slowestMs, worstPauseMs } = report;
    say(
      `${options.count} random flips (seed ${seed}) under ${CLIENTS} clients: ${calls} calls in ${seconds.toFixed(0)} s (${(calls / seconds).toFixed(1)} a second), ` +
        `${failures.length} failed, p99 ${p99Ms.toFixed(0)} ms, slowest ${slowestMs.toFixed(0)} ms, worst pause ${worstPauseMs.toFixed(0)} ms`,
    );
    expect(failures).toEqual([]);
    // A machine that is busy with other things answers less often.
    expect(calls / seconds).toBeGreaterThan(CLIENTS / 4);
    expect(report.askedAgain).toEqual([]);
    const found = await load.found();
    for (const api of ["coda", "github"] as const) {
      expect(report.written[api].length).toBeGreaterThan(0);
      expect(found[api].toSorted()).toEqual(report.written[api].toSorted());
    }
  } catch (error) {
    (error as Error).message +=
      `\nThe same flips again: HYBRID_MCP_SEED=${seed}. The local cloud's log:\n${stack.cloudLog}`;
    throw error;
  } finally {
    await load?.close();
    await stack.destroy();
  }
}
