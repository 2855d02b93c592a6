import { describe, expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface PullRequest {
  number: number;
  title: string;
  state: string;
  draft?: boolean;
  merged: boolean;
  head: string;
  head_sha: string;
  base: string;
  body?: string;
  mergeable?: boolean;
}

const { call, refusal } = githubService();
const list = async (args: object = {}) => {
  const { pull_requests } = await call<{ pull_requests: PullRequest[] }>("list_pull_requests", { ...ORCHARD, ...args });
  return pull_requests;
};
const numbers = (pulls: PullRequest[]) => pulls.map(({ number }) => number);

/** A branch with a commit of its own, and a pull request from it. */
async function propose(branch: string, args: object = {}): Promise<PullRequest> {
  await call("create_branch", { ...ORCHARD, branch });
  const files = [{ path: `docs/${branch}.md`, content: `# ${branch}\n` }];
  await call("push_files", { ...ORCHARD, branch, message: `Write ${branch}`, files });
  return call("create_pull_request", { ...ORCHARD, title: `About ${branch}`, head: branch, base: "main", ...args });
}

describe("reading", () => {
  test("list_pull_requests: newest first, by branch and state, page by page", async () => {
    expect(numbers(await list())).toEqual([64, 48, 32, 16]);
    expect(numbers(await list({ direction: "asc", limit: 2 }))).toEqual([16, 32]);
    expect(numbers(await list({ direction: "asc", limit: 2, cursor: "page=2" }))).toEqual([48, 64]);
    expect(numbers(await list({ head: "topic-32" }))).toEqual([32]);
    expect(numbers(await list({ head: "grace:topic-32" }))).toEqual([]);
    expect(numbers(await list({ base: "next" }))).toEqual([]);
    expect(numbers(await list({ state: "closed" }))).toEqual([]);
    expect(await refusal("list_pull_requests", { ...ORCHARD, head: "a b" })).toContain(
      "must be branch, or login:branch",
    );
  });

  test("get_pull_request: shows it, and whether it can be merged", async () => {
    const pull = await call("get_pull_request", { ...ORCHARD, number: 16 });
    expect(pull).toMatchObject({
      ...{ number: 16, head: "ada:topic-16", base: "main", mergeable: true, mergeable_state: "clean" },
      ...{ commits: 1, changed_files: 1, additions: 1, deletions: 0, merged: false },
    });
    expect(await refusal("get_pull_request", { ...ORCHARD, number: 1 })).toMatch(/^GitHub answered 404/);
  });

  test("list_pull_request_files: with as much of the patches as asked", async () => {
    const files = { ...ORCHARD, number: 16 };
    expect(await call("list_pull_request_files", files)).toEqual({
      files: [
        {
          ...{ path: "docs/topic-16.md", status: "added", additions: 1, deletions: 0 },
          patch: "@@ -0,0 +1,1 @@\n+# Topic 16",
        },
      ],
    });
    expect(await call("list_pull_request_files", { ...files, patch_length: 2 })).toMatchObject({
      files: [{ patch: "@@", patch_truncated: true }],
    });
  });

  test("get_pull_request_diff: in parts", async () => {
    const { diff } = await call<{ diff: string }>("get_pull_request_diff", { ...ORCHARD, number: 32 });
    expect(diff).toContain("+++ b/docs/topic-32.md\n@@ -0,0 +1,1 @@\n+# Topic 32\n");
    const behind = { ...ORCHARD, number: 32, offset: 5000 };
    expect(await refusal("get_pull_request_diff", behind)).toContain("The diff ends before offset 5000");
  });

  test("list_pull_request_commits: oldest first", async () => {
    const { commits } = await call<{ commits: object[] }>("list_pull_request_commits", { ...ORCHARD, number: 48 });
    expect(commits).toMatchObject([{ message: "Write about topic 48", author: "ada" }]);
  });

  test("get_pull_request_status: what failed comes first", async () => {
    const status = await call("get_pull_request_status", { ...ORCHARD, number: 16 });
    expect(status).toMatchObject({
      conclusion: "failure",
      checks: [
        { name: "lint", result: "failure", summary: expect.stringContaining("no empty line") },
        { name: "test", result: "success" },
        { name: "deploy/preview", result: "success" },
      ],
    });
    expect(await call("get_pull_request_status", { ...ORCHARD, number: 32 })).toMatchObject({
      conclusion: "none",
      checks: [],
    });
  });
});

describe("writing", () => {
  test("create_pull_request: from a branch with commits of its own, once", async () => {
    const pull = await propose("pears", { body: "All about pears", draft: true });
    expect(pull).toMatchObject({ head: "ada:pears", base: "main", draft: true, state: "open", merged: false });
    expect((await list({ limit: 1 }))[0]).toMatchObject({ number: pull.number, body: "All about pears" });
    const again = { ...ORCHARD, title: "Again", head: "pears", base: "main" };
    expect(await refusal("create_pull_request", again)).toContain("A pull request already exists for ada:pears");
    expect(await refusal("create_pull_request", { ...again, head: "gone" })).toContain("head invalid");
    await call("create_branch", { ...ORCHARD, branch: "same" });
    expect(await refusal("create_pull_request", { ...again, head: "same" })).toContain(
      "No commits between main and same",
    );
  });

  test("update_pull_request: title, text and state", async () => {
    const { number } = await propose("plums");
    const update = (args: object) => call("update_pull_request", { ...ORCHARD, number, ...args });
    await update({ title: "About plums, and more", body: "More" });
    expect(await call("get_pull_request", { ...ORCHARD, number })).toMatchObject({
      ...{ title: "About plums, and more", body: "More" },
    });
    expect(await update({ state: "closed" })).toMatchObject({ state: "closed", merged: false });
    expect(await update({ state: "open" })).toMatchObject({ state: "open" });
    expect(await refusal("update_pull_request", { ...ORCHARD, number })).toContain("name at least one thing to change");
  });

  test("merge_pull_request: a dry run says what would be merged, and then it is", async () => {
    const { number, head_sha } = await propose("quince");
    const merge = { ...ORCHARD, number, merge_method: "squash", commit_title: "Quince", sha: head_sha };
    expect(await call("merge_pull_request", { ...merge, dry_run: true })).toEqual({
      would: `Merges #${number} "About quince" from ada:quince into main by squash (1 commits, 1 files, +1 -0; state clean).`,
    });
    const wrong = { ...merge, sha: "0".repeat(40) };
    expect(await refusal("merge_pull_request", wrong)).toMatch(/^GitHub answered 409: Head branch was modified/);
    expect(await call("get_pull_request", { ...ORCHARD, number })).toMatchObject({ merged: false });

    const merged = await call<{ sha: string }>("merge_pull_request", merge);
    expect(merged).toMatchObject({ merged: true });
    expect(await call("get_pull_request", { ...ORCHARD, number })).toMatchObject({ merged: true, merged_by: "ada" });
    const { commits } = await call<{ commits: object[] }>("list_commits", { ...ORCHARD, limit: 1 });
    expect(commits).toMatchObject([{ sha: merged.sha, message: "Quince" }]);
    expect(await call("merge_pull_request", { ...ORCHARD, number })).toMatchObject({
      message: "It was merged before.",
    });
    expect(await refusal("merge_pull_request", { ...ORCHARD, number, dry_run: true })).toContain("was merged at");
  });

  test("merge_pull_request: drafts, conflicts and closed ones are not merged, and the model learns why", async () => {
    const draft = await propose("medlar", { draft: true });
    const refused = (number: number, args: object = {}) =>
      refusal("merge_pull_request", { ...ORCHARD, number, ...args });
    expect(await refused(draft.number, { dry_run: true })).toContain("is a draft");
    expect(await refused(draft.number)).toMatch(
      /not mergeable.*A dry run tells why it cannot be merged; state draft\.$/,
    );

    const [one, other] = [await propose("left"), await propose("right")];
    for (const branch of ["left", "right"]) {
      const files = [{ path: "docs/both.md", content: `# ${branch}\n` }];
      await call("push_files", { ...ORCHARD, branch, message: "Both", files });
    }
    await call("merge_pull_request", { ...ORCHARD, number: one.number });
    expect(await refused(other.number, { dry_run: true })).toContain("has conflicts with main");
    expect(await refused(other.number)).toContain("state dirty");
    await call("update_pull_request", { ...ORCHARD, number: other.number, state: "closed" });
    expect(await refused(other.number, { dry_run: true })).toContain("is closed");
  });

  test("update_pull_request_branch: brings in what is new in the base", async () => {
    const { number, head_sha } = await propose("sorrel");
    const branch = { ...ORCHARD, number };
    expect(await refusal("update_pull_request_branch", branch)).toContain(
      "There are no new commits on the base branch",
    );
    await call("push_files", { ...ORCHARD, message: "New", files: [{ path: "new.md", content: "new" }] });
    await call("update_pull_request_branch", { ...branch, expected_head_sha: head_sha });
    const { commits } = await call<{ commits: object[] }>("list_pull_request_commits", branch);
    expect(commits).toMatchObject([{ message: "Write sorrel" }, { message: "Merge branch 'main' into sorrel" }]);
  });
});

describe("from a fork", () => {
  const grace = githubService({ account: { login: "grace" } });

  test("create_pull_request: proposes what somebody who may not push has done in a fork", async () => {
    await grace.call("fork_repository", ORCHARD);
    const fork = { owner: "grace", repo: "orchard" };
    await grace.call("create_branch", { ...fork, branch: "pears" });
    const files = [{ path: "docs/pears.md", content: "# Pears\n" }];
    await grace.call("push_files", { ...fork, branch: "pears", message: "Write about pears", files });
    const compared = { ...ORCHARD, base: "main", head: "grace:pears" };
    expect(await grace.call("compare_commits", compared)).toMatchObject({ ahead_by: 1, files: [{ status: "added" }] });

    const wanted = { ...ORCHARD, title: "Pears", head: "grace:pears", base: "main" };
    const pull = await grace.call<PullRequest>("create_pull_request", wanted);
    expect(pull).toMatchObject({ head: "grace:pears", base: "main", maintainer_can_modify: true, commits: 1 });
    const { pull_requests } = await grace.call<{ pull_requests: PullRequest[] }>("list_pull_requests", {
      ...ORCHARD,
      head: "grace:pears",
    });
    expect(numbers(pull_requests)).toEqual([pull.number]);
    const merge = { ...ORCHARD, number: pull.number };
    expect(await grace.refusal("merge_pull_request", merge)).toMatch(/^GitHub answered 403: Must have push access/);
  });
});
