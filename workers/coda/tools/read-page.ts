import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { type CodaApi, defineTool, type ExportedPage, type Schemas } from "../api.ts";
import { pageInput } from "./input.ts";
import { partOf } from "./part-of.ts";

/** The content of a page as it is now. */
export function readNow(
  { doc, page }: { doc: string; page: string },
  format: Schemas["PageContentOutputFormat"],
  context: Pick<ToolContext<CodaApi>, "upstream" | "signal" | "progress">,
): Promise<ExportedPage> {
  const { upstream, signal, progress } = context;
  return upstream.exportPage(doc, page, format, signal, (looks) =>
    progress(looks + 1, undefined, "Coda is exporting the page"),
  );
}

/** `<offset>:<id of the export>`: the rest is of the same content, whatever has been written since. */
const CURSOR = /^(\d{1,9}):(?!\.{1,2}$)(.{1,200})$/;

export const readPage = defineTool({
  name: "read_page",
  title: "Read a page",
  description:
    "Reads the content of a page of a Coda doc as Markdown or HTML, long ones in parts. Tables on it come as they look; list_rows reads their data.",
  scope: "coda:read",
  toolset: "pages",
  readOnly: true,
  input: z.strictObject({
    ...pageInput,
    format: z.enum(["markdown", "html"]).default("markdown").describe("What the content is to be written in"),
    limit: z.int().min(1000).max(60_000).default(40_000).describe("How many characters at most"),
    cursor: z
      .string()
      .regex(CURSOR)
      .optional()
      .describe("next_cursor of the answer before, for the part after it; the rest as it was"),
  }),
  output: z.object({
    content: z.string(),
    characters: z.number().describe("Of the whole content"),
    next_cursor: z.string().optional().describe("There is more: give it as cursor"),
  }),
  async run({ doc, page, format, limit, cursor }, context) {
    const [, offset = "0", exportId] = CURSOR.exec(cursor ?? "") ?? [];
    const { exportId: id, text } = exportId
      ? await context.upstream.exportedPage(doc, page, exportId, context.signal)
      : await readNow({ doc, page }, format, context);
    const content = partOf(text, Number(offset), limit);
    const end = Number(offset) + content.length;
    return { content, characters: text.length, next_cursor: end < text.length ? `${end}:${id}` : undefined };
  },
});

/** Longest line that is given whole. */
const MAX_LINE = 500;

export const peekPage = defineTool({
  name: "peek_page",
  title: "Peek at a page",
  description: "Reads the first lines of a page of a Coda doc as Markdown, to see what it is about.",
  scope: "coda:read",
  toolset: "pages",
  readOnly: true,
  input: z.strictObject({
    ...pageInput,
    lines: z.int().min(1).max(100).default(20).describe("How many lines, empty ones not counted"),
  }),
  output: z.object({
    content: z.string(),
    characters: z.number().describe("Of the whole content"),
    more: z.boolean().describe("Whether there is more: read_page reads it"),
  }),
  async run({ doc, page, lines }, context) {
    const { text } = await readNow({ doc, page }, "markdown", context);
    const all = text.split("\n").filter((line) => line.trim() !== "");
    const first = all.slice(0, lines);
    const cut = first.map((line) => (line.length > MAX_LINE ? `${partOf(line, 0, MAX_LINE)}…` : line));
    const more = all.length > lines || cut.some((line, index) => line !== first[index]);
    return { content: cut.join("\n"), characters: text.length, more };
  },
});
