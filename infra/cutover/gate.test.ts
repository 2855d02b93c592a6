import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { type Clock, gate, systemClock } from "./gate.ts";
import { type Answer, healthOf, judge } from "./side.ts";

const expected = { service: "coda", placement: "droplet" as const, version: "1.0.0+abc" };
const health = (over: object = {}) =>
  JSON.stringify({ status: "ok", service: "coda", version: "1.0.0+abc", placement: "droplet", ...over });
const good: Answer = { status: 200, servedBy: "droplet", body: health() };
const bad: Answer = { unreachable: "connect ECONNREFUSED" };

/** A clock that moves only when something waits. */
function clock(): Clock & { seconds(): number } {
  let ms = 0;
  return {
    now: () => ms,
    wait: async (pause) => {
      ms += pause;
    },
    seconds: () => ms / 1000,
  };
}

const answers = (list: Answer[]) => async () => (list.length > 1 ? list.shift()! : list[0]!);

describe("the gate", () => {
  test("opens at the first good answer", async () => {
    const time = clock();
    const options = { expected, origin: "https://gate-coda.example.com", clock: time, deadlineSeconds: 60 };
    await gate({ ...options, ask: answers([bad, bad, good]) });
    expect(time.seconds()).toBe(0.5);
  });

  test("gives up at its deadline and says where it asked and what it saw last", async () => {
    const time = clock();
    const options = { expected, origin: "https://gate-coda.example.com", clock: time, deadlineSeconds: 60 };
    await expect(gate({ ...options, ask: answers([bad]) })).rejects.toThrow(
      "coda: https://gate-coda.example.com did not become healthy on droplet within 60 s. Last answer: connect ECONNREFUSED.",
    );
    expect(time.seconds()).toBe(60);
  });

  test("ends in time where an answer never comes to its end", async () => {
    const slow = createServer((_, response) => {
      const drip = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(drip));
    });
    await once(slow.listen(0, "127.0.0.1"), "listening");
    const origin = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const within: number[] = [];
    const start = performance.now();
    const waiting = gate({
      expected,
      origin,
      ask: (at, withinMs) => {
        within.push(withinMs);
        return healthOf(at, undefined, "/health", { withinMs });
      },
      clock: systemClock,
      deadlineSeconds: 1.2,
    });
    await expect(waiting).rejects.toThrow("Last answer: no answer in 1.2 s.");
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(within).toEqual([1200]);
    slow.close();
  });

  test("says what was answered in full, not that the deadline has cut the last question short", async () => {
    const time = clock();
    const waiting = gate({
      expected,
      origin: "https://gate-coda.example.com",
      // A side that takes two seconds to find out that its broker does not answer.
      ask: async (_, withinMs) => {
        await time.wait(Math.min(2000, withinMs));
        return withinMs < 2000
          ? { unreachable: `no answer in ${withinMs / 1000} s` }
          : { status: 503, servedBy: "droplet", body: "no broker" };
      },
      clock: time,
      deadlineSeconds: 8,
    });
    await expect(waiting).rejects.toThrow(/Last answer: HTTP 503/);
  });

  test("tells every few seconds what it saw last, and how long the side has been steady", async () => {
    const told: string[] = [];
    const origin = "https://gate-coda.example.com";
    const list = [...Array<Answer>(28).fill(bad), good];
    await gate({
      expected,
      origin,
      ask: answers(list),
      clock: clock(),
      deadlineSeconds: 60,
      steadySeconds: 6,
      tell: (message) => told.push(message),
    });
    expect(told).toEqual([
      `waiting for ${origin} (5 s of 60 s): connect ECONNREFUSED`,
      `${origin} has answered well for 3 s of 6 s`,
    ]);
  });

  test("asks for a steady side: one bad answer starts the time anew", async () => {
    const time = clock();
    const list = [good, good, good, bad, good];
    await gate({
      expected,
      origin: "https://coda-mcp.example.com",
      ask: answers(list),
      clock: time,
      deadlineSeconds: 60,
      steadySeconds: 2,
    });
    expect(time.seconds()).toBe(1 + 2);
  });
});

test("of one version, only the container with the expected settings counts; of others nobody asks for a revision", () => {
  const one: Answer = { ...good, body: health({ revision: "aaaaaaaa" }) };
  expect(judge(one, { ...expected, revision: "aaaaaaaa" })).toBeUndefined();
  expect(judge(one, { ...expected, revision: "bbbbbbbb" })).toBe("revision aaaaaaaa, not bbbbbbbb");
  expect(judge(good, { ...expected, revision: "bbbbbbbb" })).toBe("revision undefined, not bbbbbbbb");
  expect(judge(one, expected)).toBeUndefined();
});

describe("an answer counts only if it is the new side's own", () => {
  test.each<[string, Answer, string | undefined]>([
    ["the right one", good, undefined],
    ["no answer", bad, "connect ECONNREFUSED"],
    [
      "an error page of the edge",
      { status: 530, servedBy: undefined, body: "error code: 1033" },
      "HTTP 530: error code: 1033",
    ],
    ["an older version", { ...good, body: health({ version: "0.9.0+old" }) }, "version 0.9.0+old, not 1.0.0+abc"],
    ["the other side", { status: 200, servedBy: "workers", body: health() }, "served by workers, not by droplet"],
    ["a side that says it is not well", { ...good, body: health({ status: "starting" }) }, 'status is "starting"'],
    ["another service", { ...good, body: health({ service: "github" }) }, 'it is the service "github"'],
    ["something that is not JSON", { ...good, body: "<html>" }, "not JSON: <html>"],
    ["JSON that is no object", { ...good, body: "null" }, "status is undefined"],
  ])("%s", (_, answer, wrong) => {
    expect(judge(answer, expected)).toBe(wrong);
  });
});
