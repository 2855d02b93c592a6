import { z } from "zod";

/** A part of the API's path, so never one that leads elsewhere. */
export const pathPart = z
  .string()
  .min(1)
  .max(200)
  .regex(/^(?!\.{1,2}$)/, "must not be . or ..");

/** The input that names a doc. */
export const docInput = { doc: pathPart.describe("Id of the doc; resolve_link finds it for a link") };

/** The input that names a page. */
export const pageInput = { ...docInput, page: pathPart.describe("Id (safer) or name of the page") };

/** The input that names a table. */
export const tableInput = { ...docInput, table: pathPart.describe("Id (safer) or name of the table or view") };

/** The input that names a row. */
export const rowInput = { ...tableInput, row: pathPart.describe("Id (safer) or name of the row") };

/** What narrows a list. Everything here goes into the address of a request, which has its bounds. */
export const queryInput = z.string().min(1).max(500).optional();

/** Where a list goes on: Coda's own words, which may repeat the query. */
export const cursorInput = z.string().min(1).max(8000).optional();

/** The input that asks for one page of a list. */
export const listInput = {
  limit: z.int().min(1).max(100).default(50).describe("How many at most"),
  cursor: cursorInput.describe("next_cursor of the answer before, for what comes after it; the rest as it was"),
};

/** The output that says where a list goes on. */
export const nextCursor = z.string().optional().describe("There is more: give it as cursor");
