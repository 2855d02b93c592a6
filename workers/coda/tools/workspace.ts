import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { listInput, nextCursor, pathPart } from "./input.ts";
import { listed } from "./listed.ts";

const workspaceInput = { workspace: pathPart.describe("Id of the workspace, from whoami or get_doc") };

const ROLES = { admin: "Admin", doc_maker: "DocMaker", editor: "Editor" } as const satisfies Record<
  string,
  Schemas["WorkspaceUserRole"]
>;
const roleName = z.enum(Object.keys(ROLES) as [keyof typeof ROLES, ...(keyof typeof ROLES)[]]);

/** The tools' word for a role. */
function nameOf(role: Schemas["WorkspaceUserRole"]): z.output<typeof roleName> {
  return roleName.options.find((name) => ROLES[name] === role) ?? "editor";
}

export const listWorkspaceMembers = defineTool({
  name: "list_workspace_members",
  title: "List workspace members",
  description:
    "Lists the members of a Coda workspace with their roles, and how many docs they own. Coda lets only some people see that.",
  scope: "coda:read",
  toolset: "workspace",
  readOnly: true,
  input: z.strictObject({
    ...workspaceInput,
    roles: z.array(roleName).min(1).max(3).optional().describe("Only members with one of these roles"),
    ...listInput,
  }),
  output: z.object({
    members: z.array(
      z.object({
        email: z.string(),
        name: z.string(),
        role: roleName,
        registered_at: z.string(),
        last_active: z.string().optional(),
        owned_docs: z.number().optional(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  async run({ workspace, roles, ...page }, { upstream, signal }) {
    const path = "/workspaces/{workspaceId}/users";
    const includedRoles = roles?.map((role) => ROLES[role]);
    // Coda alone says how many members it gives at a time.
    const ask = ({ pageToken }: { pageToken?: string }) =>
      upstream.get(path, { workspaceId: workspace }, { includedRoles, pageToken }, signal);
    const { items, next_cursor } = await listed(ask, described, page);
    return { members: items, next_cursor };
  },
});

function described({ email, name, role, registeredAt, lastActiveAt, ownedDocs }: Schemas["WorkspaceUser"]) {
  return {
    email,
    name,
    role: nameOf(role),
    registered_at: registeredAt,
    last_active: lastActiveAt,
    owned_docs: ownedDocs,
  };
}

export const setWorkspaceRole = defineTool({
  name: "set_workspace_role",
  title: "Change a member's role",
  description:
    "Changes the role of a member of a Coda workspace: an editor edits docs, a doc maker (paid) makes them, an admin runs the workspace. Needs to be an admin of it.",
  scope: "coda:admin",
  toolset: "workspace",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...workspaceInput,
    email: z.email().max(320).describe("Address of the member"),
    role: roleName.describe("The new role"),
  }),
  output: z.object({ changed_at: z.string() }),
  async run({ workspace, email, role }, { upstream, signal }) {
    const path = "/workspaces/{workspaceId}/users/role";
    const body = { email, newRole: ROLES[role] };
    const { roleChangedAt } = await upstream.post(path, { workspaceId: workspace }, body, signal, {
      unanswered: "Doing it again does no harm.",
    });
    return { changed_at: roleChangedAt };
  },
});

export const listWorkspaceRoles = defineTool({
  name: "list_workspace_roles",
  title: "Count members by role",
  description: "Tells how many admins, doc makers and editors a Coda workspace had, active and not, month by month.",
  scope: "coda:read",
  toolset: "workspace",
  readOnly: true,
  input: z.strictObject(workspaceInput),
  output: z.object({
    months: z.array(
      z.object({
        month: z.string(),
        active: z.object({ admin: z.number(), doc_maker: z.number(), editor: z.number() }),
        inactive: z.object({ admin: z.number(), doc_maker: z.number(), editor: z.number() }),
      }),
    ),
  }),
  async run({ workspace }, { upstream, signal }) {
    const { items } = await upstream.get("/workspaces/{workspaceId}/roles", { workspaceId: workspace }, {}, signal);
    return {
      months: items.map((each) => ({
        month: each.month,
        active: {
          admin: each.activeAdminCount,
          doc_maker: each.activeDocMakerCount,
          editor: each.activeEditorCount,
        },
        inactive: {
          admin: each.inactiveAdminCount,
          doc_maker: each.inactiveDocMakerCount,
          editor: each.inactiveEditorCount,
        },
      })),
    };
  },
});
