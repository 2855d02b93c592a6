import { setTimeout as wait } from "node:timers/promises";
import { toolRequest } from "./callers.ts";

/** Pause between two calls of one caller, in milliseconds. */
const PAUSE_MS = 150;
/** How long an answer is waited for, as MCP clients do, in milliseconds. */
const ANSWER_MS = 60_000;
/** So many calls in a row have to succeed before something counts as recovered. */
const STEADY = 5;

/** What one caller met. */
export interface Watched {
  calls: number;
  failed: number;
  /** Every way in which a call failed, as the client is told. */
  told: string[];
  /** From the fault, or from its end where that is told, to the first good answer after the last bad one, in seconds; 0 if no call failed. */
  seconds: number;
  /** The longest that a call took, in seconds. */
  slowest: number;
}

/** Makes one call. @returns undefined if it was answered as it should be, else what the client is told */
export type WatchedCall = (signal: AbortSignal) => Promise<string | undefined>;

/**
 * Calls all the time, each caller one call after the other, while something is broken, and until everything is well again.
 *
 * @param callers by name
 * @param work breaks something, and returns when it is to be well again by itself; of a fault that lasts it calls `over` at the end
 * @param recoverySeconds how long that may take
 * @throws when the work throws, or a caller has not recovered in time: with what it was told last
 */
export async function watched<Name extends string>(
  callers: Record<Name, WatchedCall>,
  work: (over: () => void) => Promise<unknown>,
  recoverySeconds = 90,
): Promise<Record<Name, Watched>> {
  const seen = {} as Record<Name, Watched>;
  /** How many calls in a row went well, of those that were begun since this was last set to 0; and how the last one failed. */
  const well = {} as Record<Name, number>;
  const last = {} as Record<Name, string>;
  const names = Object.keys(callers) as Name[];
  /** When who failed was answered again. */
  const again = {} as Record<Name, number>;
  let stopped = false;

  const loop = async (name: Name) => {
    const mine: Watched = { calls: 0, failed: 0, told: [], seconds: 0, slowest: 0 };
    seen[name] = mine;
    well[name] = 0;
    let failing = false;
    while (!stopped) {
      const begun = performance.now();
      const told = await callers[name](AbortSignal.timeout(ANSWER_MS)).catch(describe);
      const now = performance.now();
      mine.calls++;
      mine.slowest = Math.max(mine.slowest, (now - begun) / 1000);
      well[name] = told === undefined ? well[name] + 1 : 0;
      if (told === undefined) {
        if (failing) again[name] = now;
        failing = false;
      } else {
        mine.failed++;
        failing = true;
        last[name] = told;
        if (!mine.told.includes(told)) mine.told.push(told);
      }
      await wait(PAUSE_MS);
    }
  };
  const allWell = async (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    for (const name of names) well[name] = 0;
    while (names.some((name) => well[name] < STEADY)) {
      if (performance.now() > end) {
        const unwell = names.filter((name) => well[name] < STEADY).map((name) => `${name}: ${last[name]}`);
        throw new Error(`not well within ${seconds} s: ${unwell.join("; ")}`);
      }
      await wait(20);
    }
  };

  const loops = names.map(loop);
  try {
    await allWell(60);
    for (const name of names) Object.assign(seen[name], { calls: 0, failed: 0, told: [], seconds: 0, slowest: 0 });
    let broken = performance.now();
    await work(() => {
      broken = performance.now();
    });
    await allWell(recoverySeconds);
    for (const name of names) if (seen[name].failed > 0) seen[name].seconds = Math.max(0, again[name] - broken) / 1000;
  } finally {
    stopped = true;
    await Promise.all(loops);
  }
  return seen;
}

/** An error of the client's own, without what differs from run to run. */
function describe(error: Error): string {
  if (error.name === "TimeoutError") return `no answer in ${ANSWER_MS / 1000} s`;
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "connection reset";
  return message;
}

/**
 * One tool call over HTTP, as a client of the protocol 2025-06-18 makes it.
 *
 * @param url of the MCP endpoint
 */
export function toolCall(url: string, token: string, name: string, args: object = {}): WatchedCall {
  return async (signal) => {
    const response = await fetch(url, { ...toolRequest(token, { name, arguments: args }), signal });
    const text = await response.text();
    const data = /^data: *(.+)$/m.exec(text)?.[1] ?? text;
    let message: Answer;
    try {
      message = JSON.parse(data) as Answer;
    } catch {
      return `HTTP ${response.status}: ${text.trim()}`.trim();
    }
    if (message.result) return message.result.isError ? message.result.content[0]!.text : undefined;
    if (message.error_description) return `HTTP ${response.status}: ${message.error_description}`;
    return `JSON-RPC error ${message.error?.code}: ${message.error?.message}`;
  };
}

interface Answer {
  result?: { isError?: boolean; content: { text: string }[] };
  error?: { code: number; message: string };
  /** RFC 6749 section 5.2. */
  error_description?: string;
}
