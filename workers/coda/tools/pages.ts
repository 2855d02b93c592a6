import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { docInput, listInput, nextCursor, pageInput, pathPart } from "./input.ts";
import { listed } from "./listed.ts";
import { contentInput, iconInput, toContent } from "./page-content.ts";
import { readNow } from "./read-page.ts";

const PAGE = "/docs/{docId}/pages/{pageIdOrName}";

const pageOutput = {
  id: z.string(),
  name: z.string(),
  subtitle: z.string().optional(),
  kind: z.enum(["canvas", "embed", "syncPage"]).describe("Only a canvas has content of its own to read and write"),
  hidden: z.boolean(),
  parent: z.string().optional().describe("Id of the page that it is below"),
  updated_at: z.string().optional(),
  link: z.string(),
};

const described = (page: Schemas["Page"]) => ({
  id: page.id,
  name: page.name,
  subtitle: page.subtitle,
  kind: page.contentType,
  hidden: page.isEffectivelyHidden,
  parent: page.parent?.id,
  updated_at: page.updatedAt,
  link: page.browserLink,
});

const name = z.string().min(1).max(500);
const subtitle = z.string().max(1000).optional();
const image = z
  .url({ protocol: /^https$/ })
  .max(2000)
  .optional()
  .describe("https URL of a cover image");
const parent = pathPart.optional().describe("Id or name of the page below which it is to be; default: at the top");

/** A page that is made twice does no harm, but is one too many. */
const LOOK_FIRST = {
  unanswered:
    "The page may have been made all the same: look with list_pages before you try again, or there may be two.",
};

export const listPages = defineTool({
  name: "list_pages",
  title: "List pages",
  description: "Lists the pages of a Coda doc, with their ids and which is below which. read_page reads one.",
  scope: "coda:read",
  toolset: "pages",
  readOnly: true,
  input: z.strictObject({ ...docInput, ...listInput }),
  output: z.object({ pages: z.array(z.object(pageOutput)), next_cursor: nextCursor }),
  async run({ doc, ...page }, { upstream, signal }) {
    const ask = (asked: object) => upstream.get("/docs/{docId}/pages", { docId: doc }, asked, signal);
    const { items, next_cursor } = await listed(ask, described, page);
    return { pages: items, next_cursor };
  },
});

export const getPage = defineTool({
  name: "get_page",
  title: "Get a page",
  description:
    "Tells of one page of a Coda doc: its subpages, authors, icon and dates, not its content: read_page has that.",
  scope: "coda:read",
  toolset: "pages",
  readOnly: true,
  input: z.strictObject(pageInput),
  output: z.object({
    ...pageOutput,
    subpages: z.array(z.object({ id: z.string(), name: z.string() })),
    authors: z.array(z.string()).describe("E-mail addresses"),
    icon: z.string().optional(),
    image: z.string().optional(),
    created_at: z.string().optional(),
  }),
  async run({ doc, page }, { upstream, signal }) {
    const found = await upstream.get(PAGE, { docId: doc, pageIdOrName: page }, {}, signal);
    return {
      ...described(found),
      subpages: found.children.map(({ id, name }) => ({ id, name })),
      authors: (found.authors ?? []).flatMap(({ email }) => email ?? []),
      icon: found.icon?.name,
      image: found.image?.browserLink,
      created_at: found.createdAt,
    };
  },
});

export const createPage = defineTool({
  name: "create_page",
  title: "Create a page",
  description:
    "Creates a page in a Coda doc, with content in Markdown or HTML, or one that shows another site. Waits until it is there.",
  scope: "coda:write",
  toolset: "pages",
  readOnly: false,
  input: z
    .strictObject({
      ...docInput,
      name: name.describe("Name of the page"),
      subtitle: subtitle.describe("Subtitle of the page"),
      icon: iconInput,
      image,
      parent,
      ...contentInput("Content of the page; default: none"),
      embed_url: z
        .url({ protocol: /^https$/ })
        .max(2000)
        .optional()
        .describe("In place of content: https URL of a site that the page shows"),
    })
    .refine(({ content, embed_url }) => content === undefined || embed_url === undefined, {
      error: "takes either content or embed_url",
    }),
  output: z.object({ id: z.string().describe("Id of the new page"), ...editOutput }),
  async run(args, context) {
    const { doc, name, subtitle, icon, image, parent, content, format, embed_url } = args;
    const { upstream, signal } = context;
    // Coda takes the parent by its id only.
    const above = parent && (await upstream.get(PAGE, { docId: doc, pageIdOrName: parent }, {}, signal)).id;
    const body = {
      name,
      subtitle,
      iconName: icon,
      imageUrl: image,
      parentPageId: above,
      ...(content !== undefined && { pageContent: toContent(content, format) }),
      ...(embed_url !== undefined && { pageContent: { type: "embed" as const, url: embed_url } }),
    };
    const made = await upstream.post("/docs/{docId}/pages", { docId: doc }, body, signal, LOOK_FIRST);
    return { id: made.id, ...(await whenApplied(made.requestId, context)) };
  },
});

export const duplicatePage = defineTool({
  name: "duplicate_page",
  title: "Duplicate a page",
  description:
    "Creates a page with the text of another one of the same Coda doc. Its tables become plain text; subpages are not copied. copy_doc copies a whole doc as it is.",
  scope: "coda:write",
  toolset: "pages",
  readOnly: false,
  input: z.strictObject({
    ...pageInput,
    name: name.optional().describe('Name of the new page; default: "Copy of …"'),
    parent: parent.describe("Id or name of the page below which it is to be; default: where the other one is"),
  }),
  output: z.object({ id: z.string().describe("Id of the new page"), name: z.string(), ...editOutput }),
  async run({ doc, page, name, parent }, context) {
    const { upstream, signal } = context;
    const source = await upstream.get(PAGE, { docId: doc, pageIdOrName: page }, {}, signal);
    const above = parent
      ? (await upstream.get(PAGE, { docId: doc, pageIdOrName: parent }, {}, signal)).id
      : source.parent?.id;
    const { text } = await readNow({ doc, page: source.id }, "markdown", context);
    const body = {
      name: name ?? `Copy of ${source.name}`,
      subtitle: source.subtitle,
      iconName: source.icon?.name,
      parentPageId: above,
      ...(text !== "" && { pageContent: toContent(text, "markdown") }),
    };
    const made = await upstream.post("/docs/{docId}/pages", { docId: doc }, body, signal, LOOK_FIRST);
    return { id: made.id, name: body.name, ...(await whenApplied(made.requestId, context)) };
  },
});

export const updatePage = defineTool({
  name: "update_page",
  title: "Rename a page",
  description:
    "Changes the name, subtitle, icon or cover image of a page of a Coda doc, hides it or shows it again. append_to_page and replace_page_content change its content.",
  scope: "coda:write",
  toolset: "pages",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({
      ...pageInput,
      name: name.optional().describe("New name"),
      subtitle: subtitle.describe("New subtitle"),
      icon: iconInput,
      image,
      hidden: z.boolean().optional().describe("Whether it is hidden from the doc's list of pages"),
    })
    .refine(({ doc, page, ...changes }) => Object.values(changes).some((each) => each !== undefined), {
      error: "needs something to change",
    }),
  output: z.object({ id: z.string(), ...editOutput }),
  async run({ doc, page, name, subtitle, icon, image, hidden }, context) {
    const body = { name, subtitle, iconName: icon, imageUrl: image, isHidden: hidden };
    const parameters = { docId: doc, pageIdOrName: page };
    // By a name that it no longer has, a second try could take another page.
    const advice =
      name === undefined
        ? { unanswered: "Doing it again does no harm." }
        : {
            unanswered: "It may have been renamed all the same: look with list_pages before you try again.",
            once: true,
          };
    const { id, requestId } = await context.upstream.put(PAGE, parameters, body, context.signal, advice);
    return { id, ...(await whenApplied(requestId, context)) };
  },
});

export const deletePage = defineTool({
  name: "delete_page",
  title: "Delete a page",
  description:
    "Deletes a page of a Coda doc with its subpages, and the tables on them. Ask the person first; dry_run tells what would be lost.",
  scope: "coda:admin",
  toolset: "pages",
  readOnly: false,
  input: z.strictObject(pageInput),
  output: z.object({ id: z.string(), ...editOutput }),
  async preview({ doc, page }, { upstream, signal }) {
    const { name, children } = await upstream.get(PAGE, { docId: doc, pageIdOrName: page }, {}, signal);
    if (children.length === 0) return `Deletes the page "${name}", which has no subpages, and the tables on it.`;
    const names = children.map((child) => `"${child.name}"`).join(", ");
    return `Deletes the page "${name}" with its ${children.length} subpages (${names}), and the tables on them.`;
  },
  async run({ doc, page }, context) {
    const { upstream, signal } = context;
    // By its name, a second try could take another page of the same name.
    const { id } = await upstream.get(PAGE, { docId: doc, pageIdOrName: page }, {}, signal);
    const { requestId } = await upstream.delete(PAGE, { docId: doc, pageIdOrName: id }, undefined, signal);
    return { id, ...(await whenApplied(requestId, context)) };
  },
});
