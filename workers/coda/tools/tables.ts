import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { docInput, listInput, nextCursor, pathPart, tableInput } from "./input.ts";
import { listed } from "./listed.ts";

const TABLE = "/docs/{docId}/tables/{tableIdOrName}";

const tableOutput = {
  id: z.string(),
  name: z.string(),
  type: z.enum(["table", "view"]),
  page: z.string().optional().describe("Name of the page that it is on"),
  link: z.string(),
};

const tableOf = ({ id, name, tableType, parent, browserLink }: Schemas["TableReference"]) => ({
  id,
  name,
  type: tableType,
  page: parent?.name,
  link: browserLink,
});

/** A column as the tools give it. */
export const columnOutput = {
  id: z.string(),
  name: z.string(),
  type: z.string().describe("text, number, date, checkbox, select, lookup, button …"),
  several: z.boolean().describe("Whether a cell holds a list of values"),
  names_row: z.boolean().optional().describe("Whether its value is the row's name"),
  formula: z.string().optional(),
  calculated: z.boolean().optional().describe("Cannot be written: Coda calculates it by the formula"),
  table: z.string().optional().describe("Of a lookup: the table whose rows it names"),
};

/** What the tools give of a column. */
export const columnOf = ({ id, name, format, display, calculated, formula }: Schemas["Column"]) => ({
  id,
  name,
  type: format.type,
  several: format.isArray,
  names_row: display,
  formula,
  calculated,
  table: "table" in format ? format.table.name : undefined,
});

export const listTables = defineTool({
  name: "list_tables",
  title: "List tables",
  description: "Lists the tables of a Coda doc and the views of them, with their ids. Rows are added to tables only.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({
    ...docInput,
    only: z.enum(["table", "view"]).optional().describe("Only tables, or only views of them"),
    by_name: z.boolean().default(false).describe("In the order of their names"),
    ...listInput,
  }),
  output: z.object({ tables: z.array(z.object(tableOutput)), next_cursor: nextCursor }),
  async run({ doc, only, by_name, ...page }, { upstream, signal }) {
    const filter = { ...(only && { tableTypes: [only] }), ...(by_name && { sortBy: "name" as const }) };
    const ask = (asked: object) =>
      upstream.get("/docs/{docId}/tables", { docId: doc }, { ...filter, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, tableOf, page);
    return { tables: items, next_cursor };
  },
});

export const getTable = defineTool({
  name: "get_table",
  title: "Get a table",
  description:
    "Tells of one table or view of a Coda doc: how many rows it has, which column names a row, how it is sorted, and of a view, which table it shows.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject(tableInput),
  output: z.object({
    ...tableOutput,
    rows: z.number(),
    layout: z.string(),
    name_column: z.string().describe("Id of the column whose value is a row's name"),
    view_of: z.object({ id: z.string(), name: z.string() }).optional(),
    sorted_by: z.array(z.object({ column: z.string().describe("Its id"), direction: z.string() })),
    created_at: z.string(),
    updated_at: z.string(),
  }),
  async run({ doc, table }, { upstream, signal }) {
    const found = await upstream.get(TABLE, { docId: doc, tableIdOrName: table }, {}, signal);
    return {
      ...tableOf(found),
      rows: found.rowCount,
      layout: found.layout,
      name_column: found.displayColumn.id,
      view_of: found.parentTable && { id: found.parentTable.id, name: found.parentTable.name },
      sorted_by: found.sorts.map(({ column, direction }) => ({ column: column.id, direction })),
      created_at: found.createdAt,
      updated_at: found.updatedAt,
    };
  },
});

export const listColumns = defineTool({
  name: "list_columns",
  title: "List columns",
  description:
    "Lists the columns of a table in a Coda doc with their types, hidden ones too. Look here before you write rows.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({
    ...tableInput,
    visible_only: z.boolean().default(false).describe("Without columns that the table does not show"),
    ...listInput,
    limit: listInput.limit.default(100),
  }),
  output: z.object({ columns: z.array(z.object(columnOutput)), next_cursor: nextCursor }),
  async run({ doc, table, visible_only, ...page }, { upstream, signal }) {
    const filter = visible_only ? { visibleOnly: true } : {};
    const parameters = { docId: doc, tableIdOrName: table };
    const ask = (asked: object) => upstream.get(`${TABLE}/columns`, parameters, { ...filter, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, columnOf, page);
    return { columns: items, next_cursor };
  },
});

export const getColumn = defineTool({
  name: "get_column",
  title: "Get a column",
  description:
    "Tells everything of one column of a table in a Coda doc: its format in detail, its formula, its default value, and what a button does.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({ ...tableInput, column: pathPart.describe("Id (safer) or name of the column") }),
  output: z.object({
    ...columnOutput,
    default_value: z.string().optional().describe("Formula for the value in a new row"),
    format: z.record(z.string(), z.unknown()).describe("As Coda has it; what is in it differs by type"),
  }),
  async run({ doc, table, column }, { upstream, signal }) {
    const parameters = { docId: doc, tableIdOrName: table, columnIdOrName: column };
    const found = await upstream.get(`${TABLE}/columns/{columnIdOrName}`, parameters, {}, signal);
    return { ...columnOf(found), default_value: found.defaultValue, format: { ...found.format } };
  },
});
