import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AuditDatabase, migrate } from "./database.ts";
import { callsPerDay, lastUses, read, record, sweep, toCsv, toJsonLines } from "./trail.ts";

let miniflare: Miniflare;
let database: AuditDatabase;

beforeAll(async () => {
  miniflare = new Miniflare({
    modules: true,
    script: "export default { fetch: () => new Response() }",
    d1Databases: ["DB"],
  });
  database = (await miniflare.getD1Database("DB")) as unknown as AuditDatabase;
});
afterAll(() => miniflare.dispose());

const event = (over: Partial<AuditEvent> = {}): AuditEvent => ({
  time: 1_000,
  kind: "call",
  decision: "allowed",
  user: "github-1",
  client: "client-1",
  service: "coda",
  tool: "list_rows",
  durationMs: 12.5,
  requestId: "r-1",
  placement: "workers",
  ...over,
});

describe("the schema", () => {
  test("is made once; doing it again changes nothing", async () => {
    expect(await migrate(database)).toBe(2);
    await record(database, [event()]);
    expect(await migrate(database)).toBe(0);
    expect((await read(database, { limit: 10 })).events).toHaveLength(1);
  });

  test("of two that make it at once, one does and the other leaves nothing half-done", async () => {
    const other = new Miniflare({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      d1Databases: ["DB"],
    });
    const fresh = (await other.getD1Database("DB")) as unknown as AuditDatabase;
    const outcomes = await Promise.allSettled([migrate(fresh), migrate(fresh)]);
    expect(outcomes.map(({ status }) => status)).toContain("fulfilled");
    expect(await migrate(fresh)).toBe(0);
    await record(fresh, [event()]);
    expect((await read(fresh, { limit: 10 })).events).toHaveLength(1);
    await other.dispose();
  });
});

describe("the trail", () => {
  beforeEach(async () => {
    await migrate(database);
    await sweep(database, Number.MAX_SAFE_INTEGER);
  });

  test("gives back what was put in, newest first, without fields that have no value", async () => {
    const { reason: _, ...allowed } = event();
    const denied = event({ time: 2_000, decision: "denied", reason: "needs coda:write", tool: "upsert_rows" });
    await record(database, [allowed, denied]);
    const { events, next } = await read(database, { limit: 10 });
    expect(events.map(({ id: _, ...rest }) => rest)).toEqual([denied, allowed]);
    expect(next).toBeUndefined();
  });

  test.each([
    ["a person", { user: "github-2" }, ["b"]],
    ["a service", { service: "github" }, ["c"]],
    ["a decision", { decision: "failed" as const }, ["c"]],
    ["a time", { from: 20, before: 30 }, ["b"]],
    ["a grant", { grant: "grant-c" }, ["c"]],
    ["several of these", { user: "github-2", service: "github" }, []],
  ])("can be read by %s", async (_, filter, expected) => {
    await record(database, [
      event({ time: 10, requestId: "a" }),
      event({ time: 20, requestId: "b", user: "github-2" }),
      event({ time: 30, requestId: "c", service: "github", decision: "failed", grant: "grant-c" }),
    ]);
    const { events } = await read(database, { ...filter, limit: 10 });
    expect(events.map(({ requestId }) => requestId)).toEqual(expected);
  });

  test("comes in pages that miss and repeat nothing, though events are added meanwhile", async () => {
    await record(
      database,
      Array.from({ length: 5 }, (_, n) => event({ requestId: String(n) })),
    );
    const first = await read(database, { limit: 2 });
    await record(database, [event({ requestId: "later" })]);
    const second = await read(database, { limit: 2, after: first.next! });
    const third = await read(database, { limit: 2, after: second.next! });
    const seen = [first, second, third].flatMap(({ events }) => events.map(({ requestId }) => requestId));
    expect(seen).toEqual(["4", "3", "2", "1", "0"]);
    expect(third.next).toBeUndefined();
  });

  test("is in the order of what happened, though the droplet tells of it later; a page after a place that is none is the first", async () => {
    await record(database, [event({ time: 2, requestId: "2" }), event({ time: 3, requestId: "3" })]);
    await record(database, [event({ time: 1, requestId: "1" })]);
    const { events } = await read(database, { limit: 10, after: "1; DROP TABLE audit" });
    expect(events.map(({ requestId }) => requestId)).toEqual(["3", "2", "1"]);
  });

  test("counts calls by day (UTC) and service, and nothing that is no call", async () => {
    const day = Date.UTC(2026, 0, 5);
    await record(database, [
      event({ time: day }),
      event({ time: day + 86_399_999 }),
      event({ time: day + 86_400_000 }),
      event({ time: day, service: "github" }),
      event({ time: day, kind: "sign-in" }),
      event({ time: day, user: "github-2" }),
    ]);
    expect(await callsPerDay(database, { user: "github-1", from: day, before: day + 172_800_000 })).toEqual([
      { day, service: "coda", calls: 2 },
      { day, service: "github", calls: 1 },
      { day: day + 86_400_000, service: "coda", calls: 1 },
    ]);
  });

  test("knows when each grant was used last; that it was given is no use of it", async () => {
    await record(database, [
      event({ time: 5, kind: "grant", grant: "unused" }),
      event({ time: 6, grant: "used" }),
      event({ time: 9, grant: "used" }),
      event({ time: 7, grant: "used", kind: "refresh" }),
    ]);
    expect(await lastUses(database, ["used", "unused", "unknown"])).toEqual(new Map([["used", 9]]));
    expect(await lastUses(database, [])).toEqual(new Map());
  });

  test.each([
    ["a person's trail", "SELECT * FROM audit WHERE user = 'a' ORDER BY time DESC, id DESC LIMIT 5"],
    ["everybody's trail", "SELECT * FROM audit WHERE time < 5 ORDER BY time DESC, id DESC LIMIT 5"],
    ["a person's calls", "SELECT COUNT(*) FROM audit WHERE user = 'a' AND time >= 1 AND time < 5 AND kind = 'call'"],
    ["a grant's last use", `SELECT time FROM audit WHERE "grant" = 'a' AND kind <> 'grant' ORDER BY time DESC LIMIT 1`],
  ])("finds %s in an index, without a sort", async (_, sql) => {
    const { results } = await database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).toMatch(/USING (COVERING )?INDEX audit_by_/);
    expect(plan).not.toContain("TEMP B-TREE");
  });

  test("what a person wrote is a value, never a statement", async () => {
    await record(database, [event({ tool: "'; DROP TABLE audit; --" })]);
    const { events } = await read(database, { user: "' OR 1=1 --", limit: 10 });
    expect(events).toEqual([]);
    expect((await read(database, { limit: 10 })).events[0]!.tool).toBe("'; DROP TABLE audit; --");
  });

  test("a long reason is cut", async () => {
    await record(database, [event({ decision: "failed", reason: "x".repeat(10_000) })]);
    expect((await read(database, { limit: 1 })).events[0]!.reason).toHaveLength(300);
  });

  test("what is older than the retention is swept, in bounded steps", async () => {
    await record(
      database,
      Array.from({ length: 5 }, (_, n) => event({ time: n })),
    );
    expect(await sweep(database, 4, 3)).toBe(3);
    expect(await sweep(database, 4, 3)).toBe(1);
    expect(await sweep(database, 4, 3)).toBe(0);
    expect((await read(database, { limit: 10 })).events.map(({ time }) => time)).toEqual([4]);
  });
});

describe("the export", () => {
  test("as JSON lines is one event a line", () => {
    const lines = toJsonLines([event(), event({ requestId: "r-2" })])
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line).requestId)).toEqual(["r-1", "r-2"]);
  });

  test("as CSV quotes what RFC 4180 says, and disarms what a spreadsheet would run", () => {
    const csv = toCsv([event({ tool: 'a "b", c', client: "=HYPERLINK(1)" })]);
    expect(csv.split("\r\n")[0]).toBe(
      "time,kind,decision,reason,user,client,grant,service,tool,durationMs,requestId,placement",
    );
    expect(csv).toContain('"a ""b"", c"');
    expect(csv).toContain(",'=HYPERLINK(1),");
  });
});
