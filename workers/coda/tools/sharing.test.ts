import { beforeAll, describe, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

interface Permission {
  id: string;
  access: string;
  type: string;
  who?: string;
}

const harness = codaHarness({ mutationDelayMs: 10 });
let client: McpClient;
let doc: string;
beforeAll(async () => {
  client = await harness().client();
  doc = (await call<{ id: string }>(client, "create_doc", { title: "Shared plans" })).id;
});

const permissions = async () =>
  (await call<{ permissions: Permission[] }>(client, "list_permissions", { doc })).permissions;
const share = (access: string, principal: object) =>
  call(client, "add_permission", { doc, access, principal, notify: false });

describe("sharing", () => {
  test("get_sharing: tells what the person may do", async () => {
    expect(await call(client, "get_sharing", { doc })).toEqual({
      can_share: true,
      can_share_with_workspace: true,
      can_share_with_organization: false,
      can_copy: true,
    });
    expect(await refusal(client, "get_sharing", { doc: "none" })).toMatch(/^Coda answered 404/);
  });

  test("list_permissions: tells who has which access, and goes on by its cursor", async () => {
    const list = (args: object) =>
      call<{ permissions: Permission[]; next_cursor?: string }>(client, "list_permissions", {
        doc: DOC,
        ...args,
      });
    const first = await list({ limit: 1 });
    expect(first.permissions).toEqual([{ id: "perm-owner", access: "write", type: "email", who: "ada@example.com" }]);
    const { permissions } = await list({ limit: 1, cursor: first.next_cursor });
    expect(permissions).toMatchObject([{ type: "workspace", who: "ws-Local0Work" }]);
  });

  test("add_permission: gives access to every kind of principal, and changes it for one who has it", async () => {
    await share("readonly", { type: "email", email: "bob@example.com" });
    await share("comment", { type: "group", group_id: "grp-Local0Crew" });
    await share("readonly", { type: "domain", domain: "example.org" });
    await share("readonly", { type: "workspace", workspace_id: "ws-Local0Work" });
    await share("readonly", { type: "anyone" });
    await share("write", { type: "email", email: "bob@example.com" });
    expect((await permissions()).map(({ access, type, who }) => [access, type, who])).toEqual([
      ["write", "email", "ada@example.com"],
      ["comment", "group", "Crew"],
      ["readonly", "domain", "example.org"],
      ["readonly", "workspace", "ws-Local0Work"],
      ["readonly", "anyone", undefined],
      ["write", "email", "bob@example.com"],
    ]);
    const refused = (principal: object) => refusal(client, "add_permission", { doc, access: "write", principal });
    expect(await refused({ type: "group", group_id: "none" })).toMatch(/^Coda answered 400: No such group/);
    expect(await refused({ type: "email", email: "no address" })).toMatch(/email/);
    expect(await refused({ type: "email", group_id: "grp-Local0Crew" })).toMatch(/email/);
  });

  test("delete_permission: tells whose it is in a dry run, and then it is gone", async () => {
    await share("readonly", { type: "email", email: "kim@example.com" });
    const { id } = (await permissions()).find(({ who }) => who === "kim@example.com")!;
    const args = { doc, permission: id };
    expect(await call(client, "delete_permission", { ...args, dry_run: true })).toEqual({
      would: "Takes away readonly access to the doc from email kim@example.com.",
    });
    expect((await permissions()).some((each) => each.id === id)).toBe(true);
    expect(await call(client, "delete_permission", args)).toEqual({ deleted: true });
    expect((await permissions()).some((each) => each.id === id)).toBe(false);
    expect(await refusal(client, "delete_permission", args)).toMatch(/^Coda answered 404/);
    expect(await refusal(client, "delete_permission", { ...args, dry_run: true })).toMatch(
      /list_permissions has their ids/,
    );
  });

  test("search_principals: finds people and groups by a part of the name", async () => {
    const search = (query: string) => call(client, "search_principals", { doc, query });
    expect(await search("bran")).toEqual({ people: [{ name: "Bob Brandt", email: "bob@example.com" }], groups: [] });
    expect(await search("crew")).toEqual({ people: [], groups: [{ id: "grp-Local0Crew", name: "Crew" }] });
  });

  test("get_sharing_settings: tells them as they are at first", async () => {
    expect(await call(client, "get_sharing_settings", { doc: DOC })).toEqual({
      editors_may_share: true,
      viewers_may_copy: true,
      viewers_may_ask: true,
    });
  });

  test("update_sharing_settings: changes what is named, and get_sharing_settings sees it", async () => {
    const changed = { editors_may_share: true, viewers_may_copy: false, viewers_may_ask: true };
    expect(await call(client, "update_sharing_settings", { doc, viewers_may_copy: false })).toEqual(changed);
    expect(await call(client, "get_sharing_settings", { doc })).toEqual(changed);
    expect(await refusal(client, "update_sharing_settings", { doc })).toMatch(/needs something to change/);
  });

  test("a person without coda:admin cannot share, nor delete", async () => {
    const writer = await harness().client(["coda:read", "coda:write"]);
    for (const [name, args] of [
      ["add_permission", { doc, access: "readonly", principal: { type: "anyone" } }],
      ["delete_doc", { doc, dry_run: true }],
      ["publish_doc", { doc }],
    ] as const) {
      await expect(writer.callTool({ name, arguments: args }), name).rejects.toThrow(/403|scope/i);
    }
  });
});

describe("publishing", () => {
  test("list_categories: lists what publish_doc takes", async () => {
    const { categories } = await call<{ categories: string[] }>(client, "list_categories");
    expect(categories).toContain("Education");
  });

  test("publish_doc: publishes it, get_doc tells where, and a second time changes only what is named", async () => {
    const published = async () => (await call<{ published?: object }>(client, "get_doc", { doc })).published;
    expect(await published()).toBeUndefined();
    const args = { doc, slug: "plans-of-ada", discoverable: true, categories: ["Education"], mode: "play" };
    expect(await call(client, "publish_doc", args)).toMatchObject({ applied: true });
    const first = {
      link: "https://coda.io/@plans-of-ada",
      mode: "play",
      discoverable: true,
      categories: ["Education"],
    };
    expect(await published()).toEqual(first);
    await call(client, "publish_doc", { doc, mode: "view", earn_credit: true });
    expect(await published()).toEqual({ ...first, mode: "view" });
    expect(await refusal(client, "publish_doc", { doc, categories: ["None"] })).toMatch(
      /^Coda answered 400: .*category/,
    );
    expect(await refusal(client, "publish_doc", { doc, slug: "../x" })).toMatch(/slug/);
  });

  test("unpublish_doc: names the address in a dry run, and then it is off the web", async () => {
    const { id } = await call<{ id: string }>(client, "create_doc", { title: "Once public" });
    await call(client, "publish_doc", { doc: id, slug: "once" });
    expect(await call(client, "unpublish_doc", { doc: id, dry_run: true })).toEqual({
      would: 'Takes the doc "Once public" off the web: https://coda.io/@once leads nowhere then.',
    });
    expect(await call(client, "unpublish_doc", { doc: id })).toEqual({ unpublished: true });
    expect(await call(client, "get_doc", { doc: id })).not.toHaveProperty("published");
    expect(await call(client, "unpublish_doc", { doc: id, dry_run: true })).toEqual({
      would: 'Nothing: the doc "Once public" is not published.',
    });
  });
});
