import { expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface Branches {
  branches: { name: string; sha: string; protected: boolean }[];
  next_cursor?: string;
}

const { call, refusal } = githubService();
const branchNames = async () => {
  const { branches } = await call<Branches>("list_branches", { ...ORCHARD, limit: 100 });
  return branches.map(({ name }) => name);
};

test("list_branches: goes through all of them by its cursor", async () => {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Branches = await call("list_branches", { ...ORCHARD, limit: 2, cursor });
    found.push(...page.branches.map(({ name }) => name));
    cursor = page.next_cursor;
  } while (cursor);
  expect(found).toEqual(["main", "next", "topic-16", "topic-32", "topic-48", "topic-64"]);
});

test("list_tags: each with its commit", async () => {
  const { branches } = await call<Branches>("list_branches", ORCHARD);
  expect(await call("list_tags", ORCHARD)).toEqual({ tags: [{ name: "v1.0", sha: branches[0]!.sha }] });
});

test("create_branch: begins at the default branch, or where it is told", async () => {
  const { branches } = await call<Branches>("list_branches", ORCHARD);
  const sha = (name: string) => branches.find((each) => each.name === name)!.sha;
  expect(await call("create_branch", { ...ORCHARD, branch: "fix/ladder" })).toEqual({
    branch: "fix/ladder",
    sha: sha("main"),
  });
  const from = { ...ORCHARD, branch: "from-next", from: "next" };
  expect(await call("create_branch", from)).toEqual({ branch: "from-next", sha: sha("next") });
  expect(await branchNames()).toEqual(expect.arrayContaining(["fix/ladder", "from-next"]));
  expect(await refusal("create_branch", from)).toContain("Reference already exists");
  expect(await refusal("create_branch", { ...from, from: "no-such" })).toContain("No commit found");
});

test("delete_branch: says which, and deletes it, but never the default branch", async () => {
  await call("create_branch", { ...ORCHARD, branch: "old" });
  const old = { ...ORCHARD, branch: "old" };
  const { would } = await call<{ would: string }>("delete_branch", { ...old, dry_run: true });
  expect(would).toMatch(/^Deletes the branch old of ada\/orchard, whose newest commit is [0-9a-f]{40} \(Seed\)\.$/);
  expect(await branchNames()).toContain("old");
  expect(await call("delete_branch", old)).toEqual({ deleted: true });
  expect(await branchNames()).not.toContain("old");
  expect(await refusal("delete_branch", { ...ORCHARD, branch: "main" })).toContain("Cannot delete the default branch");
});

test.each(["..", "a..b", "/x", "x/", "a b", "x.lock", "@{1}", "refs/../x"])(
  "a name that Git does not allow never reaches GitHub: %j",
  async (branch) => {
    expect(await refusal("create_branch", { ...ORCHARD, branch })).toContain("must be a name that Git allows");
  },
);
