import { z } from "zod";
import { CodaError } from "./error.ts";
import type { Access, Doc, Permission, Person, Principal, SharingSettings } from "./model.ts";
import { WORKSPACE } from "./resources.ts";

/** The one group of the stand-in's workspace; all of its people are in it. */
export const GROUP = { type: "group", groupId: "grp-Local0Crew", groupName: "Crew" } as const;

/** The published description's `AddPermissionRequest`. */
export const permissionAdd = z.strictObject({
  access: z.enum(["readonly", "write", "comment"]),
  principal: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("email"), email: z.string() }),
    z.strictObject({ type: z.literal("group"), groupId: z.string() }),
    z.strictObject({ type: z.literal("domain"), domain: z.string() }),
    z.strictObject({ type: z.literal("workspace"), workspaceId: z.string() }),
    z.strictObject({ type: z.literal("anyone") }),
  ]),
  suppressEmail: z.boolean().optional(),
});

/** The published description's `UpdateAclSettingsRequest`. */
export const settingsUpdate = z.strictObject({
  allowEditorsToChangePermissions: z.boolean().optional(),
  allowCopying: z.boolean().optional(),
  allowViewersToRequestEditing: z.boolean().optional(),
});

const OWNER = "perm-owner";
const RANK: Access[] = ["readonly", "comment", "write"];

/** Who may do what with a doc, its owner first. */
export function permissionsOf(doc: Doc): Permission[] {
  const owner: Permission = { id: OWNER, principal: { type: "email", email: doc.owner.email }, access: "write" };
  const everybody: Permission = {
    id: "perm-workspace",
    principal: { type: "workspace", workspaceId: WORKSPACE.id },
    access: "write",
  };
  return doc.permissions ?? [owner, ...(doc.shared ? [everybody] : [])];
}

/** The sharing settings of a doc; at first everything is allowed. */
export function settingsOf(doc: Doc): SharingSettings {
  return (
    doc.settings ?? {
      allowEditorsToChangePermissions: true,
      allowCopying: true,
      allowViewersToRequestEditing: true,
    }
  );
}

/** The most that a person may do with a doc; undefined: nothing. */
export function accessOf(doc: Doc, person: Person): Access | undefined {
  const granted = permissionsOf(doc)
    .filter(({ principal }) => includes(principal, person))
    .map(({ access }) => RANK.indexOf(access));
  return RANK[Math.max(...granted, -1)];
}

/** Whether a person may change who has access. */
export function mayShare(doc: Doc, person: Person): boolean {
  if (doc.owner.email === person.email) return true;
  return settingsOf(doc).allowEditorsToChangePermissions && accessOf(doc, person) === "write";
}

/** The permissions with one more; whoever had one already has the new one instead. */
export function permissionsWith(doc: Doc, added: Permission): Permission[] {
  const { principal } = added;
  if (principal.type === "email" && !/^[^@\s]+@[^@\s]+$/.test(principal.email)) {
    throw new CodaError(400, `"${principal.email}" is no e-mail address.`);
  }
  if (principal.type === "group" && principal.groupId !== GROUP.groupId) throw new CodaError(400, "No such group.");
  if (principal.type === "workspace" && principal.workspaceId !== WORKSPACE.id) {
    throw new CodaError(400, "No such workspace.");
  }
  if (principal.type === "email" && principal.email === doc.owner.email) {
    throw new CodaError(400, "The owner's own access cannot be changed.");
  }
  const same = JSON.stringify(principal);
  return [...permissionsOf(doc).filter((each) => JSON.stringify(each.principal) !== same), added];
}

/** @throws {CodaError} 404 for one that the doc does not have, 400 for the owner's */
export function permissionsWithout(doc: Doc, id: string): Permission[] {
  const permissions = permissionsOf(doc);
  if (!permissions.some((each) => each.id === id)) throw new CodaError(404, `There is no permission "${id}".`);
  if (id === OWNER) throw new CodaError(400, "The owner's own access cannot be taken away.");
  return permissions.filter((each) => each.id !== id);
}

/** `Permission` of the API. */
export function permissionResource({ id, principal, access }: Permission) {
  return { id, access, principal: principal.type === "group" ? GROUP : principal };
}

function includes(principal: Principal, person: Person): boolean {
  switch (principal.type) {
    case "email":
      return principal.email === person.email;
    case "domain":
      return person.email.endsWith(`@${principal.domain}`);
    default:
      // Everybody with a token is in the one workspace, and in its one group.
      return true;
  }
}
