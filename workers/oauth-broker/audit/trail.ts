import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import type { AuditDatabase } from "./database.ts";

/** Columns of the table, in the order of the export. */
const FIELDS = {
  time: "time",
  kind: "kind",
  decision: "decision",
  reason: "reason",
  user: "user",
  client: "client",
  grant: '"grant"',
  service: "service",
  tool: "tool",
  durationMs: "duration_ms",
  requestId: "request_id",
  placement: "placement",
} as const satisfies Record<keyof AuditEvent, string>;

const NAMES = Object.keys(FIELDS) as (keyof AuditEvent)[];
const COLUMNS = Object.values(FIELDS).join(", ");
/** Longest reason that is kept, in characters: it may quote an upstream. */
const LONGEST_REASON = 300;

/** Adds events to the trail, all or none. */
export async function record(database: AuditDatabase, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const insert = `INSERT INTO audit (${COLUMNS}) VALUES (${NAMES.map(() => "?").join(", ")})`;
  await database.batch(
    events.map((event) => {
      const kept = { ...event, ...(event.reason && { reason: event.reason.slice(0, LONGEST_REASON) }) };
      return database.prepare(insert).bind(...NAMES.map((name) => kept[name] ?? null));
    }),
  );
}

/** Which events; what is undefined does not matter. */
export interface TrailFilter {
  /** Only this person's; undefined: everybody's. */
  user?: string;
  grant?: string;
  service?: string;
  decision?: AuditEvent["decision"];
  /** Unix times in milliseconds: from (inclusive) and before. */
  from?: number;
  before?: number;
}

/** A part of the trail. */
export interface TrailPage extends TrailFilter {
  /** `next` of the page before. */
  after?: string;
  /** At most 1000. */
  limit: number;
}

/** Reads the trail, newest first. An `after` that is none begins at the newest. */
export async function read(
  database: AuditDatabase,
  { after, limit, ...filter }: TrailPage,
): Promise<{ events: (AuditEvent & { id: number })[]; next?: string }> {
  const [, time, id] = /^(\d+)-(\d+)$/.exec(after ?? "") ?? [];
  const { where, values } = conditions(filter, [
    // The first one alone would do for the index, the second one for what is after.
    ["time <= ?", time && Number(time)],
    ["(time, id) < (?, ?)", time && [Number(time), Number(id)]],
  ]);
  const atMost = Math.min(limit, 1000);
  const { results } = await database
    .prepare(`SELECT id, ${COLUMNS} FROM audit ${where} ORDER BY time DESC, id DESC LIMIT ?`)
    .bind(...values, atMost + 1)
    .all<Record<string, unknown> & { id: number }>();
  const events = results.slice(0, atMost).map((row) => ({ id: row.id, ...fromRow(row) }));
  const last = events.at(-1);
  return { events, ...(results.length > atMost && last && { next: `${last.time}-${last.id}` }) };
}

/** Calls of one service on one day (UTC). */
export interface DayOfCalls {
  /** Unix time in milliseconds of its midnight. */
  day: number;
  service: string;
  calls: number;
}

/** A day, in milliseconds. */
export const DAY_MS = 86_400_000;

/** How many tool calls there were, by day and service; days without any are left out. */
export async function callsPerDay(database: AuditDatabase, filter: TrailFilter): Promise<DayOfCalls[]> {
  const { where, values } = conditions(filter, [["kind = ?", "call"]]);
  const { results } = await database
    .prepare(
      `SELECT time / ${DAY_MS} * ${DAY_MS} AS day, COALESCE(service, '') AS service, COUNT(*) AS calls
       FROM audit ${where} GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .bind(...values)
    .all<DayOfCalls>();
  return results;
}

/**
 * When each of some grants was last used: Unix times in milliseconds, by grant. That it was given is no use of it.
 *
 * @param grants ids; each costs one step in an index
 */
export async function lastUses(database: AuditDatabase, grants: readonly string[]): Promise<Map<string, number>> {
  if (grants.length === 0) return new Map();
  const { results } = await database
    .prepare(
      `SELECT value AS id, (
         SELECT time FROM audit WHERE "grant" = value AND kind <> 'grant' ORDER BY time DESC LIMIT 1
       ) AS time FROM json_each(?)`,
    )
    .bind(JSON.stringify(grants))
    .all<{ id: string; time: number | null }>();
  return new Map(results.flatMap(({ id, time }) => (time === null ? [] : [[id, time] as const])));
}

type Condition = [sql: string, value: unknown];

/** What a filter says in SQL; what is undefined is left out. */
function conditions(filter: TrailFilter, more: Condition[]): { where: string; values: unknown[] } {
  const all: Condition[] = [
    ["user = ?", filter.user],
    ['"grant" = ?', filter.grant],
    ["service = ?", filter.service],
    ["decision = ?", filter.decision],
    ["time >= ?", filter.from],
    ["time < ?", filter.before],
    ...more,
  ];
  const used = all.filter(([, value]) => value !== undefined);
  return {
    where: used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(" AND ")}` : "",
    values: used.flatMap(([, value]) => value),
  };
}

/**
 * Removes what is older than the retention, some at a time: D1 bounds what one statement may touch.
 *
 * @param olderThan Unix time in milliseconds
 * @returns how many were removed
 */
export async function sweep(database: AuditDatabase, olderThan: number, atMost = 1000): Promise<number> {
  const { meta } = await database
    .prepare("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE time < ? ORDER BY time LIMIT ?)")
    .bind(olderThan, atMost)
    .run();
  return meta.changes ?? 0;
}

/** The trail as JSON lines: one event a line, fields without a value left out. */
export function toJsonLines(events: readonly AuditEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

/** The trail as CSV (RFC 4180), with a header. A cell that a spreadsheet would take for a formula is quoted with `'`. */
export function toCsv(events: readonly AuditEvent[]): string {
  const lines = events.map((event) => NAMES.map((name) => cell(event[name])).join(","));
  return [NAMES.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

function cell(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function fromRow(row: Record<string, unknown>): AuditEvent {
  const values = NAMES.map((name) => [name, row[FIELDS[name].replaceAll('"', "")]] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== null)) as unknown as AuditEvent;
}
