import { bodyOf, type Call, type CodaApp, listOf, queryOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { newId } from "../id.ts";
import { listPage } from "../list.ts";
import type { Doc } from "../model.ts";
import type { Parts } from "../parts.ts";
import {
  accessOf,
  GROUP,
  mayShare,
  permissionAdd,
  permissionResource,
  permissionsOf,
  permissionsWith,
  permissionsWithout,
  settingsOf,
  settingsUpdate,
} from "../sharing.ts";

/** Who may do what with a doc. */
export function addSharing(app: CodaApp, { store, members, docOf }: Parts): void {
  /** @throws {CodaError} 403 for whoever may not change who has access */
  const sharedBy = (c: Call): Doc => {
    const doc = docOf(c);
    if (!mayShare(doc, c.get("person"))) throw new CodaError(403, "You may not share this doc.");
    return doc;
  };

  app.get("/docs/:docId/acl/metadata", (c) => {
    const doc = docOf(c);
    const canShare = mayShare(doc, c.get("person"));
    const canCopy = settingsOf(doc).allowCopying || accessOf(doc, c.get("person")) === "write";
    return c.json({ canShare, canShareWithWorkspace: canShare, canShareWithOrg: false, canCopy });
  });

  app.get("/docs/:docId/acl/permissions", (c) =>
    c.json(listPage(listOf(c), permissionsOf(docOf(c)), permissionResource)),
  );

  app.post("/docs/:docId/acl/permissions", async (c) => {
    const { access, principal } = await bodyOf(c, permissionAdd);
    const doc = sharedBy(c);
    const permissions = permissionsWith(doc, { id: newId("perm-"), access, principal });
    store.change(doc, (each) => {
      each.permissions = permissions;
    });
    return c.json({});
  });

  app.delete("/docs/:docId/acl/permissions/:permissionId", (c) => {
    const doc = sharedBy(c);
    const permissions = permissionsWithout(doc, c.req.param("permissionId"));
    store.change(doc, (each) => {
      each.permissions = permissions;
    });
    return c.json({});
  });

  app.get("/docs/:docId/acl/principals/search", (c) => {
    docOf(c);
    const query = queryOf(c).get("query")?.toLowerCase();
    const matches = (text: string) => query !== undefined && query !== "" && text.toLowerCase().includes(query);
    const users = members
      .filter(({ name, loginId }) => matches(`${name} ${loginId}`))
      .map(({ name, loginId }) => ({ name, loginId, type: "user" }));
    return c.json({ users: users.slice(0, 20), groups: matches(GROUP.groupName) ? [GROUP] : [] });
  });

  app.get("/docs/:docId/acl/settings", (c) => c.json(settingsOf(docOf(c))));

  app.patch("/docs/:docId/acl/settings", async (c) => {
    const body = await bodyOf(c, settingsUpdate);
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only the owner may change this.");
    store.change(doc, (each) => {
      each.settings = { ...settingsOf(doc), ...body } as Doc["settings"] & object;
    });
    return c.json(settingsOf(doc));
  });
}
