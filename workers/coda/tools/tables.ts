import { z } from "zod";
import { defineTool } from "../api.ts";
import { docInput, pageInput, tableInput } from "./table-input.ts";

export const listTables = defineTool({
  name: "list_tables",
  title: "List tables",
  description: "Lists the tables of a Coda doc and the views of them, with their ids. Rows are written to tables only.",
  scope: "coda:read",
  readOnly: true,
  input: z.strictObject({ ...docInput, ...pageInput }),
  output: z.object({
    tables: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.enum(["table", "view"]),
        page: z.string().optional().describe("Name of the page that it is on"),
        link: z.string(),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  async run({ doc, limit, cursor }, { upstream, signal }) {
    const { items, nextPageToken } = await upstream.listTables(doc, { limit, pageToken: cursor }, signal);
    return {
      tables: items.map(({ id, name, tableType, parent, browserLink }) => ({
        id,
        name,
        type: tableType,
        page: parent?.name,
        link: browserLink,
      })),
      next_cursor: nextPageToken,
    };
  },
});

export const listColumns = defineTool({
  name: "list_columns",
  title: "List columns",
  description:
    "Lists the columns of a table in a Coda doc with their types, hidden ones too. Look here before you write rows.",
  scope: "coda:read",
  readOnly: true,
  input: z.strictObject({ ...tableInput, ...pageInput }),
  output: z.object({
    columns: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.string().describe("text, number, date, checkbox, select, lookup …"),
        several: z.boolean().describe("Whether a cell holds a list of values"),
        names_row: z.boolean().optional().describe("Whether its value is the row's name"),
        formula: z.string().optional(),
        calculated: z.boolean().optional().describe("Cannot be written: Coda calculates it by the formula"),
        table: z.string().optional().describe("Of a lookup: the table whose rows it names"),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  async run({ doc, table, limit, cursor }, { upstream, signal }) {
    const { items, nextPageToken } = await upstream.listColumns(doc, table, { limit, pageToken: cursor }, signal);
    return {
      columns: items.map(({ id, name, format, display, calculated, formula }) => ({
        id,
        name,
        type: format.type,
        several: format.isArray,
        names_row: display,
        formula,
        calculated,
        table: "table" in format ? format.table.name : undefined,
      })),
      next_cursor: nextPageToken,
    };
  },
});
