import { describe, expect, test } from "vitest";
import * as service from "../../../oauth-broker/testing/service-client.ts";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface File {
  text?: string;
  sha: string;
  entries?: { name: string }[];
}
interface Written {
  sha: string;
  commit: string;
  created: boolean;
}

const { call, refusal, client, harness } = githubService();
const read = (path: string, ref?: string) => call<File>("get_file_contents", { ...ORCHARD, path, ref });

describe("one file", () => {
  test("create_or_update_file: writes a new file, which can be read then", async () => {
    const text = "# Pears 🍐\n\nNot apples.\n";
    const written = await call<Written>("create_or_update_file", {
      ...ORCHARD,
      ...{ path: "docs/pears and #signs.md", content: text, message: "Write about pears" },
    });
    expect(written.created).toBe(true);
    expect(await read("docs/pears and #signs.md")).toMatchObject({ text, sha: written.sha });
    const { commits } = await call<{ commits: { message: string; sha: string }[] }>("list_commits", ORCHARD);
    expect(commits[0]).toMatchObject({ message: "Write about pears", sha: written.commit });
  });

  test("create_or_update_file: replaces a file whose sha it knows, and no other", async () => {
    const file = { ...ORCHARD, path: "docs/guide.md", content: "# Guide\n", message: "Shorten", branch: "next" };
    const unknown = await refusal("create_or_update_file", file);
    expect(unknown).toMatch(/^docs\/guide\.md is there already in another state.*Read it with get_file_contents/);
    const { sha } = await read("docs/guide.md", "next");
    expect(await call("create_or_update_file", { ...file, sha })).toMatchObject({ created: false, branch: "next" });
    expect((await read("docs/guide.md", "next")).text).toBe("# Guide\n");
    expect((await read("docs/guide.md")).text).not.toBe("# Guide\n");
    expect(await refusal("create_or_update_file", { ...file, sha })).toContain("GitHub answered 409");
  });

  test("create_or_update_file: takes binary files in base64, and refuses what is none", async () => {
    const file = { ...ORCHARD, path: "docs/dot.bin", message: "Dot", encoding: "base64" };
    await call("create_or_update_file", { ...file, content: "AAEC" });
    expect(await read("docs/dot.bin")).toMatchObject({ binary: true, size: 3 });
    expect(await refusal("create_or_update_file", { ...file, content: "apples!" })).toBe("The content is not base64.");
  });

  test("delete_file: says what it would delete, and deletes it on one branch only", async () => {
    const file = { ...ORCHARD, path: "docs/empty.md", message: "Clear away", branch: "next" };
    const { would } = await call<{ would: string }>("delete_file", { ...file, dry_run: true });
    expect(would).toBe("Deletes docs/empty.md (0 bytes) on next of ada/orchard.");
    await read("docs/empty.md", "next");
    await call("delete_file", file);
    expect(await refusal("get_file_contents", { ...ORCHARD, path: "docs/empty.md", ref: "next" })).toContain("404");
    await read("docs/empty.md");
    expect(await refusal("delete_file", { ...file, path: "docs" })).toContain("docs is a directory");
    expect(await refusal("delete_file", file)).toContain("404");
  });
});

describe("several files", () => {
  test("push_files: writes and deletes in one commit, and tells how far it is", async () => {
    const told: string[] = [];
    const files = [
      { path: "src/pick.ts", content: "export const pick = () => 1;\n" },
      { path: "src/count.ts", content: "export const count = () => 2;\n" },
      { path: "docs/long.md", content: null },
    ];
    const pushed = await service.call<{ commit: string; branch: string; files: number }>(
      client(),
      "push_files",
      { ...ORCHARD, message: "Pick and count", files },
      ({ message }) => message && told.push(message),
    );
    expect(pushed).toMatchObject({ branch: "main", files: 3 });
    expect((await read("src/pick.ts")).text).toBe("export const pick = () => 1;\n");
    expect((await read("src/count.ts")).text).toBe("export const count = () => 2;\n");
    expect((await read("docs")).entries?.map(({ name }) => name)).not.toContain("long.md");
    const commit = await call<{ files: object[] }>("get_commit", { ...ORCHARD, ref: pushed.commit });
    expect(commit.files).toHaveLength(3);
    expect(told).toContain("The files are there");
  });

  test("push_files: one path twice, an empty repository and a branch that is not there", async () => {
    const twice = [1, 2].map((content) => ({ path: "x", content: `${content}` }));
    expect(await refusal("push_files", { ...ORCHARD, message: "x", files: twice })).toContain("named twice");
    const file = [{ path: "x", content: "x" }];
    await call("create_repository", { name: "bare", auto_init: false });
    const bare = { owner: "ada", repo: "bare" };
    expect(await refusal("push_files", { ...bare, message: "x", files: file })).toContain("The repository is empty");
    await call("create_or_update_file", { ...bare, path: "README.md", content: "# Bare", message: "Begin" });
    await call("push_files", { ...bare, message: "x", files: file });
    expect(await refusal("push_files", { ...ORCHARD, branch: "gone", message: "x", files: file })).toContain("404");
  });

  test("push_files: a branch that moved on meanwhile is left as it is", async () => {
    harness().faults.set({ failNext: { status: 422, times: 1 }, onlyPath: "/git/refs/heads%2Fmain" });
    const files = [{ path: "late.md", content: "x" }];
    const told = await refusal("push_files", { ...ORCHARD, message: "Late", files });
    harness().faults.clear();
    expect(told).toBe("main has moved on meanwhile, and nothing was changed. Look at it and try again.");
    expect(await refusal("get_file_contents", { ...ORCHARD, path: "late.md" })).toContain("404");
  });
});

test.each(["../x", "a/../b", "/", ".", ""])("a path that leads elsewhere never reaches GitHub: %j", async (path) => {
  const before = harness().arrived.length;
  const told = await refusal("create_or_update_file", { ...ORCHARD, path, content: "x", message: "x" });
  expect(told).toContain("path");
  expect(harness().arrived).toHaveLength(before);
});
