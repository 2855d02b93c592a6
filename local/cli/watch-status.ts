import { setTimeout as delay } from "node:timers/promises";
import { findDrift } from "./drift-check.ts";
import type { StackView } from "./stack-view.ts";
import { askAll, type DriftFound, NOT_ASKED, readFacts, report, type StatusReport } from "./status-report.ts";
import { statusLines, statusTables } from "./status-table.ts";

/** How old may be what only the engine's CLI can tell, in milliseconds: each look at it starts processes. */
const FACTS_MS = 30_000;
/** The same for what was changed outside, which the engine asks every cloud for. */
const DRIFT_MS = 120_000;

export interface WatchOptions {
  /** Time between two looks. */
  seconds: number;
  /** Whether to look for what was changed outside of Pulumi. */
  drift: boolean;
}

/**
 * Shows the status again and again until Ctrl-C: in a terminal as one picture that changes, else as lines, each when it
 * has become another one.
 */
export async function watch(view: StackView, { seconds, drift }: WatchOptions): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  process.on("SIGINT", end).on("SIGTERM", end);
  const show = process.stdout.isTTY ? picture(seconds) : lines();
  const facts = new Kept(() => readFacts(view));
  const found = new Kept<DriftFound>(async () =>
    findDrift(view, ended.signal).catch((error: Error) => ({ unknown: error.message })),
  );
  const look = async () => {
    const latest = facts.latest ?? (await facts.first);
    const status = report(view, latest, await askAll(view, latest), drift ? found.latest : { unknown: NOT_ASKED });
    return drift && Array.isArray(found.latest) ? { ...status, driftAt: new Date(found.at!).toISOString() } : status;
  };
  let updated: string | undefined;
  try {
    while (!ended.signal.aborted) {
      facts.renew(FACTS_MS);
      if (drift) found.renew(Array.isArray(found.latest) ? DRIFT_MS : FACTS_MS);
      let status = await look();
      if (unlikeLastUpdate(status)) {
        // There may have been another update since that one was looked at.
        await facts.renew(0);
        status = await look();
      }
      if (!ended.signal.aborted) show(status);
      // An update puts right what was changed outside.
      const last = facts.latest?.updates?.[0]?.endTime;
      if (drift && updated !== undefined && last !== updated) found.renew(0);
      updated = last;
      await delay(seconds * 1000, undefined, { signal: ended.signal }).catch(() => {});
    }
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    // What runs for it ends by the same Ctrl-C.
    await Promise.all([facts.running, found.running]).catch(() => {});
  }
}

/** Whether the config or what answers is not what the last update that is known of has left. */
function unlikeLastUpdate({ services, platform }: StatusReport): boolean {
  return (
    [...services, platform].some(({ pending }) => pending && pending.length > 0) ||
    services.some(({ version, wantedVersion }) => version !== null && version !== wantedVersion)
  );
}

/** Something that takes a moment to learn: it is learned in the background, and the last answer counts until the next. */
class Kept<Value> {
  latest: Value | undefined;
  /** When that began to be learned, Unix time in milliseconds. */
  at: number | undefined;
  running: Promise<void> | undefined;
  /** Resolves with the first answer. */
  readonly first: Promise<Value>;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: unknown) => void;
  readonly #learn: () => Promise<Value>;
  #tried = Number.NEGATIVE_INFINITY;

  constructor(learn: () => Promise<Value>) {
    this.#learn = learn;
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    this.first = promise;
    promise.catch(() => {});
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Begins to learn it anew if it is older than that, and nobody does so already. @returns when nobody does so any more */
  async renew(maxAgeMs: number): Promise<void> {
    if (this.running || performance.now() - this.#tried < maxAgeMs) return this.running;
    const begun = Date.now();
    this.running = this.#learn().then(
      (value) => {
        this.latest = value;
        this.at = begun;
        this.#tried = performance.now();
        this.running = undefined;
        this.#resolve(value);
      },
      (error: unknown) => {
        // The last answer stays; without one there is nothing to show.
        this.#tried = performance.now();
        this.running = undefined;
        this.#reject(error);
      },
    );
    return this.running;
  }
}

/** Draws over what was drawn before; what is left at the end is the last picture. */
function picture(seconds: number): (status: StatusReport) => void {
  process.stdout.write("\x1b[2J");
  return (status) => {
    const now = new Date();
    const head = `Stack ${status.stack}, ${now.toLocaleTimeString()}, every ${seconds} s; Ctrl-C ends it.`;
    const text = status.running ? statusTables(status, now.getTime()) : "The local cloud does not run: npm run up";
    const { columns = 120, rows = 50 } = process.stdout;
    const fitting = `${head}\n\n${text}`
      .split("\n")
      .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line))
      .slice(0, rows - 1);
    process.stdout.write(`\x1b[H${fitting.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
  };
}

function lines(): (status: StatusReport) => void {
  let before = new Set<string>();
  return (status) => {
    const said = status.running ? statusLines(status) : ["The local cloud does not run: npm run up"];
    const time = new Date().toISOString().slice(0, 19);
    for (const line of said) if (!before.has(line)) process.stdout.write(`${time}Z ${line}\n`);
    before = new Set(said);
  };
}
