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

export interface TrailFilter {
  /** Only this person's; undefined: everybody's. */
  user?: string;
  service?: string;
  decision?: AuditEvent["decision"];
  /** Unix times in milliseconds: from (inclusive) and before. */
  from?: number;
  before?: number;
  /** `id` of the last event of the page before. */
  after?: number;
  /** At most 1000. */
  limit: number;
}

/** Reads the trail, newest first. */
export async function read(
  database: AuditDatabase,
  filter: TrailFilter,
): Promise<{ events: (AuditEvent & { id: number })[]; next?: number }> {
  const conditions: [sql: string, value: unknown][] = [
    ["user = ?", filter.user],
    ["service = ?", filter.service],
    ["decision = ?", filter.decision],
    ["time >= ?", filter.from],
    ["time < ?", filter.before],
    ["id < ?", filter.after],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  const where = used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(" AND ")}` : "";
  const limit = Math.min(filter.limit, 1000);
  const { results } = await database
    .prepare(`SELECT id, ${COLUMNS} FROM audit ${where} ORDER BY id DESC LIMIT ?`)
    .bind(...used.map(([, value]) => value), limit + 1)
    .all<Record<string, unknown> & { id: number }>();
  const events = results.slice(0, limit).map((row) => ({ id: row.id, ...fromRow(row) }));
  return { events, ...(results.length > limit && { next: events.at(-1)!.id }) };
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
