import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitSha, type Entry, tagSha, treeSha } from "./git-object.ts";
import { GitRepository } from "./git-repository.ts";
import { lineDiff } from "./line-diff.ts";
import { seedGithubState } from "./seed.ts";
import { openGithubStore } from "./store.ts";

const AT = "2026-02-03T04:05:06Z";
const file = (text: string): Entry => ({ type: "file", content: Buffer.from(text) });

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "github-git-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const git = (args: string[], input?: string) =>
  execFileSync("git", args, { cwd: directory, encoding: "utf8", ...(input !== undefined && { input }) });

describe("ids", () => {
  it("are those that Git itself gives commits and tags", () => {
    git(["init", "--quiet"]);
    const author = { name: "Ada Lovelace", email: "ada@example.com", date: AT };
    const tree = new Map([["a/b.txt", file("apples\n")]]);
    const lines = (commit: string) => `object ${commit}\ntype commit\ntag v1\ntagger ${signature}\n\nFirst`;
    const seconds = Date.parse(AT) / 1000;
    const signature = `Ada Lovelace <ada@example.com> ${seconds} +0000`;
    const commit = `tree ${treeSha(tree, "")}\nauthor ${signature}\ncommitter ${signature}\n\nMessage`;
    const sha = commitSha(tree, [], "Message", { author, committer: author });
    expect(git(["hash-object", "-t", "commit", "--stdin", "--literally"], commit).trim()).toBe(sha);
    expect(git(["hash-object", "-t", "tag", "--stdin", "--literally"], lines(sha)).trim()).toBe(
      tagSha("v1", sha, "First", author),
    );
  });
});

describe("a repository", () => {
  it("merges what two sides changed, unless both changed the same", () => {
    const repository = new GitRepository();
    const commit = (tree: [string, Entry][], parents: string[]) =>
      repository.commit(new Map(tree), parents, "x", "ada", AT);
    const base = commit(
      [
        ["a", file("1")],
        ["b", file("1")],
      ],
      [],
    );
    const left = commit(
      [
        ["a", file("2")],
        ["b", file("1")],
      ],
      [base.sha],
    );
    const right = commit(
      [
        ["a", file("1")],
        ["c", file("1")],
      ],
      [base.sha],
    );
    const other = commit(
      [
        ["a", file("3")],
        ["b", file("1")],
      ],
      [base.sha],
    );
    expect(repository.mergeBase(left.sha, right.sha)).toBe(base);
    const merged = repository.merged(left, right)!;
    expect([...merged].map(([path, entry]) => [path, entry.type === "file" && entry.content.toString()])).toEqual([
      ["a", "2"],
      ["c", "1"],
    ]);
    expect(repository.merged(left, other)).toBeUndefined();
  });

  it("survives a restart with what was pushed to it", () => {
    const stateDir = join(directory, "state");
    const store = openGithubStore(stateDir);
    const orchard = store.repository("ada", "orchard")!;
    const main = store.git(orchard).branch("main")!;
    const pushed = store
      .git(orchard)
      .commit(new Map([...main.tree, ["new", file("pears 🍐")]]), [main.sha], "Pears", "ada", AT);
    store.git(orchard).refs.set("refs/heads/main", pushed.sha);
    store.git(orchard).refs.delete("refs/heads/next");
    const tag = store.git(orchard).tag("v2", pushed.sha, "Second", "ada", AT);
    store.git(orchard).refs.set("refs/tags/v2", tag.sha);
    store.save();

    const again = openGithubStore(stateDir);
    const restored = again.git(again.repository("ada", "orchard")!);
    expect(restored.branch("main")).toEqual(pushed);
    expect(restored.branch("next")).toBeUndefined();
    expect(restored.resolve("v2")).toEqual(pushed);
    expect(readFileSync(join(stateDir, "github.json")).length).toBeLessThan(200_000);
  });

  it("is read from a state that knows nothing of commits and pull requests", () => {
    const stateDir = join(directory, "earlier");
    openGithubStore(stateDir).save();
    const { version, nextId, repositories } = seedGithubState();
    const earlier = repositories.map(({ stars: _, milestones: __, checks: ___, defaultBranch: ____, ...rest }) => rest);
    writeFileSync(join(stateDir, "github.json"), JSON.stringify({ version, nextId, repositories: earlier }));
    const store = openGithubStore(stateDir);
    const orchard = store.repository("ada", "orchard")!;
    expect([orchard.defaultBranch, orchard.stars]).toEqual(["main", []]);
    expect(store.git(orchard).branch("next")?.message).toBe("Weigh apples");
  });
});

it("a line diff can be applied by Git", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join("");
  const after = before.replace("line 7\n", "line seven\nand more\n").replace("line 9\n", "");
  writeFileSync(join(directory, "lines"), before);
  const { patch, additions, deletions } = lineDiff(before, after);
  git(["apply", "-"], `diff --git a/lines b/lines\n--- a/lines\n+++ b/lines\n${patch}\n`);
  expect(readFileSync(join(directory, "lines"), "utf8")).toBe(after);
  expect([additions, deletions]).toEqual([3, 3]);
});
