import { UpstreamFailure } from "./upstream.ts";

/** How often something is tried, and within which time, the waits between tries included. */
const TRIES = 3;
const BUDGET_MS = 10_000;
/** Wait before the second try, in milliseconds; before the third it is twice as long. */
const FIRST_WAIT_MS = 250;

/**
 * Does something that an upstream may fail to answer, again where that may help.
 *
 * @param attempt gets a signal that ends it when the time is up
 * @throws {UpstreamFailure} of the last attempt; anything but `unavailable` at once
 */
export async function withinBudget<Result>(attempt: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const signal = AbortSignal.timeout(BUDGET_MS);
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(signal);
    } catch (error) {
      const again = error instanceof UpstreamFailure && error.kind === "unavailable";
      if (!again || tries === TRIES || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** (tries - 1)));
    }
  }
}
