import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { type CodaApi, defineTool, type Schemas } from "../api.ts";
import { docInput, listInput, nextCursor, pathPart, queryInput } from "./input.ts";
import { listed } from "./listed.ts";

const PERMISSIONS = "/docs/{docId}/acl/permissions";

const access = z.enum(["readonly", "comment", "write"]);

export const getSharing = defineTool({
  name: "get_sharing",
  title: "Get what may be shared",
  description: "Tells whether you may share a Coda doc, and with whom, and whether you may copy it.",
  scope: "coda:read",
  toolset: "sharing",
  readOnly: true,
  input: z.strictObject(docInput),
  output: z.object({
    can_share: z.boolean(),
    can_share_with_workspace: z.boolean(),
    can_share_with_organization: z.boolean(),
    can_copy: z.boolean(),
  }),
  async run({ doc }, { upstream, signal }) {
    const found = await upstream.get("/docs/{docId}/acl/metadata", { docId: doc }, {}, signal);
    return {
      can_share: found.canShare,
      can_share_with_workspace: found.canShareWithWorkspace,
      can_share_with_organization: found.canShareWithOrg,
      can_copy: found.canCopy,
    };
  },
});

export const listPermissions = defineTool({
  name: "list_permissions",
  title: "List who has access",
  description: "Lists who may do what with a Coda doc, with the ids of the permissions.",
  scope: "coda:read",
  toolset: "sharing",
  readOnly: true,
  input: z.strictObject({ ...docInput, ...listInput }),
  output: z.object({
    permissions: z.array(
      z.object({
        id: z.string(),
        access: z.string(),
        type: z.string().describe("email, group, domain, workspace or anyone"),
        who: z.string().optional().describe("E-mail address, domain, name of the group or id of the workspace"),
      }),
    ),
    next_cursor: nextCursor,
  }),
  async run({ doc, ...page }, { upstream, signal }) {
    const ask = (asked: object) => upstream.get(PERMISSIONS, { docId: doc }, asked, signal);
    const { items, next_cursor } = await listed(ask, described, page);
    return { permissions: items, next_cursor };
  },
});

export const addPermission = defineTool({
  name: "add_permission",
  title: "Share a doc",
  description:
    "Gives somebody access to a Coda doc, or changes the access that they have. Ask the person before you share with a domain or with anyone.",
  scope: "coda:admin",
  toolset: "sharing",
  readOnly: false,
  input: z.strictObject({
    ...docInput,
    access: access.describe("What they may do"),
    principal: z
      .discriminatedUnion("type", [
        z.strictObject({ type: z.literal("email"), email: z.email().max(320).describe("Address of a person") }),
        z.strictObject({ type: z.literal("group"), group_id: pathPart.describe("Id, from search_principals") }),
        z.strictObject({ type: z.literal("domain"), domain: z.hostname().max(253).describe("e.g. example.com") }),
        z.strictObject({ type: z.literal("workspace"), workspace_id: pathPart.describe("Id, from get_doc") }),
        z.strictObject({ type: z.literal("anyone").describe("Whoever has the link") }),
      ])
      .describe("Who gets it"),
    notify: z.boolean().default(false).describe("Whether Coda tells them by e-mail"),
  }),
  output: z.object({ shared: z.literal(true) }),
  async run({ doc, access, principal, notify }, { upstream, signal }) {
    const body = { access, principal: toPrincipal(principal), suppressEmail: !notify };
    await upstream.post(PERMISSIONS, { docId: doc }, body, signal, {
      unanswered: "It may have been shared all the same: look with list_permissions.",
    });
    return { shared: true as const };
  },
});

export const deletePermission = defineTool({
  name: "delete_permission",
  title: "Stop sharing a doc",
  description: "Takes away a permission of a Coda doc, by its id from list_permissions. dry_run tells whose it is.",
  scope: "coda:admin",
  toolset: "sharing",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ ...docInput, permission: pathPart.describe("Id of the permission, from list_permissions") }),
  output: z.object({ deleted: z.literal(true) }),
  async preview({ doc, permission }, context) {
    const { access, type, who } = await permissionOf(doc, permission, context);
    return `Takes away ${access} access to the doc from ${who ? `${type} ${who}` : type}.`;
  },
  async run({ doc, permission }, { upstream, signal }) {
    const parameters = { docId: doc, permissionId: permission };
    await upstream.delete(`${PERMISSIONS}/{permissionId}`, parameters, undefined, signal);
    return { deleted: true as const };
  },
});

export const searchPrincipals = defineTool({
  name: "search_principals",
  title: "Search people and groups",
  description: "Finds people and groups that a Coda doc can be shared with, 20 of each at most.",
  scope: "coda:read",
  toolset: "sharing",
  readOnly: true,
  input: z.strictObject({ ...docInput, query: queryInput.unwrap().describe("Part of a name or an e-mail address") }),
  output: z.object({
    people: z.array(z.object({ name: z.string(), email: z.string() })),
    groups: z.array(z.object({ id: z.string(), name: z.string() })),
  }),
  async run({ doc, query }, { upstream, signal }) {
    const path = "/docs/{docId}/acl/principals/search";
    const { users, groups } = await upstream.get(path, { docId: doc }, { query }, signal);
    return {
      people: users.map(({ name, loginId }) => ({ name, email: loginId })),
      groups: groups.map(({ groupId, groupName }) => ({ id: groupId, name: groupName })),
    };
  },
});

const settings = {
  editors_may_share: z.boolean().describe("Whether editors may change who has access, or only the owner"),
  viewers_may_copy: z.boolean().describe("Whether viewers may copy the doc"),
  viewers_may_ask: z.boolean().describe("Whether viewers may ask to be made editors"),
};

const settingsOf = (found: Schemas["AclSettings"]) => ({
  editors_may_share: found.allowEditorsToChangePermissions,
  viewers_may_copy: found.allowCopying,
  viewers_may_ask: found.allowViewersToRequestEditing,
});

export const getSharingSettings = defineTool({
  name: "get_sharing_settings",
  title: "Get sharing settings",
  description: "Tells what those who have access to a Coda doc may do about sharing it: share, copy, ask for more.",
  scope: "coda:read",
  toolset: "sharing",
  readOnly: true,
  input: z.strictObject(docInput),
  output: z.object(settings),
  async run({ doc }, { upstream, signal }) {
    return settingsOf(await upstream.get("/docs/{docId}/acl/settings", { docId: doc }, {}, signal));
  },
});

export const updateSharingSettings = defineTool({
  name: "update_sharing_settings",
  title: "Change sharing settings",
  description: "Changes what those who have access to a Coda doc may do about sharing it. What is left out stays.",
  scope: "coda:admin",
  toolset: "sharing",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({
      ...docInput,
      editors_may_share: settings.editors_may_share.optional(),
      viewers_may_copy: settings.viewers_may_copy.optional(),
      viewers_may_ask: settings.viewers_may_ask.optional(),
    })
    .refine(({ doc, ...changes }) => Object.values(changes).some((each) => each !== undefined), {
      error: "needs something to change",
    }),
  output: z.object(settings),
  async run({ doc, editors_may_share, viewers_may_copy, viewers_may_ask }, { upstream, signal }) {
    const body = {
      allowEditorsToChangePermissions: editors_may_share,
      allowCopying: viewers_may_copy,
      allowViewersToRequestEditing: viewers_may_ask,
    };
    const path = "/docs/{docId}/acl/settings";
    const unanswered = "Doing it again does no harm.";
    return settingsOf(await upstream.patch(path, { docId: doc }, body, signal, { unanswered }));
  },
});

function described({ id, access, principal }: Schemas["Permission"]) {
  return { id, access, type: principal.type, who: whoOf(principal) };
}

function whoOf(principal: Schemas["Principal"]): string | undefined {
  switch (principal.type) {
    case "email":
      return principal.email;
    case "group":
      return principal.groupName;
    case "domain":
      return principal.domain;
    case "workspace":
      return principal.workspaceId;
    default:
      return undefined;
  }
}

function toPrincipal(principal: z.output<typeof addPermission.input>["principal"]): Schemas["AddedPrincipal"] {
  switch (principal.type) {
    case "group":
      return { type: "group", groupId: principal.group_id };
    case "workspace":
      return { type: "workspace", workspaceId: principal.workspace_id };
    default:
      return principal;
  }
}

/** @throws {ToolError} for one that is not there */
async function permissionOf(doc: string, id: string, { upstream, signal }: ToolContext<CodaApi>) {
  const ask = (asked: object) => upstream.get(PERMISSIONS, { docId: doc }, asked, signal);
  const { items } = await listed(ask, described, { limit: 1000, pageSize: 100 });
  const found = items.find((each) => each.id === id);
  if (!found) throw new ToolError(`The doc has no permission "${id}": list_permissions has their ids.`);
  return found;
}
