import { z } from "zod";
import { defineTool } from "../api.ts";
import { cursorInput, queryInput, tableInput } from "./table-input.ts";

/** Rows that Coda is asked for at a time: small enough for a long listing to tell its progress. */
const PAGE_SIZE = 50;

export const listRows = defineTool({
  name: "list_rows",
  title: "List rows",
  description:
    "Reads the rows of a table in a Coda doc, with values by column name. Asks Coda page by page until it has `limit` rows.",
  scope: "coda:read",
  readOnly: true,
  input: z.strictObject({
    ...tableInput,
    query: queryInput.describe('Only rows with this value in a column, both quoted: "Status":"Done"'),
    limit: z.int().min(1).max(1000).default(100).describe("How many rows; above 50, rounded up to a multiple of 50"),
    cursor: cursorInput.describe("next_cursor of the answer before, for the rows after it"),
  }),
  output: z.object({
    rows: z.array(
      z.object({ id: z.string(), name: z.string(), link: z.string(), values: z.record(z.string(), z.unknown()) }),
    ),
    next_cursor: z.string().optional(),
  }),
  async run({ doc, table, query, limit, cursor }, { upstream, signal, progress }) {
    const rows = [];
    let pageToken = cursor;
    do {
      const page = await upstream.listRows(
        doc,
        table,
        {
          query,
          // The same on every page: a page token may carry the limit of the page before.
          limit: Math.min(PAGE_SIZE, limit),
          pageToken,
          useColumnNames: true,
          valueFormat: "simpleWithArrays",
        },
        signal,
      );
      rows.push(...page.items.map(({ id, name, browserLink, values }) => ({ id, name, link: browserLink, values })));
      pageToken = page.nextPageToken;
      await progress(rows.length, limit, `${rows.length} rows read`);
    } while (pageToken && rows.length < limit);
    return { rows, next_cursor: pageToken };
  },
});
