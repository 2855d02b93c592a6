import { bodyOf, type CodaApp } from "../call.ts";
import { CodaError } from "../error.ts";
import { CATEGORIES, docPublish } from "../new-doc.ts";
import type { Parts } from "../parts.ts";

/** Docs on the web. */
export function addPublishing(app: CodaApp, { store, mutate, docOf }: Parts): void {
  app.get("/categories", (c) => c.json({ items: CATEGORIES.map((name) => ({ name })) }));

  app.put("/docs/:docId/publish", async (c) => {
    const body = await bodyOf(c, docPublish);
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may publish a doc.");
    const { published } = doc;
    const slug = body.slug ?? published?.slug ?? doc.name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    const taken = store.docs().some((each) => each.id !== doc.id && each.published?.slug === slug);
    if (taken) throw new CodaError(400, `The slug "${slug}" is taken.`);
    const unknown = body.categoryNames?.find((name) => !CATEGORIES.includes(name));
    if (unknown !== undefined) throw new CodaError(400, `There is no category "${unknown}".`);
    const requestId = mutate(c, doc, {
      kind: "publish",
      published: {
        slug,
        discoverable: body.discoverable ?? published?.discoverable ?? false,
        earnCredit: body.earnCredit ?? published?.earnCredit ?? false,
        mode: body.mode ?? published?.mode ?? "view",
        categories: body.categoryNames ?? published?.categories ?? [],
      },
    });
    return c.json({ requestId }, 202);
  });

  app.delete("/docs/:docId/publish", (c) => {
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may unpublish a doc.");
    store.change(doc, (each) => {
      delete each.published;
    });
    return c.json({});
  });
}
