import { expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface Commit {
  sha: string;
  message: string;
  author?: string;
}
interface Diff {
  diff: string;
  next_offset?: number;
}

const { call, refusal } = githubService();
const messages = async (args: object) => {
  const { commits } = await call<{ commits: Commit[] }>("list_commits", { ...ORCHARD, ...args });
  return commits.map(({ message }) => message);
};

test("list_commits: newest first, of a branch, a file, a person or a time", async () => {
  expect(await messages({})).toEqual(["Seed"]);
  expect(await messages({ ref: "next" })).toEqual(["Weigh apples", "Seed"]);
  expect(await messages({ ref: "next", path: "src/weigh.ts" })).toEqual(["Weigh apples"]);
  expect(await messages({ ref: "next", author: "ada@example.com", since: "2026-01-05T09:30:00Z" })).toEqual([
    "Weigh apples",
  ]);
  expect(await messages({ ref: "next", author: "grace" })).toEqual([]);
  const page = await call<{ commits: Commit[]; next_cursor: string }>("list_commits", {
    ...ORCHARD,
    ...{ ref: "next", limit: 1 },
  });
  expect(page.commits[0]).toMatchObject({ author: "ada" });
  expect(await messages({ ref: "next", limit: 1, cursor: page.next_cursor })).toEqual(["Seed"]);
});

test("get_commit: message and files, with as much of the patches as asked", async () => {
  const commit = await call("get_commit", { ...ORCHARD, ref: "next" });
  expect(commit).toMatchObject({
    message: "Weigh apples",
    additions: 1,
    files: [{ path: "src/weigh.ts", status: "added", patch: expect.stringContaining("+export const weigh") }],
  });
  const { files } = await call<{ files: { patch?: string; patch_truncated?: boolean }[] }>("get_commit", {
    ...ORCHARD,
    ...{ ref: "next", patch_length: 4 },
  });
  expect(files).toMatchObject([{ patch: "@@ -", patch_truncated: true }]);
  const none = await call<{ files: object[] }>("get_commit", { ...ORCHARD, ref: "next", patch_length: 0 });
  expect(none.files[0]).not.toHaveProperty("patch");
  const first = await call<{ files: object[]; next_cursor?: string }>("get_commit", {
    ...ORCHARD,
    ref: "main",
    limit: 5,
  });
  expect([first.files.length, first.next_cursor]).toEqual([5, "page=2"]);
});

test("compare_commits: how far two are apart, and what differs", async () => {
  expect(await call("compare_commits", { ...ORCHARD, base: "main", head: "next" })).toMatchObject({
    ...{ status: "ahead", ahead_by: 1, behind_by: 0 },
    commits: [{ message: "Weigh apples" }],
    files: [{ path: "src/weigh.ts" }],
  });
  expect(await call("compare_commits", { ...ORCHARD, base: "topic-16", head: "topic-32" })).toMatchObject({
    ...{ status: "diverged", ahead_by: 1, behind_by: 1 },
  });
  expect(await call("compare_commits", { ...ORCHARD, base: "v1.0", head: "main" })).toMatchObject({
    status: "identical",
    commits: [],
  });
  const topics = Array.from({ length: 3 }, (_, index) => ({ path: `docs/new-${index}.md`, content: `${index}` }));
  await call("create_branch", { ...ORCHARD, branch: "wide" });
  await call("push_files", { ...ORCHARD, branch: "wide", message: "Wide", files: topics });
  const few = await call<{ files: object[]; note: string }>("compare_commits", {
    ...ORCHARD,
    ...{ base: "main", head: "wide", limit: 2 },
  });
  expect(few.files).toHaveLength(2);
  expect(few.note).toBe("2 of 3 files are shown: ask with a higher limit, or for the whole diff with get_diff.");
});

test("get_diff: of a commit, and between two, in parts that are the whole", async () => {
  const whole = await call<Diff>("get_diff", { ...ORCHARD, head: "next" });
  expect(whole.diff).toMatch(/^diff --git a\/src\/weigh\.ts b\/src\/weigh\.ts\nnew file mode 100644\n/);
  expect(whole).not.toHaveProperty("next_offset");
  const between = await call<Diff>("get_diff", { ...ORCHARD, base: "topic-16", head: "topic-32" });
  expect(between.diff).toContain("+# Topic 32");

  const page = "🍏 ripe\n".repeat(700);
  const pushed = await call<{ commit: string }>("push_files", {
    ...ORCHARD,
    ...{ message: "Many lines", branch: "topic-64", files: [{ path: "many.md", content: page }] },
  });
  let read = "";
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const part: Diff = await call("get_diff", { ...ORCHARD, head: pushed.commit, offset, max_bytes: 1001 });
    read += part.diff;
    offset = part.next_offset;
  }
  expect(read.match(/^\+🍏 ripe$/gmu)).toHaveLength(700);
  expect(await refusal("get_diff", { ...ORCHARD, head: "main" })).toMatch(
    /^GitHub answered 406: Sorry, the diff exceeded .* Look at the files one by one, with get_commit/,
  );
  const behind = { ...ORCHARD, head: "next", offset: 1_000_000 };
  expect(await refusal("get_diff", behind)).toContain("The diff ends before offset 1000000");
});
