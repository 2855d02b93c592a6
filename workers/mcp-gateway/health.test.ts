import { describe, expect, it } from "vitest";
import { Health, type HealthOptions } from "./health.ts";

const OPTIONS = {
  failures: 3,
  windowMs: 1_000,
  successes: 2,
  openMs: 100,
  maxOpenMs: 350,
  tryMs: 50,
  slowMs: 10,
  maxServers: 4,
} satisfies HealthOptions;

/** A health whose time is set by the test. */
function atTime(options: HealthOptions = OPTIONS) {
  const clock = { now: 0 };
  return { clock, health: new Health({ ...options, now: () => clock.now }) };
}

function failing(times: number) {
  const { clock, health } = atTime();
  for (let i = 0; i < times; i++) health.failed("a", "HTTP 500.");
  return { clock, health };
}

describe("a server", () => {
  it("that nothing is known of is healthy and may be asked", () => {
    const { health } = atTime();
    expect(health.state("a")).toEqual({ health: "healthy", circuit: "closed", retryAfterMs: 0 });
    expect(health.allow("a")).toBe(true);
  });

  it("that failed once is degraded, with the reason, and still asked", () => {
    const { health } = failing(1);
    expect(health.state("a")).toEqual({ health: "degraded", circuit: "closed", retryAfterMs: 0, reason: "HTTP 500." });
    expect(health.allow("a")).toBe(true);
  });

  it("that failed often within the window is down and left alone", () => {
    const { clock, health } = failing(3);
    expect(health.state("a")).toEqual({ health: "down", circuit: "open", retryAfterMs: 100, reason: "HTTP 500." });
    clock.now = 99;
    expect(health.allow("a")).toBe(false);
    expect(health.allow("b")).toBe(true);
  });

  it("that failed as often over a longer time is not", () => {
    const { clock, health } = failing(2);
    clock.now = 1_000;
    health.failed("a", "HTTP 500.");
    expect(health.state("a").health).toBe("degraded");
  });

  it("that is down is tried by one request at a time, and comes back after enough successes", () => {
    const { clock, health } = failing(3);
    clock.now = 100;
    expect(health.state("a").circuit).toBe("half-open");
    expect([health.allow("a"), health.allow("a")]).toEqual([true, false]);
    health.succeeded("a");
    expect(health.state("a")).toMatchObject({ health: "down", circuit: "half-open" });
    expect([health.allow("a"), health.allow("a")]).toEqual([true, false]);
    health.succeeded("a");
    expect(health.state("a")).toEqual({ health: "healthy", circuit: "closed", retryAfterMs: 0 });
    expect([health.allow("a"), health.allow("a")]).toEqual([true, true]);
  });

  it("whose tries fail is left alone for longer each time, up to a limit", () => {
    const { clock, health } = failing(3);
    for (const wait of [200, 350, 350]) {
      clock.now += health.state("a").retryAfterMs;
      expect(health.allow("a")).toBe(true);
      health.failed("a", "HTTP 503.");
      expect(health.state("a")).toMatchObject({ circuit: "open", retryAfterMs: wait, reason: "HTTP 503." });
    }
  });

  it("whose try is never heard of again is tried anew", () => {
    const { clock, health } = failing(3);
    clock.now = 100;
    expect(health.allow("a")).toBe(true);
    clock.now = 149;
    expect(health.allow("a")).toBe(false);
    clock.now = 150;
    expect(health.allow("a")).toBe(true);
  });

  it("that is down is not left alone for longer because of answers to requests from before", () => {
    const { clock, health } = failing(3);
    clock.now = 20;
    health.failed("a", "late");
    expect(health.state("a").retryAfterMs).toBe(80);
  });

  it("that answers slowly is degraded, says so, and is never taken down for that", () => {
    const { health } = atTime();
    for (let i = 0; i < 10; i++) health.succeeded("a", 7_260);
    expect(health.state("a")).toMatchObject({
      health: "degraded",
      circuit: "closed",
      reason: "It answers slowly: 7.3 s.",
    });
    health.succeeded("a", 1);
    expect(health.state("a").health).toBe("degraded");
    health.succeeded("a", 1);
    expect(health.state("a").health).toBe("healthy");
  });

  it("that comes back but is slow is degraded, not down", () => {
    const { clock, health } = failing(3);
    clock.now = 100;
    for (let success = 0; success < OPTIONS.successes; success++) {
      expect(health.allow("a")).toBe(true);
      health.succeeded("a", 1_000);
    }
    expect(health.state("a").health).toBe("degraded");
  });

  it("that failed and was not asked since is healthy again when the window has passed", () => {
    const { clock, health } = failing(1);
    clock.now = 1_000;
    expect(health.state("a")).toEqual({ health: "healthy", circuit: "closed", retryAfterMs: 0 });
  });
});

it("more servers than are remembered cost no more memory: the one unused for longest is forgotten", () => {
  const { health } = atTime();
  for (const name of ["a", "b", "c", "d"]) health.failed(name, "HTTP 500.");
  health.allow("a");
  health.failed("e", "HTTP 500.");
  expect(["a", "b", "c", "d", "e"].map((name) => health.state(name).health)).toEqual([
    "degraded",
    "healthy",
    "degraded",
    "degraded",
    "degraded",
  ]);
});

/** Numbers from 0 up to 1 that are the same for the same seed (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

it("whatever happens to a server, in any order and at any time, what is promised of it holds", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed);
    const { clock, health } = atTime();
    /** When each failure was, and when a try began that was not heard of. */
    let failures: number[] = [];
    let tried: number | undefined;
    let row = 0;
    for (let step = 0; step < 200; step++) {
      const what = `seed ${seed}, step ${step}`;
      clock.now += Math.floor(random() * (random() < 0.1 ? 2_000 : 40));
      const before = health.state("a");
      const event = random();
      if (event < 0.5) {
        const allowed = health.allow("a");
        if (before.circuit === "closed") expect(allowed, what).toBe(true);
        if (before.circuit === "open") expect(allowed, what).toBe(false);
        if (before.circuit === "half-open") {
          // One at a time, but never none for ever.
          expect(allowed, what).toBe(tried === undefined || clock.now - tried >= OPTIONS.tryMs);
          if (allowed) tried = clock.now;
        }
      } else if (event < 0.75) {
        health.succeeded("a");
        tried = undefined;
        row += 1;
        if (row >= OPTIONS.successes) failures = [];
      } else {
        health.failed("a", what);
        row = 0;
        if (before.circuit === "half-open" || tried !== undefined) tried = undefined;
        if (before.circuit === "closed") {
          failures = [...failures, clock.now].filter((at) => clock.now - at < OPTIONS.windowMs);
          // It goes down by enough failures, and not by fewer.
          expect(health.state("a").circuit, what).toBe(failures.length >= OPTIONS.failures ? "open" : "closed");
        }
        expect(health.state("a").reason, what).toBe(what);
      }
      const after = health.state("a");
      expect(after.health === "down", what).toBe(after.circuit !== "closed");
      expect(after.retryAfterMs > 0, what).toBe(after.circuit === "open");
      expect(after.retryAfterMs, what).toBeLessThanOrEqual(OPTIONS.maxOpenMs);
      expect(after.health === "healthy", what).toBe(after.reason === undefined);
      if (after.circuit === "closed" && before.circuit !== "closed") {
        expect(row, what).toBeGreaterThanOrEqual(OPTIONS.successes);
        failures = [];
      }
    }
    // Wherever it ended, it comes back by itself.
    clock.now += OPTIONS.maxOpenMs + OPTIONS.tryMs;
    for (let success = 0; success < OPTIONS.successes; success++) {
      expect(health.allow("a"), `seed ${seed}`).toBe(true);
      health.succeeded("a");
    }
    expect(health.state("a").health, `seed ${seed}`).toBe("healthy");
  }
});
