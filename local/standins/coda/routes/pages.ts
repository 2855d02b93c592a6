import { z } from "zod";
import { bodyOf, type CodaApp, listOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { listPage } from "../list.ts";
import { newPage } from "../new-doc.ts";
import { pageCreate, pageUpdate, toHtml, toMarkdown } from "../page-content.ts";
import type { Parts } from "../parts.ts";
import { resources } from "../resources.ts";

/** The published description's `BeginPageContentExportRequest`. */
const exportBegin = z.strictObject({ outputFormat: z.enum(["html", "markdown"]) });

/** Pages, and the export of their content. */
export function addPages(app: CodaApp, { exports, now, mutate, docOf, pageOf }: Parts): void {
  app.get("/docs/:docId/pages", (c) => {
    const doc = docOf(c);
    return c.json(listPage(listOf(c), doc.pages, (page) => resources(c.get("base")).page(doc, page)));
  });

  app.post("/docs/:docId/pages", async (c) => {
    const body = await bodyOf(c, pageCreate);
    const doc = docOf(c);
    if (body.parentPageId !== undefined && !doc.pages.some(({ id }) => id === body.parentPageId)) {
      throw new CodaError(400, `There is no page with the id "${body.parentPageId}" to be the parent.`);
    }
    const page = newPage(body, c.get("person"), new Date(now()).toISOString());
    const requestId = mutate(c, doc, { kind: "createPage", page });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.get("/docs/:docId/pages/:page", (c) => {
    const { doc, page } = pageOf(c);
    return c.json(resources(c.get("base")).page(doc, page));
  });

  app.put("/docs/:docId/pages/:page", async (c) => {
    const { name, subtitle, iconName, imageUrl, isHidden, contentUpdate } = await bodyOf(c, pageUpdate);
    const { doc, page } = pageOf(c);
    if (contentUpdate && page.embeds !== undefined) throw new CodaError(400, "The page has no content of its own.");
    const set = {
      ...(name === undefined ? {} : { name }),
      ...(subtitle === undefined ? {} : { subtitle }),
      ...(iconName === undefined ? {} : { icon: iconName }),
      ...(imageUrl === undefined ? {} : { image: imageUrl }),
      ...(isHidden === undefined ? {} : { hidden: isHidden }),
    };
    const content = contentUpdate && {
      mode: contentUpdate.insertionMode,
      markdown: toMarkdown(contentUpdate.canvasContent),
    };
    const requestId = mutate(c, doc, { kind: "updatePage", pageId: page.id, set, ...(content && { content }) });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.delete("/docs/:docId/pages/:page", (c) => {
    const { doc, page } = pageOf(c);
    const requestId = mutate(c, doc, { kind: "deletePage", pageId: page.id });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.post("/docs/:docId/pages/:page/export", async (c) => {
    const { outputFormat: format } = await bodyOf(c, exportBegin);
    const { doc, page } = pageOf(c);
    if (page.embeds !== undefined) throw new CodaError(400, "The page has no content of its own.");
    const { content = "" } = page;
    const text = format === "html" ? toHtml(content) : content;
    const id = exports.begin({ docId: doc.id, pageId: page.id, format, text });
    const href = `${resources(c.get("base")).docHref(doc)}/pages/${page.id}/export/${id}`;
    return c.json({ id, status: "inProgress", href }, 202);
  });

  app.get("/docs/:docId/pages/:page/export/:requestId", (c) => {
    const { doc, page } = pageOf(c);
    const mount = c.get("base").slice(0, -"/apis/v1".length);
    const status = exports.status(c.req.param("requestId"), doc.id, page.id, mount);
    if (!status) throw new CodaError(404, "There is no export with this request id.");
    return c.json({ ...status, href: c.req.url });
  });
}
