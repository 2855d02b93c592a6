import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { tableInput } from "./table-input.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const cell = z.union([scalar, z.null(), z.array(scalar)]);
const column = z.string().min(1).max(500);

type Row = Record<string, z.output<typeof cell>>;

/**
 * Coda only accepts an edit (202) and applies it later, so the tool waits until reads can see it. When that takes too long
 * it is no error: the edit is in Coda's queue and will be applied, and a model that is told of an error sends it again.
 */
export const upsertRows = defineTool({
  name: "upsert_rows",
  title: "Add or change rows",
  description:
    "Adds rows to a table of a Coda doc. With key_columns, a row whose values in these columns are there already changes every row that has them instead. Answers when Coda has applied it, so that list_rows sees it.",
  scope: "coda:write",
  readOnly: false,
  input: z.strictObject({
    ...tableInput,
    rows: z
      .array(z.record(column, cell).refine((row) => Object.keys(row).length > 0, "must have a value for some column"))
      .min(1)
      .max(500)
      .describe(
        'The values of each row by column, its name or (safer) id: {"Task": "Paint", "Tags": ["a", "b"]}. Columns that are left out stay as they are; null or "" empties a cell; a lookup takes the name of a row',
      ),
    key_columns: z
      .array(column)
      .max(20)
      .default([])
      .describe("Columns by which rows that are there already are found, named as in rows; every row needs them"),
  }),
  output: z.object({
    applied: z.boolean().describe("Whether reads see it already"),
    request_id: z.string().describe("Coda's id of this edit"),
    added_row_ids: z.array(z.string()).optional().describe("Ids of the new rows; not with key_columns"),
    note: z.string().optional(),
  }),
  async run({ doc, table, rows, key_columns }, { upstream, signal, progress }) {
    refuseRowsWithoutKeys(rows, key_columns);
    const edit = { rows: rows.map(toEdit), ...(key_columns.length > 0 && { keyColumns: key_columns }) };
    const accepted = await upstream.upsertRows(doc, table, edit, signal);
    const waiting = (looks: number) =>
      progress(looks + 1, undefined, `Coda has accepted this (${accepted.requestId}) but not applied it yet`);
    await waiting(0);
    const status = await upstream.applied(accepted.requestId, signal, waiting);
    const note = status
      ? status.warning
      : "Coda has accepted this and will apply it, but takes longer than usual. Do not send it again: look with list_rows in a while.";
    return {
      applied: status !== undefined,
      request_id: accepted.requestId,
      added_row_ids: accepted.addedRowIds,
      note,
    };
  },
});

/** A row without a key would change every row in which that column is empty. */
function refuseRowsWithoutKeys(rows: Row[], keyColumns: string[]): void {
  for (const [index, row] of rows.entries()) {
    const missing = keyColumns.find((key) => isEmpty(row[key]));
    if (missing === undefined) continue;
    throw new ToolError(
      `Row ${index + 1} has no value for the key column "${missing}", so it is not clear which row is meant. Give every row a value for each key column, under the same name or id as in key_columns. Nothing was written.`,
    );
  }
}

function isEmpty(value: Row[string] | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Coda knows no null. */
function toEdit(row: Row) {
  return { cells: Object.entries(row).map(([column, value]) => ({ column, value: value ?? "" })) };
}
