import { describe, expect, test } from "vitest";
import { fullAccount } from "../testing/account.ts";
import { githubService } from "../testing/github-service.ts";

interface Items {
  items: { id: number; title?: string; fields?: object[] }[];
  next_cursor?: string;
}

const org = { owner_type: "org", owner: "analytical-engines" };
const harvest = { ...org, project: 1 };

describe("with the scope project", () => {
  const { call, refusal } = githubService({ account: fullAccount });
  const list = (args: object = {}) => call<Items>("list_project_items", { ...harvest, ...args });
  const ids = async (args: object = {}) => (await list(args)).items.map(({ id }) => id);

  test("list_projects: lists those of an organisation or a person, and searches", async () => {
    const titles = async (args: object) =>
      (await call<{ projects: { title: string }[] }>("list_projects", { ...args })).projects.map(({ title }) => title);
    expect(await titles(org)).toEqual(["Harvest", "Last year"]);
    expect(await titles({ ...org, query: "is:closed" })).toEqual(["Last year"]);
    expect(await titles({ owner_type: "user", owner: "ada" })).toEqual(["At home"]);
    const first = await call<{ next_cursor: string }>("list_projects", { ...org, limit: 1 });
    expect(await titles({ ...org, limit: 1, cursor: first.next_cursor })).toEqual(["Last year"]);
  });

  test("get_project: reads what it is for", async () => {
    expect(await call("get_project", harvest)).toMatchObject({
      ...{ number: 1, title: "Harvest", state: "open", public: true, summary: "What comes next" },
      body: "# Plan\n\nWhat comes next.",
    });
    expect(await refusal("get_project", { ...harvest, project: 9 })).toMatch(/^GitHub answered 404/);
  });

  test("list_project_fields: lists fields with what can be chosen", async () => {
    const { fields } = await call<{ fields: object[] }>("list_project_fields", harvest);
    expect(fields).toHaveLength(7);
    expect(fields).toContainEqual({
      ...{ id: 6103, name: "Status", type: "single_select" },
      options: [
        { id: "98236657", name: "Todo" },
        { id: "47fc9ee4", name: "Done" },
      ],
    });
  });

  test("get_project_field: reads one field", async () => {
    expect(await call("get_project_field", { ...harvest, field_id: 6107 })).toEqual({
      ...{ id: 6107, name: "Season", type: "iteration", options: [{ id: "866ee5b8", name: "Autumn" }] },
    });
  });

  test("list_project_items: shows issues and drafts with the fields that are asked for", async () => {
    const { items, next_cursor } = await list({ fields: [6103, 6105, 6102], limit: 3 });
    expect(items[2]).toMatchObject({
      ...{ id: 6203, type: "Issue", number: 4, repository: "ada/orchard", archived: false },
      fields: [
        { id: 6102, name: "Assignees", type: "assignees", value: "ada" },
        { id: 6103, name: "Status", type: "single_select", value: "Todo" },
        { id: 6105, name: "Apples", type: "number", value: "4" },
      ],
    });
    const rest = await list({ limit: 3, cursor: next_cursor });
    expect(rest.items).toMatchObject([
      { type: "DraftIssue", title: "Buy a ladder", fields: [{ value: "Buy a ladder" }] },
    ]);
    expect(await ids({ query: "is:draft" })).toEqual([6204]);
  });

  test("get_project_item: reads an item with its text", async () => {
    expect(await call("get_project_item", { ...harvest, item_id: 6204 })).toMatchObject({ body: "A long one." });
    expect(await call("get_project_item", { ...harvest, item_id: 6201, body_offset: 6 })).toMatchObject({
      body: expect.stringMatching(/^in the morning of day 1\./),
    });
  });

  test("add_project_item: puts an issue on a project, once", async () => {
    const added = { ...harvest, type: "Issue", repo_owner: "ada", repo: "orchard", number: 10 };
    const { id } = await call<{ id: number }>("add_project_item", added);
    expect(await ids()).toContain(id);
    expect(await call("add_project_item", added)).toMatchObject({ id });
    expect(await refusal("add_project_item", { ...added, type: "PullRequest" })).toMatch(/^GitHub answered 404/);
    const home = { ...added, owner_type: "user", owner: "ada" };
    expect(await call("add_project_item", home)).toMatchObject({ type: "Issue", number: 10 });
    expect((await list({ owner_type: "user", owner: "ada" })).items).toHaveLength(1);
  });

  test("update_project_item: sets and takes away values, which the next read shows", async () => {
    const item = { ...harvest, item_id: 6202 };
    const values = [
      { id: 6103, value: "47fc9ee4" },
      { id: 6104, value: "Soon" },
      { id: 6105, value: null },
      { id: 6107, value: "866ee5b8" },
    ];
    await call("update_project_item", { ...item, fields: values });
    const { fields } = await call<{ fields: object[] }>("get_project_item", {
      ...item,
      fields: [6103, 6104, 6105, 6107],
    });
    expect(fields).toEqual([
      { id: 6103, name: "Status", type: "single_select", value: "Done" },
      { id: 6104, name: "Notes", type: "text", value: "Soon" },
      { id: 6105, name: "Apples", type: "number" },
      { id: 6107, name: "Season", type: "iteration", value: "Autumn" },
    ]);
    const wrong = await refusal("update_project_item", { ...item, fields: [{ id: 6103, value: "Done" }] });
    expect(wrong).toContain("The value of Status is invalid");
  });

  test("delete_project_item: says what it would take off, and takes it off", async () => {
    const item = { ...harvest, item_id: 6204 };
    expect(await call("delete_project_item", { ...item, dry_run: true })).toEqual({
      would: 'Takes the draft "Buy a ladder" off the project, with its values there; it cannot be had back.',
    });
    const issue = await call<{ would: string }>("delete_project_item", { ...item, item_id: 6201, dry_run: true });
    expect(issue.would).toMatch(/^Takes ada\/orchard#1 ".*" off the project, .*it stays in its repository\.$/);
    expect(await call("delete_project_item", item)).toEqual({ item_id: 6204, deleted: true });
    expect(await ids()).not.toContain(6204);
  });
});

describe("without it", () => {
  const { refusal } = githubService();

  test("list_projects: the model learns which scope the connection lacks", async () => {
    expect(await refusal("list_projects", org)).toContain("one of read:project, project is needed");
  });
});
