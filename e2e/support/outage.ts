import { setTimeout as wait } from "node:timers/promises";

/** How long one call may take before the next is made, in milliseconds. */
const CALL_MS = 10_000;

/** What calls met that were made all the time. */
export interface Outage {
  answered: number;
  failed: number;
  /** Seconds between the two answers that are the furthest apart. */
  seconds: number;
}

/**
 * Calls something again and again while work goes on.
 *
 * @param call answers whether it was answered as it should be; an error is no answer
 */
export async function callingDuring<Result>(
  call: () => Promise<boolean>,
  work: () => Promise<Result>,
): Promise<{ result: Result; outage: Outage }> {
  const outage: Outage = { answered: 0, failed: 0, seconds: 0 };
  let last = performance.now();
  let working = true;
  const calls = (async () => {
    while (working) {
      const answered = await Promise.race([call().catch(() => false), wait(CALL_MS, false, { ref: false })]);
      if (answered) {
        outage.answered++;
        outage.seconds = Math.max(outage.seconds, (performance.now() - last) / 1000);
        last = performance.now();
      } else outage.failed++;
      await wait(100);
    }
  })();
  try {
    return { result: await work(), outage };
  } finally {
    working = false;
    await calls;
  }
}
