/** What is known of a server, for people. */
export interface HealthState {
  /** `degraded`: it answers, but not every time or not soon. `down`: it is not asked, or only to see whether it is back. */
  health: "healthy" | "degraded" | "down";
  /** `half-open`: one request may find out whether it is back. */
  circuit: "closed" | "open" | "half-open";
  /** Why it is not healthy, in words. */
  reason?: string;
  /** Milliseconds until it may be asked again; 0 unless the circuit is open. */
  retryAfterMs: number;
}

export interface HealthOptions {
  /** Failures within the window that take a server down; default 3. */
  failures?: number;
  /** The window, in milliseconds; default 60 000. */
  windowMs?: number;
  /** Successes in a row that make a server healthy again; default 2. */
  successes?: number;
  /** How long a server that went down is left alone, in milliseconds; default 10 000. Each failed try doubles it. */
  openMs?: number;
  /** Longest that it is left alone, in milliseconds; default 300 000. */
  maxOpenMs?: number;
  /** How long a try may take until another one is let through, in milliseconds; default 30 000. */
  tryMs?: number;
  /** An answer that takes longer is a slow one, in milliseconds; default 5 000. */
  slowMs?: number;
  /** Servers that are remembered; beyond it the one that was not used for longest is forgotten. Default 500. */
  maxServers?: number;
  /** Milliseconds since any moment; default `Date.now`. */
  now?: () => number;
}

/** What is remembered of one server. */
interface Memory {
  /** When it failed, newest last; never more than take it down. */
  failures: number[];
  /** When it was slow or failed last. */
  trouble: number | undefined;
  reason: string | undefined;
  /** Good answers since the last trouble. */
  good: number;
  /** Undefined while the circuit is closed. */
  broken: { until: number; openMs: number; tryUntil: number | undefined } | undefined;
}

/**
 * Health of servers: a circuit breaker that leaves a failing server alone and finds out by itself when it is back, and a
 * judgement that does not change with every answer. It sees what this Worker saw, and no more.
 *
 * Only what is wrong with the server counts as a failure: not a JSON-RPC error, not a credential that is refused, not a
 * client that went away.
 */
export class Health {
  readonly #options: Required<HealthOptions>;
  /** Least recently used first. */
  readonly #servers = new Map<string, Memory>();

  constructor(options: HealthOptions = {}) {
    this.#options = {
      failures: 3,
      windowMs: 60_000,
      successes: 2,
      openMs: 10_000,
      maxOpenMs: 300_000,
      tryMs: 30_000,
      slowMs: 5_000,
      maxServers: 500,
      now: Date.now,
      ...options,
    };
  }

  /**
   * Whether a server may be asked now. `true` of a server that is down is for this one request, which has to report how
   * it went.
   */
  allow(server: string): boolean {
    const { broken } = this.#of(server);
    if (!broken) return true;
    const now = this.#options.now();
    if (now < broken.until || (broken.tryUntil !== undefined && now < broken.tryUntil)) return false;
    broken.tryUntil = now + this.#options.tryMs;
    return true;
  }

  /**
   * @param ms how long the answer took, in milliseconds; left out where that says nothing of the server, as with a tool
   * that works for long
   */
  succeeded(server: string, ms = 0): void {
    const memory = this.#of(server);
    const { slowMs, successes, now } = this.#options;
    const slow = ms > slowMs;
    // While it is down, an answer counts however late it comes; otherwise only a good one does.
    memory.good = slow && !memory.broken ? 0 : memory.good + 1;
    if (memory.broken) memory.broken.tryUntil = undefined;
    if (memory.good >= successes) {
      memory.failures = [];
      memory.broken = undefined;
      memory.trouble = undefined;
      memory.reason = undefined;
    }
    if (!slow || memory.broken) return;
    memory.good = 0;
    memory.trouble = now();
    memory.reason = `It answers slowly: ${(ms / 1000).toFixed(1)} s.`;
  }

  /** @param reason a sentence for people, without secrets */
  failed(server: string, reason: string): void {
    const memory = this.#of(server);
    const { failures, windowMs, openMs, maxOpenMs, now } = this.#options;
    const at = now();
    memory.trouble = at;
    memory.reason = reason;
    memory.good = 0;
    if (memory.broken) {
      // A late answer to a request from before it went down says nothing new.
      if (memory.broken.tryUntil === undefined && at < memory.broken.until) return;
      const longer = Math.min(memory.broken.openMs * 2, maxOpenMs);
      memory.broken = { until: at + longer, openMs: longer, tryUntil: undefined };
      return;
    }
    memory.failures = [...memory.failures.filter((each) => at - each < windowMs), at];
    if (memory.failures.length >= failures) memory.broken = { until: at + openMs, openMs, tryUntil: undefined };
  }

  state(server: string): HealthState {
    const memory = this.#servers.get(server);
    if (!memory) return { health: "healthy", circuit: "closed", retryAfterMs: 0 };
    const now = this.#options.now();
    const { broken, trouble, reason } = memory;
    if (broken) {
      const retryAfterMs = Math.max(0, broken.until - now);
      const circuit = retryAfterMs > 0 ? "open" : "half-open";
      return { health: "down", circuit, retryAfterMs, ...(reason !== undefined && { reason }) };
    }
    const troubled = trouble !== undefined && now - trouble < this.#options.windowMs;
    return {
      health: troubled ? "degraded" : "healthy",
      circuit: "closed",
      retryAfterMs: 0,
      ...(troubled && reason !== undefined && { reason }),
    };
  }

  #of(server: string): Memory {
    const memory = this.#servers.get(server) ?? {
      failures: [],
      trouble: undefined,
      reason: undefined,
      good: 0,
      broken: undefined,
    };
    this.#servers.delete(server);
    this.#servers.set(server, memory);
    if (this.#servers.size > this.#options.maxServers) this.#servers.delete(this.#servers.keys().next().value!);
    return memory;
  }
}
