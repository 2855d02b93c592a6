import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AuditEvent } from "./broker-contract.ts";
import { recordEvent } from "./record-event.ts";

const event: AuditEvent = { time: 1, kind: "call", decision: "allowed", service: "coda", tool: "list_docs" };
let told: string[];

beforeEach(() => {
  told = [];
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation((line) => void told.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Records the event at a trail that is down for so long, in seconds. @returns what the trail has then, and how long that took */
async function recorded(downSeconds: number): Promise<{ trail: AuditEvent[]; seconds: number }> {
  const trail: AuditEvent[] = [];
  const begun = Date.now();
  const record = async (events: AuditEvent[]) => {
    if (Date.now() - begun < downSeconds * 1000) throw new Error("D1 is overloaded.");
    trail.push(...events);
  };
  let work: Promise<unknown> | undefined;
  recordEvent({ record }, event, (given) => {
    work = given;
  });
  await vi.runAllTimersAsync();
  await work;
  return { trail, seconds: (Date.now() - begun) / 1000 };
}

test("an event is told once", async () => expect((await recorded(0)).trail).toEqual([event]));

test("a trail that is down for a while has the event all the same, while the platform still lets work go on", async () => {
  const { trail, seconds } = await recorded(20);
  expect(trail).toEqual([event]);
  expect(seconds).toBeLessThan(30);
  expect(told).toEqual([]);
});

test("an event that the trail never takes is in the log, whole", async () => {
  expect((await recorded(60)).trail).toEqual([]);
  expect(told).toEqual([expect.stringContaining("an event was lost: D1 is overloaded.: ")]);
  expect(told[0]).toContain(JSON.stringify(event));
});
