import { bodyOf, type CodaApp, listOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { listPage } from "../list.ts";
import { docCreate, docUpdate, newDoc } from "../new-doc.ts";
import { booleanParameter } from "../parameter.ts";
import type { Parts } from "../parts.ts";
import { FOLDER, resources, WORKSPACE } from "../resources.ts";

/** Docs themselves. */
export function addDocs(app: CodaApp, { store, now, mutate, mayAccess, findDoc, docOf }: Parts): void {
  app.get("/docs", (c) => {
    const request = listOf(c);
    const { query } = request;
    const [isOwner, isPublished, isStarred, inGallery] = ["isOwner", "isPublished", "isStarred", "inGallery"].map(
      (name) => booleanParameter(query, name),
    );
    const search = query.get("query")?.toLowerCase();
    const is = (name: string, value: string | undefined) => !query.has(name) || query.get(name) === value;
    const docs = store.docs().filter(
      (doc) =>
        mayAccess(c, doc) &&
        (search === undefined || doc.name.toLowerCase().includes(search)) &&
        (isOwner !== true || doc.owner.email === c.get("person").email) &&
        (isPublished !== true || doc.published !== undefined) &&
        (inGallery !== true || doc.published?.discoverable === true) &&
        // No doc of the stand-in is starred.
        isStarred !== true &&
        is("sourceDoc", doc.sourceDocId) &&
        is("workspaceId", WORKSPACE.id) &&
        is("folderId", FOLDER.id),
    );
    return c.json(listPage(request, docs, resources(c.get("base")).doc));
  });

  app.post("/docs", async (c) => {
    const body = await bodyOf(c, docCreate);
    if (body.folderId !== undefined && body.folderId !== FOLDER.id) {
      throw new CodaError(400, `There is no folder with the id "${body.folderId}".`);
    }
    const source = body.sourceDoc === undefined ? undefined : findDoc(c, body.sourceDoc);
    const doc = newDoc(body, c.get("person"), source, new Date(now()).toISOString());
    store.addDoc(doc);
    const requestId = mutate(c, doc);
    return c.json({ ...resources(c.get("base")).doc(doc), requestId }, 201);
  });

  app.get("/docs/:docId", (c) => c.json(resources(c.get("base")).doc(docOf(c))));

  app.patch("/docs/:docId", async (c) => {
    const { title, iconName } = await bodyOf(c, docUpdate);
    store.change(docOf(c), (doc) => {
      if (title !== undefined) doc.name = title;
      if (iconName !== undefined) doc.icon = iconName;
    });
    return c.json({});
  });

  app.delete("/docs/:docId", (c) => {
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may delete a doc.");
    mutate(c, doc, { kind: "deleteDoc" });
    return c.json({}, 202);
  });
}
