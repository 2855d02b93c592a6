import { TELL_MS } from "./progress.ts";
import { ANSWER_MS, type Ask, type Expectation, judge } from "./side.ts";

/** Time as the gates see it; tests give their own. */
export interface Clock {
  /** Milliseconds; only differences count. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Pause between two questions, in milliseconds. */
const PAUSE_MS = 250;

/** What the last question before the deadline is given at least, in milliseconds: what it says is what people are told. */
const LAST_ANSWER_MS = 1_000;

export interface GateOptions {
  expected: Expectation;
  /** Where to ask, e.g. the Worker's own workers.dev origin. */
  origin: string;
  ask: Ask;
  clock: Clock;
  /** How long to go on asking, in seconds. */
  deadlineSeconds: number;
  /** How long the side must answer well without a break, in seconds; 0: once is enough. */
  steadySeconds?: number;
  /** Gets every few seconds what was seen last, for people. */
  tell?: (message: string) => void;
}

/** A side of a flip did not become what it has to be within its deadline. */
export class GateError extends Error {}

/**
 * Waits until a side answers as expected: right service, version and placement, healthy.
 *
 * @returns how long it took, in seconds
 * @throws {GateError} when it does not within the deadline, with the last thing it answered
 */
export async function gate(options: GateOptions): Promise<number> {
  const { expected, origin, ask, clock, deadlineSeconds, steadySeconds = 0, tell = () => {} } = options;
  const start = clock.now();
  let told = start;
  let goodSince: number | undefined;
  let last: string | undefined;
  for (;;) {
    const leftMs = deadlineSeconds * 1000 - (clock.now() - start);
    const withinMs = Math.round(Math.min(ANSWER_MS, Math.max(leftMs, LAST_ANSWER_MS)));
    const answer = await ask(origin, withinMs);
    const wrong = judge(answer, expected);
    const now = clock.now();
    // One that the deadline has cut short says less than the one before it.
    const isCutShort = withinMs < ANSWER_MS && "unreachable" in answer;
    if (!isCutShort || last === undefined) last = wrong;
    if (wrong === undefined) {
      goodSince ??= now;
      if (now - goodSince >= steadySeconds * 1000) return (now - start) / 1000;
    } else {
      goodSince = undefined;
      if (now - start >= deadlineSeconds * 1000) {
        throw new GateError(
          `${expected.service}: ${origin} did not become healthy on ${expected.placement} within ${deadlineSeconds} s. Last answer: ${last}.`,
        );
      }
    }
    if (now - told >= TELL_MS) {
      told = now;
      const seconds = (since: number, of: number) => `${((now - since) / 1000).toFixed(0)} s of ${of} s`;
      tell(
        wrong === undefined
          ? `${origin} has answered well for ${seconds(goodSince!, steadySeconds)}`
          : `waiting for ${origin} (${seconds(start, deadlineSeconds)}): ${wrong}`,
      );
    }
    await clock.wait(PAUSE_MS);
  }
}
