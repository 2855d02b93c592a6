import { z } from "zod";
import { newId } from "./id.ts";
import type { Doc, Person } from "./model.ts";

/**
 * The published description's `DocCreate`, without the fields of `initialPage` that the stand-in does not keep (icon,
 * image, parent, content): those are refused rather than lost.
 */
export const docCreate = z.strictObject({
  title: z.string().optional(),
  sourceDoc: z.string().optional(),
  timezone: z.string().optional(),
  folderId: z.string().optional(),
  initialPage: z.strictObject({ name: z.string().optional(), subtitle: z.string().optional() }).optional(),
});

/**
 * Makes a doc, empty but for one page, or a copy.
 * @param source the doc to copy; the copied objects keep their ids, as in Coda
 * @param at ISO 8601
 */
export function newDoc(body: z.infer<typeof docCreate>, owner: Person, source: Doc | undefined, at: string): Doc {
  const { name = "Untitled", subtitle } = body.initialPage ?? {};
  const page = {
    id: newId("canvas-"),
    name,
    ...(subtitle === undefined ? {} : { subtitle }),
    createdAt: at,
    updatedAt: at,
    createdBy: owner,
  };
  return {
    ...(source ? { ...structuredClone(source), sourceDocId: source.id } : { pages: [page], tables: [], views: [] }),
    id: newId(""),
    name: body.title ?? (source ? `Copy of ${source.name}` : "Untitled"),
    owner,
    shared: false,
    createdAt: at,
    updatedAt: at,
  };
}
