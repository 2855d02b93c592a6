import { z } from "zod";
import { newId } from "./id.ts";
import type { Doc, Page, Person } from "./model.ts";
import { pageCreate, toMarkdown } from "./page-content.ts";

/** The published description's `DocCreate`. */
export const docCreate = z.strictObject({
  title: z.string().optional(),
  sourceDoc: z.string().optional(),
  timezone: z.string().optional(),
  folderId: z.string().optional(),
  initialPage: pageCreate.optional(),
});

/** The published description's `DocUpdate`. */
export const docUpdate = z.strictObject({ title: z.string().optional(), iconName: z.string().optional() });

/** The published description's `DocPublish`. */
export const docPublish = z.strictObject({
  slug: z.string().optional(),
  discoverable: z.boolean().optional(),
  earnCredit: z.boolean().optional(),
  categoryNames: z.array(z.string()).optional(),
  mode: z.enum(["view", "play", "edit"]).optional(),
});

/** Categories that a published doc can have. */
export const CATEGORIES = ["Project management", "Education", "Personal"];

/** Makes a page. @param at ISO 8601 */
export function newPage(body: z.infer<typeof pageCreate>, creator: Person, at: string): Page {
  const { name = "Untitled", subtitle, iconName, imageUrl, parentPageId, pageContent } = body;
  return {
    id: newId("canvas-"),
    name,
    ...(subtitle === undefined ? {} : { subtitle }),
    ...(iconName === undefined ? {} : { icon: iconName }),
    ...(imageUrl === undefined ? {} : { image: imageUrl }),
    ...(parentPageId === undefined ? {} : { parentId: parentPageId }),
    ...(pageContent?.type === "embed" ? { embeds: pageContent.url } : {}),
    ...(pageContent?.type === "canvas" ? { content: toMarkdown(pageContent.canvasContent) } : {}),
    createdAt: at,
    updatedAt: at,
    createdBy: creator,
  };
}

/**
 * Makes a doc, empty but for one page, or a copy.
 * @param source the doc to copy; the copied objects keep their ids, as in Coda
 * @param at ISO 8601
 */
export function newDoc(body: z.infer<typeof docCreate>, owner: Person, source: Doc | undefined, at: string): Doc {
  const empty = { pages: [newPage(body.initialPage ?? {}, owner, at)], tables: [], views: [] };
  return {
    ...(source ? copied(source) : empty),
    id: newId(""),
    name: body.title ?? (source ? `Copy of ${source.name}` : "Untitled"),
    owner,
    shared: false,
    createdAt: at,
    updatedAt: at,
  };
}

/** What a copy has of its source: who may see it is not copied. */
function copied(source: Doc) {
  const { permissions, settings, published, ...rest } = structuredClone(source);
  return { ...rest, sourceDocId: source.id };
}
