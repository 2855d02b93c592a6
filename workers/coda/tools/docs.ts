import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { docInput, listInput, nextCursor, pathPart, queryInput } from "./input.ts";
import { listed } from "./listed.ts";
import { contentInput, iconInput, toContent } from "./page-content.ts";

const docOutput = {
  id: z.string(),
  name: z.string(),
  owner: z.string().describe("E-mail address"),
  updated_at: z.string(),
  link: z.string(),
};

const described = ({ id, name, owner, updatedAt, browserLink }: Schemas["Doc"]) => ({
  id,
  name,
  owner,
  updated_at: updatedAt,
  link: browserLink,
});

const title = z.string().min(1).max(500);
const folder = pathPart.optional().describe("Id of the folder; default: My docs. get_doc tells the folder of a doc");

/** A doc that is made twice does no harm, but is one too many. */
const LOOK_FIRST = {
  unanswered: "The doc may have been made all the same: look with list_docs before you try again, or there may be two.",
};

export const listDocs = defineTool({
  name: "list_docs",
  title: "List docs",
  description: "Lists or searches the Coda docs that you can open, newest first, with their ids and links.",
  scope: "coda:read",
  toolset: "docs",
  readOnly: true,
  input: z.strictObject({
    query: queryInput.describe("Only docs that match these words"),
    mine: z.boolean().optional().describe("Only docs that you own"),
    published: z.boolean().optional().describe("Only published docs"),
    starred: z.boolean().optional().describe("true: only starred docs; false: only the others"),
    copies_of: pathPart.optional().describe("Only copies of the doc with this id"),
    workspace: pathPart.optional().describe("Only docs of the workspace with this id"),
    folder: pathPart.optional().describe("Only docs in the folder with this id"),
    ...listInput,
  }),
  output: z.object({ docs: z.array(z.object(docOutput)), next_cursor: nextCursor }),
  async run({ query, mine, published, starred, copies_of, workspace, folder, ...page }, { upstream, signal }) {
    const filter = {
      query,
      isOwner: mine,
      isPublished: published,
      isStarred: starred,
      sourceDoc: copies_of,
      workspaceId: workspace,
      folderId: folder,
    };
    const ask = (asked: object) => upstream.get("/docs", {}, { ...filter, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, described, page);
    return { docs: items, next_cursor };
  },
});

export const getDoc = defineTool({
  name: "get_doc",
  title: "Get a doc",
  description: "Tells of one Coda doc: its owner, folder, workspace, size, and whether it is published.",
  scope: "coda:read",
  toolset: "docs",
  readOnly: true,
  input: z.strictObject(docInput),
  output: z.object({
    ...docOutput,
    created_at: z.string(),
    icon: z.string().optional(),
    copy_of: z.string().optional().describe("Id of the doc that it was copied from"),
    workspace: z.object({ id: z.string(), name: z.string().optional() }),
    folder: z.object({ id: z.string(), name: z.string().optional() }),
    size: z
      .object({ pages: z.number(), tables_and_views: z.number(), rows: z.number(), too_large: z.boolean() })
      .optional()
      .describe("too_large: the API can read it no more"),
    published: z
      .object({ link: z.string(), mode: z.string(), discoverable: z.boolean(), categories: z.array(z.string()) })
      .optional(),
  }),
  async run({ doc }, { upstream, signal }) {
    const found = await upstream.get("/docs/{docId}", { docId: doc }, {}, signal);
    const { docSize, published, folder, workspace } = found;
    return {
      ...described(found),
      created_at: found.createdAt,
      icon: found.icon?.name,
      copy_of: found.sourceDoc?.id,
      workspace: { id: workspace.id, name: workspace.name },
      folder: { id: folder.id, name: folder.name },
      size: docSize && {
        pages: docSize.pageCount,
        tables_and_views: docSize.tableAndViewCount,
        rows: docSize.totalRowCount,
        too_large: docSize.overApiSizeLimit,
      },
      published: published && {
        link: published.browserLink,
        mode: published.mode,
        discoverable: published.discoverable,
        categories: published.categories.map(({ name }) => name),
      },
    };
  },
});

export const createDoc = defineTool({
  name: "create_doc",
  title: "Create a doc",
  description:
    "Creates a Coda doc with a first page. Tables cannot be made through Coda's API: copy a doc that has them with copy_doc. Needs to be a Doc Maker of the workspace.",
  scope: "coda:write",
  toolset: "docs",
  readOnly: false,
  input: z.strictObject({
    title: title.describe("Title of the doc"),
    folder,
    timezone: z.string().min(1).max(100).optional().describe("Time zone of the doc, e.g. Europe/Vienna"),
    page_name: z.string().min(1).max(500).optional().describe("Name of its first page"),
    page_subtitle: z.string().max(1000).optional().describe("Subtitle of its first page"),
    ...contentInput("Content of its first page"),
  }),
  output: z.object(docOutput),
  async run({ title, folder, timezone, page_name, page_subtitle, content, format }, { upstream, signal }) {
    const page = {
      ...(page_name !== undefined && { name: page_name }),
      ...(page_subtitle !== undefined && { subtitle: page_subtitle }),
      ...(content !== undefined && { pageContent: toContent(content, format) }),
    };
    const body = { title, folderId: folder, timezone, ...(Object.keys(page).length > 0 && { initialPage: page }) };
    return described(await upstream.post("/docs", {}, body, signal, LOOK_FIRST));
  },
});

export const copyDoc = defineTool({
  name: "copy_doc",
  title: "Copy a doc",
  description:
    "Makes a copy of a Coda doc, with its pages, tables and rows, that belongs to you. Who may see the doc is not copied.",
  scope: "coda:write",
  toolset: "docs",
  readOnly: false,
  input: z.strictObject({ ...docInput, title: title.optional().describe("Title of the copy"), folder }),
  output: z.object(docOutput),
  async run({ doc, title, folder }, { upstream, signal }) {
    const body = { sourceDoc: doc, title, folderId: folder };
    return described(await upstream.post("/docs", {}, body, signal, LOOK_FIRST));
  },
});

export const updateDoc = defineTool({
  name: "update_doc",
  title: "Rename a doc",
  description: "Changes the title or the icon of a Coda doc.",
  scope: "coda:write",
  toolset: "docs",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({ ...docInput, title: title.optional().describe("New title"), icon: iconInput })
    .refine(({ title, icon }) => title !== undefined || icon !== undefined, "needs a title or an icon"),
  output: z.object({ changed: z.literal(true) }),
  async run({ doc, title, icon }, { upstream, signal }) {
    await upstream.patch("/docs/{docId}", { docId: doc }, { title, iconName: icon }, signal, {
      unanswered: "Doing it again does no harm.",
    });
    return { changed: true as const };
  },
});

export const deleteDoc = defineTool({
  name: "delete_doc",
  title: "Delete a doc",
  description:
    "Deletes a Coda doc with everything in it, for everybody. Ask the person first; dry_run tells what would be lost.",
  scope: "coda:admin",
  toolset: "docs",
  readOnly: false,
  idempotent: true,
  input: z.strictObject(docInput),
  output: z.object({
    applied: z.boolean().describe("Whether it is gone already"),
    note: z.string().optional().describe("What to know of it"),
  }),
  async preview({ doc }, { upstream, signal }) {
    const { name, owner, docSize } = await upstream.get("/docs/{docId}", { docId: doc }, {}, signal);
    const size = docSize
      ? ` with its ${docSize.pageCount} pages, ${docSize.tableAndViewCount} tables and views and ${docSize.totalRowCount} rows`
      : "";
    return `Deletes the doc "${name}" of ${owner}${size}, for everybody who can open it.`;
  },
  async run({ doc }, { upstream, signal, progress }) {
    await upstream.delete("/docs/{docId}", { docId: doc }, undefined, signal);
    const gone = await upstream.gone(doc, signal, (looks) =>
      progress(looks, undefined, "Coda has accepted this but not applied it yet"),
    );
    const later = "Coda has accepted this and will delete it, but takes longer than usual. Do not send it again.";
    return { applied: gone, note: gone ? undefined : later };
  },
});
