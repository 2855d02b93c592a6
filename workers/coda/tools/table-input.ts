import { z } from "zod";

/** A part of the API's path, so never one that leads elsewhere. */
const pathPart = z
  .string()
  .min(1)
  .max(200)
  .regex(/^(?!\.{1,2}$)/, "must not be . or ..");

/** The input that names a doc. */
export const docInput = { doc: pathPart.describe("Id of the doc") };

/** The input that names a table. */
export const tableInput = { ...docInput, table: pathPart.describe("Id or name of the table") };

/** What narrows a list. Everything here goes into the address of a request, which has its bounds. */
export const queryInput = z.string().min(1).max(500).optional();

/** Where a list goes on: Coda's own words, which may repeat the query. */
export const cursorInput = z.string().min(1).max(8000).optional();

/** The input that asks for one page of a list. */
export const pageInput = {
  limit: z.int().min(1).max(100).default(100).describe("How many at most"),
  cursor: cursorInput.describe("next_cursor of the answer before, for what comes after it"),
};
