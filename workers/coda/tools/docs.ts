import { z } from "zod";
import { defineTool } from "../api.ts";
import { cursorInput, queryInput } from "./table-input.ts";

export const listDocs = defineTool({
  name: "list_docs",
  title: "List docs",
  description: "Lists the Coda docs that you can open, newest first, with their ids and links.",
  scope: "coda:read",
  readOnly: true,
  input: z.strictObject({
    query: queryInput.describe("Only docs that match these words"),
    limit: z.int().min(1).max(100).default(25).describe("How many docs at most"),
    cursor: cursorInput.describe("next_cursor of the answer before, for the docs after it"),
  }),
  output: z.object({
    docs: z.array(
      z.object({ id: z.string(), name: z.string(), owner: z.string(), updated_at: z.string(), link: z.string() }),
    ),
    next_cursor: z.string().optional(),
  }),
  async run({ query, limit, cursor }, { upstream, signal }) {
    const page = await upstream.listDocs({ query, limit, pageToken: cursor }, signal);
    return {
      docs: page.items.map((doc) => ({
        id: doc.id,
        name: doc.name,
        owner: doc.owner,
        updated_at: doc.updatedAt,
        link: doc.browserLink,
      })),
      next_cursor: page.nextPageToken,
    };
  },
});
