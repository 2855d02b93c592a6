import { expect, test, vi } from "vitest";
import { auditBuffer } from "./audit-buffer.ts";
import type { AuditEvent } from "./broker-contract.ts";

const event = (n: number): AuditEvent => ({ time: n, kind: "call", decision: "allowed" });
const times = (batch: AuditEvent[]) => batch.map(({ time }) => time);

test("what waits is sent in batches, oldest first, and once", async () => {
  const buffer = auditBuffer();
  for (let n = 0; n < 150; n++) buffer.add(event(n));
  const batches: number[][] = [];
  const deliver = async (batch: AuditEvent[]) => void batches.push(times(batch));
  await buffer.send(deliver);
  await buffer.send(deliver);
  expect(batches.map((batch) => [batch.length, batch[0]])).toEqual([
    [100, 0],
    [50, 100],
  ]);
});

test("while the broker is away events are kept, and sent when it is back", async () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  const buffer = auditBuffer();
  buffer.add(event(1));
  await buffer.send(() => Promise.reject(new Error("no answer")));
  expect(silent).toHaveBeenCalledWith("audit: 1 events wait: no answer");
  buffer.add(event(2));
  const sent: number[] = [];
  await buffer.send(async (batch) => void sent.push(...times(batch)));
  expect(sent).toEqual([1, 2]);
  silent.mockRestore();
});

test("more than the buffer holds is dropped, the oldest first, and how many is told with the next batch, once", async () => {
  const buffer = auditBuffer(() => 7);
  for (let n = 0; n < 1003; n++) buffer.add(event(n));
  const batches: AuditEvent[][] = [];
  const deliver = async (batch: AuditEvent[]) => void batches.push(batch);
  await buffer.send(deliver);
  expect(batches[0]!.slice(0, 2)).toEqual([
    {
      time: 7,
      kind: "lost",
      decision: "failed",
      reason: "3 events were dropped while the broker could not be reached",
    },
    event(3),
  ]);
  buffer.add(event(2000));
  await buffer.send(deliver);
  expect(batches.at(-1)).toEqual([event(2000)]);
});

test("while one call sends, another does not send the same again, and what comes meanwhile goes along", async () => {
  const buffer = auditBuffer();
  buffer.add(event(1));
  const sent: number[] = [];
  const gate = Promise.withResolvers<void>();
  const first = buffer.send(async (batch) => {
    await gate.promise;
    sent.push(...times(batch));
  });
  buffer.add(event(2));
  await buffer.send(async (batch) => void sent.push(...times(batch)));
  gate.resolve();
  await first;
  expect(sent).toEqual([1, 2]);
});

test("a full buffer loses nothing of the batch that is on its way", async () => {
  const buffer = auditBuffer();
  for (let n = 0; n < 1000; n++) buffer.add(event(n));
  const sent: AuditEvent[] = [];
  await buffer.send(async (batch) => {
    if (sent.length === 0) for (let n = 1000; n < 1050; n++) buffer.add(event(n));
    sent.push(...batch);
  });
  expect(times(sent)).toEqual(Array.from({ length: 1050 }, (_, n) => n));
});
