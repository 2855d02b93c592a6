import { z } from "zod";

/** What every list ends with. */
export const pageOutput = {
  next_cursor: z.string().optional().describe("There is more: the cursor to go on with"),
};
