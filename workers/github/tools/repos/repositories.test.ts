import { describe, expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface Repository {
  full_name: string;
  private: boolean;
  description?: string;
  fork: boolean;
  parent?: string;
  archived?: boolean;
  default_branch: string;
  my_permission?: string;
}

const { call, refusal } = githubService();

const names = async (args: object = {}) => {
  const { repositories } = await call<{ repositories: Repository[] }>("list_repositories", { ...args });
  return repositories.map(({ full_name }) => full_name);
};

test("get_repository: tells what it is and what the person may do in it", async () => {
  expect(await call("get_repository", ORCHARD)).toMatchObject({
    full_name: "ada/orchard",
    description: "Counts apples, tree by tree",
    default_branch: "main",
    stars: 1,
    my_permission: "admin",
  });
  expect(await refusal("get_repository", { ...ORCHARD, repo: "nothing" })).toMatch(/^GitHub answered 404/);
});

test("list_repositories: the person's own with private ones, of somebody else the public ones, page by page", async () => {
  expect(await names({ sort: "full_name" })).toEqual(["ada/ledger", "ada/orchard"]);
  expect(await names({ owner: "ada" })).toEqual(["ada/orchard"]);
  const first = await call<{ next_cursor: string }>("list_repositories", { sort: "full_name", limit: 1 });
  expect(await names({ sort: "full_name", limit: 1, cursor: first.next_cursor })).toEqual(["ada/orchard"]);
});

test("create_repository: makes a private one with a first commit, which is listed then", async () => {
  const made = await call<Repository>("create_repository", { name: "cider", description: "Presses apples" });
  expect(made).toMatchObject({ full_name: "ada/cider", private: true, description: "Presses apples" });
  expect(await names()).toContain("ada/cider");
  const { text } = await call<{ text: string }>("get_file_contents", {
    owner: "ada",
    repo: "cider",
    path: "README.md",
  });
  expect(text).toBe("# cider");
  expect(await refusal("create_repository", { name: "cider" })).toContain("name already exists on this account");
});

test("update_repository: changes settings, and archives, after which nothing can be written", async () => {
  await call("create_repository", { name: "press" });
  const press = { owner: "ada", repo: "press" };
  const changed = await call<Repository>("update_repository", {
    ...press,
    ...{ description: "Presses", visibility: "public", allow_rebase_merge: false, archived: true },
  });
  expect(changed).toMatchObject({ description: "Presses", private: false, archived: true });
  expect(await call("get_repository", press)).toMatchObject({ visibility: "public", archived: true });
  const written = { ...press, path: "x", message: "x", content: "x" };
  expect(await refusal("create_or_update_file", written)).toContain("archived so is read-only");
  expect(await refusal("update_repository", press)).toContain("name at least one setting");
});

test("delete_repository: says what would be lost, and deletes", async () => {
  await call("create_repository", { name: "stump" });
  const stump = { owner: "ada", repo: "stump" };
  expect(await call("delete_repository", { ...stump, dry_run: true })).toEqual({
    would: "Deletes the private repository ada/stump (0 open issues and pull requests, 0 stars) for good.",
  });
  expect(await names()).toContain("ada/stump");
  expect(await call("delete_repository", stump)).toEqual({ deleted: true });
  expect(await names()).not.toContain("ada/stump");
  expect(await refusal("delete_repository", stump)).toMatch(/^GitHub answered 404/);
});

test("list_collaborators: tells who has access, and how much", async () => {
  expect(await call("list_collaborators", ORCHARD)).toEqual({
    collaborators: [{ login: "ada", role: "admin", url: "https://github.com/ada" }],
  });
});

describe("as somebody else", () => {
  const grace = githubService({ account: { login: "grace" } });

  test("fork_repository: makes a copy in the person's account, once", async () => {
    const fork = await grace.call<Repository>("fork_repository", ORCHARD);
    expect(fork).toMatchObject({ full_name: "grace/orchard", fork: true, parent: "ada/orchard" });
    expect(await grace.call("fork_repository", ORCHARD)).toMatchObject({ full_name: "grace/orchard" });
    const branches = await grace.call<{ branches: { name: string }[] }>("list_branches", {
      ...ORCHARD,
      owner: "grace",
    });
    expect(branches.branches.map(({ name }) => name)).toContain("next");
  });

  test("settings and collaborators are for those who may", async () => {
    const change = { ...ORCHARD, description: "Mine" };
    expect(await grace.refusal("update_repository", change)).toMatch(/^GitHub answered 403: Must have admin rights/);
    expect(await grace.refusal("delete_repository", ORCHARD)).toMatch(/^GitHub answered 403: Must have admin rights/);
    expect(await grace.refusal("list_collaborators", ORCHARD)).toMatch(/^GitHub answered 403: Must have push access/);
  });
});

describe("without the scope delete_repo", () => {
  const weak = githubService({ account: { login: "ada", scopes: ["repo"] } });

  test("delete_repository: tells which scope is missing", async () => {
    expect(await weak.refusal("delete_repository", ORCHARD)).toContain("one of delete_repo is needed");
  });
});
