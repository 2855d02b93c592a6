import { z } from "zod";

const limit = z.int().min(1).max(100).default(30).describe("How many at most");

const cursor = (form: RegExp) =>
  z
    .string()
    .regex(form, "must be a next_cursor of the answer before")
    .optional()
    .describe("next_cursor of the answer before, for what comes after it; all else as it was");

/** The input that asks for one page of a list whose pages GitHub counts. */
export const numberedPageInput = { limit, cursor: cursor(/^page=[1-9]\d{0,5}$/) };

/** The input that asks for one page of a list in which GitHub goes on after the last item. */
export const cursorPageInput = { limit, cursor: cursor(/^after=[\w=+/-]{1,500}$/) };
