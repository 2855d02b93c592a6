import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { type CodaApi, defineTool, type Schemas } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { pageInput } from "./input.ts";
import { neededContentInput } from "./page-content.ts";

const PAGE = "/docs/{docId}/pages/{pageIdOrName}";

interface Write {
  doc: string;
  page: string;
  content: string;
  format: Schemas["PageContentFormat"];
}

export const appendToPage = defineTool({
  name: "append_to_page",
  title: "Append to a page",
  description: "Adds content at the end of a page of a Coda doc. Waits until read_page sees it.",
  scope: "coda:write",
  toolset: "pages",
  readOnly: false,
  input: z.strictObject({ ...pageInput, ...neededContentInput("What is to be added") }),
  output: z.object({ id: z.string().describe("Id of the page"), ...editOutput }),
  run: (args, context) => write(args, "append", context),
});

export const replacePageContent = defineTool({
  name: "replace_page_content",
  title: "Replace the content of a page",
  description:
    "Puts new content in the place of everything that is on a page of a Coda doc, tables included. append_to_page leaves what is there. dry_run tells what would be lost.",
  scope: "coda:write",
  toolset: "pages",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ ...pageInput, ...neededContentInput("What is to be on the page") }),
  output: z.object({ id: z.string().describe("Id of the page"), ...editOutput }),
  async preview({ doc, page, content, format }, { upstream, signal }) {
    const { name, updatedAt } = await upstream.get(PAGE, { docId: doc, pageIdOrName: page }, {}, signal);
    const since = updatedAt ? `, last changed at ${updatedAt}` : "";
    return `Takes away everything that is on the page "${name}"${since}, and puts ${content.length} characters of ${format} there.`;
  },
  run: (args, context) => write(args, "replace", context),
});

async function write(
  { doc, page, content, format }: Write,
  insertionMode: Schemas["PageContentInsertionMode"],
  context: ToolContext<CodaApi>,
) {
  const body = { contentUpdate: { insertionMode, canvasContent: { format, content } } };
  const advice =
    insertionMode === "replace"
      ? { unanswered: "Doing it again does no harm." }
      : { unanswered: "It may have been appended all the same: look with read_page before you try again.", once: true };
  const parameters = { docId: doc, pageIdOrName: page };
  const { id, requestId } = await context.upstream.put(PAGE, parameters, body, context.signal, advice);
  return { id, ...(await whenApplied(requestId, context)) };
}
