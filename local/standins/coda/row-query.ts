import { CodaError } from "./error.ts";
import type { Doc, Row } from "./model.ts";
import { booleanParameter, choiceParameter } from "./parameter.ts";
import type { TableOrView } from "./resources.ts";
import { cellMatches, cellOf } from "./values.ts";

/**
 * The rows that `query`, `sortBy`, `visibleOnly` and `syncToken` select, in their order (description of `listRows`).
 * All rows of a table are visible; a view has only those that it shows.
 * @throws {CodaError} 400 for a parameter that cannot be met
 */
export function selectRows(doc: Doc, table: TableOrView, query: URLSearchParams): Row[] {
  const sortBy = choiceParameter(query, "sortBy", ["createdAt", "natural", "updatedAt"]);
  if (sortBy === "natural" && booleanParameter(query, "visibleOnly") === false) {
    throw new CodaError(400, "sortBy=natural cannot be combined with visibleOnly=false.");
  }
  let rows = table.rows;
  const since = query.get("syncToken");
  if (since !== null) {
    const revision = parseSyncToken(since);
    rows = rows.filter((row) => row.revision > revision);
  }
  const filter = query.get("query");
  if (filter !== null) {
    const { column, value } = parseQuery(table, filter);
    rows = rows.filter((row) => cellMatches(doc, column, cellOf(row, column), value));
  }
  return sortBy === "updatedAt" ? rows.toSorted((a, b) => a.updatedAt.localeCompare(b.updatedAt)) : rows;
}

/** The token with which a client later asks for what changed after this revision. */
export function syncToken(revision: number): string {
  return Buffer.from(JSON.stringify({ revision })).toString("base64url");
}

function parseSyncToken(token: string): number {
  try {
    const { revision } = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Number.isInteger(revision)) return revision;
  } catch {
    // Told below.
  }
  throw new CodaError(400, "The syncToken is not valid.");
}

/** `<column_id_or_name>:<value>`, the name quoted, the value JSON. */
function parseQuery(table: TableOrView, text: string) {
  const parts = /^\s*("(?:[^"\\]|\\.)*"|[^":]+?)\s*:(.*)$/s.exec(text);
  const name = parts && (parts[1]!.startsWith('"') ? parseJson(parts[1]!) : parts[1]);
  const value = parts && parseJson(parts[2]!);
  if (typeof name !== "string" || value === undefined) {
    throw new CodaError(
      400,
      'query must be <column_id_or_name>:<value>, with a quoted name and a JSON value, e.g. "My Column":"text".',
    );
  }
  const column = table.base.columns.find((each) => each.id === name || each.name === name);
  if (!column) throw new CodaError(400, `query names the column "${name}", which the table does not have.`);
  return { column, value };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
