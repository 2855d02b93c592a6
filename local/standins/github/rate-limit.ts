/** How many requests a person has left (schema `rate-limit` of the published description). */
export interface RateLimit {
  limit: number;
  remaining: number;
  used: number;
  /** Seconds since 1970. */
  reset: number;
}

const HOUR_MS = 60 * 60_000;

/**
 * Counts each person's requests by the hour, over all of the person's tokens
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
export class RateLimits {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, { used: number; endsAt: number }>();

  /**
   * @param limit requests per person and hour
   * @param now milliseconds since 1970
   */
  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  of(login: string): RateLimit {
    const { used, endsAt } = this.#window(login);
    return { limit: this.#limit, remaining: this.#limit - used, used, reset: Math.ceil(endsAt / 1000) };
  }

  /** Counts one request; false when the person has none left. */
  take(login: string): boolean {
    const window = this.#window(login);
    if (window.used >= this.#limit) return false;
    window.used += 1;
    return true;
  }

  /** A conditional request that was answered 304 does not count. */
  giveBack(login: string): void {
    this.#window(login).used -= 1;
  }

  #window(login: string) {
    const window = this.#windows.get(login);
    if (window && window.endsAt > this.#now()) return window;
    const fresh = { used: 0, endsAt: this.#now() + HOUR_MS };
    this.#windows.set(login, fresh);
    return fresh;
  }
}
