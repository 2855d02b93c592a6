import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { tableInput } from "./input.ts";
import { columnName, type RowValues, rowValues, toEdit, VALUES_EXPLAINED } from "./row-edit.ts";

export const upsertRows = defineTool({
  name: "upsert_rows",
  title: "Add or change rows",
  description:
    "Adds rows to a table of a Coda doc. With key_columns, a row whose values in these columns are there already changes every row that has them instead. Answers when Coda has applied it, so that list_rows sees it.",
  scope: "coda:write",
  toolset: "tables",
  readOnly: false,
  input: z.strictObject({
    ...tableInput,
    rows: z.array(rowValues).min(1).max(500).describe(`The values of each row ${VALUES_EXPLAINED}`),
    key_columns: z
      .array(columnName)
      .max(20)
      .default([])
      .describe("Columns by which rows that are there already are found, named as in rows; every row needs them"),
  }),
  output: z.object({
    ...editOutput,
    added_row_ids: z.array(z.string()).optional().describe("Ids of the new rows; not with key_columns"),
  }),
  async run({ doc, table, rows, key_columns }, context) {
    refuseRowsWithoutKeys(rows, key_columns);
    const edit = { rows: rows.map(toEdit), ...(key_columns.length > 0 && { keyColumns: key_columns }) };
    const unanswered =
      key_columns.length > 0
        ? "The rows may have been accepted all the same; sending the same again does no harm, as rows are found by their key columns."
        : "The rows may have been accepted all the same: look with list_rows before you try again, or they may be there twice.";
    const path = "/docs/{docId}/tables/{tableIdOrName}/rows";
    const parameters = { docId: doc, tableIdOrName: table };
    const accepted = await context.upstream.post(path, parameters, edit, context.signal, { unanswered });
    return { ...(await whenApplied(accepted.requestId, context)), added_row_ids: accepted.addedRowIds };
  },
});

/** A row without a key would change every row in which that column is empty. */
function refuseRowsWithoutKeys(rows: RowValues[], keyColumns: string[]): void {
  for (const [index, row] of rows.entries()) {
    const missing = keyColumns.find((key) => isEmpty(row[key]));
    if (missing === undefined) continue;
    throw new ToolError(
      `Row ${index + 1} has no value for the key column "${missing}", so it is not clear which row is meant. Give every row a value for each key column, under the same name or id as in key_columns. Nothing was written.`,
    );
  }
}

function isEmpty(value: RowValues[string] | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
