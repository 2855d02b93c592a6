import { afterAll, beforeAll, expect, test } from "vitest";
import { read, record } from "./audit/trail.ts";
import { TestBroker } from "./testing/test-broker.ts";

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:read"] }],
    config: () => ({ auditRetentionDays: 10 }),
  });
});
afterAll(() => broker?.close());

const DAY = 86_400_000;
const event = (time: number) => ({ time, kind: "call" as const, decision: "allowed" as const, user: "swept" });
const times = async () =>
  (await read(await broker.database(), { user: "swept", limit: 1000 })).events.map(({ time }) => time);

test("what is older than the retention is gone from the trail, what is younger stays", async () => {
  const now = Date.now();
  const young = now - 9 * DAY;
  await record(await broker.database(), [event(young), event(now - 11 * DAY), event(0)]);
  expect(await broker.runCron()).toBe("ok");
  expect(await times()).toEqual([young]);
});

test("goes on where it stopped: what one run cannot look at, the next ones do; what is still good stays", async () => {
  const { token, grantId } = await broker.grant("ada", ["coda:read"]);
  const kv = await broker.kv();
  const good = await kv.get(`grant:github-1815:${grantId}`, "json");
  // Before and after the good one in the order of keys; their client is gone.
  const orphans = Array.from({ length: 230 }, (_, n) => `${n % 2 ? "a" : "z"}-${String(n).padStart(3, "0")}`);
  for (const user of orphans) {
    await kv.put(`grant:${user}:g`, JSON.stringify({ ...(good as object), id: "g", userId: user, clientId: "gone" }));
  }
  const left = async () => (await kv.list({ prefix: "grant:" })).keys.filter(({ name }) => name.endsWith(":g")).length;
  const cursors: (string | null)[] = [];
  for (let run = 0; run < 3; run++) {
    expect(await broker.runCron()).toBe("ok");
    cursors.push(await kv.get("sweep-cursor"));
  }
  expect(cursors.slice(0, 2).every((cursor) => cursor !== null)).toBe(true);
  expect(cursors[2]).toBeNull();
  expect(await left()).toBe(0);
  expect(await broker.authorize(token)).not.toBeNull();
});

test("a part that fails does not stop the other, the run counts as failed, and the next one begins anew", async () => {
  await record(await broker.database(), [event(1)]);
  const kv = await broker.kv();
  await kv.put("sweep-cursor", "not JSON");
  expect(await broker.runCron()).toBe("exception");
  expect(await times()).not.toContain(1);
  expect(await broker.runCron()).toBe("ok");
});
