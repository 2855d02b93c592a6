import { z } from "zod";
import { bodyOf, type Call, type CodaApp, listOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { listPage } from "../list.ts";
import type { Member, Parts } from "../parts.ts";
import { WORKSPACE } from "../resources.ts";

const ROLES = ["Admin", "DocMaker", "Editor"] as const;

/** The published description's `ChangeRole`. */
const roleChange = z.strictObject({ email: z.string(), newRole: z.enum(ROLES) });

/** When every member of the workspace registered. */
const REGISTERED = "2026-01-05T09:00:00.000Z";

/** The members of the one workspace. */
export function addWorkspace(app: CodaApp, { store, members, now }: Parts): void {
  const workspaceOf = (c: Call) => {
    if (c.req.param("workspaceId") !== WORKSPACE.id) throw new CodaError(404, "There is no workspace with this id.");
  };
  const roleOf = (loginId: string) =>
    store.role(loginId)?.role ?? (loginId === members[0]?.loginId ? "Admin" : "Editor");

  app.get("/workspaces/:workspaceId/users", (c) => {
    workspaceOf(c);
    const request = listOf(c);
    const roles = request.query.get("includedRoles")?.split(",");
    const included = members.filter(({ loginId }) => roles?.includes(roleOf(loginId)) ?? true);
    const mine = ({ loginId }: Member) => Number(loginId === c.get("person").email);
    const { href: _, ...page } = listPage(
      request,
      included.toSorted(
        (a, b) => mine(b) - mine(a) || ROLES.indexOf(roleOf(a.loginId)) - ROLES.indexOf(roleOf(b.loginId)),
      ),
      ({ loginId, name }) => {
        const changedAt = store.role(loginId)?.changedAt;
        return {
          email: loginId,
          name,
          role: roleOf(loginId),
          registeredAt: REGISTERED,
          ...(changedAt === undefined ? {} : { roleChangedAt: changedAt }),
          ownedDocs: store.docs().filter(({ owner }) => owner.email === loginId).length,
        };
      },
    );
    return c.json(page);
  });

  app.post("/workspaces/:workspaceId/users/role", async (c) => {
    const { email, newRole } = await bodyOf(c, roleChange);
    workspaceOf(c);
    if (roleOf(c.get("person").email) !== "Admin") throw new CodaError(403, "Only an admin may change roles.");
    if (!members.some(({ loginId }) => loginId === email)) throw new CodaError(404, `"${email}" is no member.`);
    return c.json({ roleChangedAt: store.setRole(email, newRole) });
  });

  app.get("/workspaces/:workspaceId/roles", (c) => {
    workspaceOf(c);
    const count = (role: (typeof ROLES)[number]) => members.filter(({ loginId }) => roleOf(loginId) === role).length;
    const month = {
      month: new Date(now()).toISOString().slice(0, 7),
      activeAdminCount: count("Admin"),
      activeDocMakerCount: count("DocMaker"),
      activeEditorCount: count("Editor"),
      inactiveAdminCount: 0,
      inactiveDocMakerCount: 0,
      inactiveEditorCount: 0,
    };
    return c.json({ items: [month] });
  });
}
