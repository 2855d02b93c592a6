import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface Tree {
  entries: { path: string; type: string; size?: number }[];
  total: number;
  next_cursor?: string;
}

const { call, refusal } = githubService();
const paths = ({ entries }: Tree) => entries.map(({ path }) => path);

test("get_tree: all files with the folders, page by page, or those of one folder", async () => {
  const all = await call<Tree>("get_tree", ORCHARD);
  expect(all.entries).toContainEqual(expect.objectContaining({ path: "src", type: "directory" }));
  expect(all.entries).toContainEqual(expect.objectContaining({ path: "src/count.ts", type: "file", size: 131 }));
  expect(all.entries).toContainEqual(expect.objectContaining({ path: "vendor/ladder", type: "submodule" }));
  expect(all.entries).toContainEqual(expect.objectContaining({ path: "READ_ME", type: "symlink" }));
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Tree = await call("get_tree", { ...ORCHARD, limit: 4, cursor });
    expect(page.total).toBe(all.total);
    found.push(...paths(page));
    cursor = page.next_cursor;
  } while (cursor);
  expect(found).toEqual(paths(all));
  expect(paths(await call("get_tree", { ...ORCHARD, path: "src", ref: "next" }))).toEqual([
    ...["src/count.ts", "src/index.ts", "src/weigh.ts"],
  ]);
  const root = await call<Tree>("get_tree", { ...ORCHARD, recursive: false });
  expect(paths(root)).toEqual(["LICENSE", "README.md", "READ_ME", "data", "docs", "src", "vendor"]);
  expect(await refusal("get_tree", { ...ORCHARD, path: "no/such" })).toContain("There is no folder no/such at main");
});

test("list_refs: finds branches by the beginning of their names", async () => {
  const { refs, total } = await call<{ refs: { ref: string }[]; total: number }>("list_refs", {
    ...ORCHARD,
    ...{ prefix: "heads/topic-", limit: 3 },
  });
  expect(refs.map(({ ref }) => ref)).toEqual(["refs/heads/topic-16", "refs/heads/topic-32", "refs/heads/topic-48"]);
  expect(total).toBe(4);
  expect(await refusal("list_refs", { ...ORCHARD, prefix: "../x" })).toContain("must begin with heads/ or tags/");
});

test("create_tag: a plain one, and with a message an annotated one", async () => {
  const plain = await call<{ commit: string }>("create_tag", { ...ORCHARD, tag: "v1.1" });
  const message = "Weighs too";
  const annotated = await call<{ commit: string }>("create_tag", { ...ORCHARD, tag: "v2.0", ref: "next", message });
  expect(plain.commit).not.toBe(annotated.commit);
  const { tags } = await call<{ tags: { name: string; sha: string }[] }>("list_tags", ORCHARD);
  expect(tags).toEqual(
    expect.arrayContaining([
      { name: "v1.1", sha: plain.commit },
      { name: "v2.0", sha: annotated.commit },
    ]),
  );
  expect(await refusal("create_tag", { ...ORCHARD, tag: "v2.0" })).toContain("Reference already exists");
});

test("get_tag: tells its commit, and of an annotated one who made it", async () => {
  expect(await call("get_tag", { ...ORCHARD, tag: "v1.0" })).toMatchObject({ tag: "v1.0", annotated: false });
  await call("create_tag", { ...ORCHARD, tag: "v3.0", message: "Third" });
  expect(await call("get_tag", { ...ORCHARD, tag: "v3.0" })).toMatchObject({
    ...{ annotated: true, message: "Third", tagger: "Ada Lovelace" },
  });
});

test("update_branch: goes forward, aside only with force, and says before what would be lost", async () => {
  const head = async (ref: string) => (await call<{ sha: string }>("get_commit", { ...ORCHARD, ref })).sha;
  const [main, next] = [await head("main"), await head("next")];
  await call("create_branch", { ...ORCHARD, branch: "moving" });
  const moving = { ...ORCHARD, branch: "moving" };
  expect(await call("update_branch", { ...moving, sha: next })).toEqual({ branch: "moving", sha: next });
  expect(await head("moving")).toBe(next);
  const back = { ...moving, sha: main };
  expect(await refusal("update_branch", back)).toContain("Update is not a fast forward");
  expect(await refusal("update_branch", { ...back, dry_run: true })).toBe(
    `${main} lacks 1 commits of moving: only force moves it there.`,
  );
  expect(await call("update_branch", { ...back, force: true, dry_run: true })).toEqual({
    would: `Moves moving of ada/orchard from ${next} to ${main}, taking 1 commits off it.`,
  });
  expect(await head("moving")).toBe(next);
  await call("update_branch", { ...back, force: true });
  expect(await head("moving")).toBe(main);
});
