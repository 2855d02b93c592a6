import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { cutValue } from "./cut-value.ts";
import { cursorInput, nextCursor, queryInput, rowInput, tableInput } from "./input.ts";
import { listed } from "./listed.ts";
import { columnName } from "./row-edit.ts";

const ROWS = "/docs/{docId}/tables/{tableIdOrName}/rows";

/** Rows that Coda is asked for at a time: small enough for a long listing to tell its progress. */
const PAGE_SIZE = 50;

/** Most characters of a cell in a list of rows. */
const LISTED_CELL = 1000;

/** Most characters of all cells of one row, and what a cell has all the same. */
const WHOLE_ROW = 50_000;
const SHORTEST_CELL = 100;

/** Columns that are named to a model which asked for another. */
const MOST_NAMED = 100;

const rowOutput = {
  id: z.string(),
  name: z.string(),
  link: z.string(),
  values: z.record(z.string(), z.unknown()).describe("By column; an empty cell is an empty text"),
};

const formInput = {
  columns: z
    .array(columnName)
    .min(1)
    .max(100)
    .optional()
    .describe("Only these columns, called as the answer calls them; default: all"),
  column_ids: z.boolean().default(false).describe("Whether the answer calls columns by id, in place of name"),
  rich: z
    .boolean()
    .default(false)
    .describe(
      "Values with what is behind them: Markdown of texts, ids of rows that are looked up, amounts with currency",
    ),
};

interface Form {
  columns?: string[] | undefined;
  column_ids: boolean;
  rich: boolean;
}

const formOf = ({ column_ids, rich }: Form) => ({
  useColumnNames: !column_ids,
  valueFormat: rich ? ("rich" as const) : ("simpleWithArrays" as const),
});

/**
 * @param length most characters of a cell
 * @param offset characters of each that are left out
 * @throws {ToolError} for a column that is not there
 */
function described(row: Schemas["Row"], { columns }: Form, length: number, offset = 0) {
  const missing = columns?.find((column) => !Object.hasOwn(row.values, column));
  if (missing !== undefined) {
    const known = Object.keys(row.values)
      .slice(0, MOST_NAMED)
      .map((column) => JSON.stringify(column));
    throw new ToolError(`There is no column ${JSON.stringify(missing)} in the answer. There are: ${known.join(", ")}.`);
  }
  const cells = Object.entries(row.values).filter(([column]) => columns?.includes(column) ?? true);
  const most = Math.max(SHORTEST_CELL, Math.min(length, Math.floor(WHOLE_ROW / Math.max(cells.length, 1))));
  const rest = "get_row with columns and offset has the rest";
  const values = Object.fromEntries(cells.map(([column, value]) => [column, cutValue(value, most, rest, offset)]));
  return { id: row.id, name: row.name.slice(0, LISTED_CELL), link: row.browserLink, values };
}

export const listRows = defineTool({
  name: "list_rows",
  title: "List rows",
  description:
    "Reads the rows of a table or view in a Coda doc, with values by column. Name the columns that you need: that keeps answers short. Cells of more than 1000 characters are cut: get_row has them whole.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({
    ...tableInput,
    query: queryInput.describe(
      'Only rows with this value in a column, as JSON: "Status":"Done" by the name, c-abc:12 by the id',
    ),
    ...formInput,
    sort_by: z
      .enum(["created", "updated", "as_shown"])
      .default("created")
      .describe("as_shown: as the table shows them, and only what it shows"),
    visible_only: z.boolean().default(false).describe("Only rows and columns that the table shows"),
    limit: z.int().min(1).max(1000).default(100).describe("How many rows at most; fewer when they are long"),
    cursor: cursorInput.describe("next_cursor of the answer before, for the rows after it; the rest as it was"),
  }),
  output: z.object({ rows: z.array(z.object(rowOutput)), next_cursor: nextCursor }),
  async run({ doc, table, query, sort_by, visible_only, limit, cursor, ...form }, { upstream, signal, progress }) {
    const filter = {
      ...formOf(form),
      query,
      sortBy: ({ created: undefined, updated: "updatedAt", as_shown: "natural" } as const)[sort_by],
      ...(visible_only && { visibleOnly: true }),
    };
    const parameters = { docId: doc, tableIdOrName: table };
    const { items, next_cursor } = await listed(
      (asked: object) => upstream.get(ROWS, parameters, { ...filter, ...asked }, signal),
      (row) => described(row, form, LISTED_CELL),
      {
        limit,
        cursor,
        pageSize: PAGE_SIZE,
        progress: (rows) => progress(rows, limit, `${rows} rows read`),
      },
    );
    return { rows: items, next_cursor };
  },
});

export const getRow = defineTool({
  name: "get_row",
  title: "Get a row",
  description: "Reads one row of a table in a Coda doc, long cells too.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({
    ...rowInput,
    ...formInput,
    offset: z
      .int()
      .min(0)
      .max(10_000_000)
      .default(0)
      .describe("Characters of each cell to leave out, to read on in one that was cut; name its column in columns"),
  }),
  output: z.object({ ...rowOutput, created_at: z.string(), updated_at: z.string() }),
  async run({ doc, table, row, offset, ...form }, { upstream, signal }) {
    const parameters = { docId: doc, tableIdOrName: table, rowIdOrName: row };
    const found = await upstream.get(`${ROWS}/{rowIdOrName}`, parameters, formOf(form), signal);
    return {
      ...described(found, form, WHOLE_ROW, offset),
      created_at: found.createdAt,
      updated_at: found.updatedAt,
    };
  },
});
