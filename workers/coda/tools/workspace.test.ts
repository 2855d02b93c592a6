import { beforeAll, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness } from "../testing/coda-harness.ts";

const workspace = "ws-Local0Work";

const harness = codaHarness({ now: () => Date.UTC(2026, 10, 25, 12) });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});

const members = async (args: object = {}) =>
  (await call<{ members: { email: string; role: string }[] }>(client, "list_workspace_members", { workspace, ...args }))
    .members;

test("list_workspace_members: tells who is there with which role, by role, and goes on by its cursor", async () => {
  expect(await members()).toEqual([
    {
      email: "ada@example.com",
      name: "Ada Lovelace",
      role: "admin",
      registered_at: "2026-01-05T09:00:00.000Z",
      owned_docs: 1,
    },
    {
      email: "bob@example.com",
      name: "Bob Brandt",
      role: "editor",
      registered_at: "2026-01-05T09:00:00.000Z",
      owned_docs: 0,
    },
  ]);
  expect(await members({ roles: ["editor", "doc_maker"] })).toMatchObject([{ email: "bob@example.com" }]);
  const args = { workspace, limit: 1 };
  const { next_cursor: cursor } = await call<{ next_cursor: string }>(client, "list_workspace_members", args);
  expect(await members({ limit: 1, cursor })).toMatchObject([{ email: "bob@example.com" }]);
  expect(await refusal(client, "list_workspace_members", { workspace: "none" })).toMatch(/^Coda answered 404/);
});

test("set_workspace_role: changes it, and list_workspace_members sees that", async () => {
  const args = { workspace, email: "bob@example.com", role: "doc_maker" };
  expect(await call(client, "set_workspace_role", args)).toEqual({ changed_at: "2026-11-25T12:00:00.000Z" });
  expect((await members()).map(({ role }) => role)).toEqual(["admin", "doc_maker"]);
  await call(client, "set_workspace_role", { ...args, role: "editor" });
  expect(await refusal(client, "set_workspace_role", { ...args, email: "kim@example.com" })).toMatch(
    /^Coda answered 404/,
  );
});

test("list_workspace_roles: counts members by role", async () => {
  expect(await call(client, "list_workspace_roles", { workspace })).toEqual({
    months: [
      {
        month: "2026-11",
        active: { admin: 1, doc_maker: 0, editor: 1 },
        inactive: { admin: 0, doc_maker: 0, editor: 0 },
      },
    ],
  });
});
