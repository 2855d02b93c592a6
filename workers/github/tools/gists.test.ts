import { describe, expect, test } from "vitest";
import { fullAccount } from "../testing/account.ts";
import { githubService } from "../testing/github-service.ts";

interface Gists {
  gists: { id: string; public: boolean; files: object[] }[];
  next_cursor?: string;
}
interface Gist {
  id: string;
  files: { name: string; text?: string; next_offset?: number }[];
}

const ids = ({ gists }: Gists) => gists.map(({ id }) => id);

describe("with the scope gist", () => {
  const { call, refusal } = githubService({ account: fullAccount });

  test("list_gists: lists the person's own, secret ones too, or somebody's public ones", async () => {
    const first = await call<Gists>("list_gists", { limit: 1 });
    expect(first.gists).toMatchObject([
      {
        id: "aa11",
        owner: "ada",
        public: false,
        files: [{ name: "long.txt", language: "Text" }, { name: "short.txt" }],
      },
    ]);
    expect(ids(await call<Gists>("list_gists", { limit: 1, cursor: first.next_cursor }))).toEqual(["bb22"]);
    expect(ids(await call<Gists>("list_gists", { login: "grace" }))).toEqual(["cc33"]);
    expect(ids(await call<Gists>("list_gists", { since: "2026-03-01T00:00:00Z" }))).toEqual([]);
  });

  test("get_gist: gives the texts, long ones in parts", async () => {
    const first = await call<Gist>("get_gist", { gist_id: "aa11" });
    const [long, short] = first.files as [Gist["files"][number], Gist["files"][number]];
    expect(long.text).toHaveLength(long.next_offset!);
    expect(short).toEqual({ name: "short.txt", language: "Text", size: 7, next_offset: 0 });
    let read = "";
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const args = { gist_id: "aa11", file: "long.txt", offset, max_length: 49_999 };
      const part: Gist = await call("get_gist", args);
      read += part.files[0]!.text;
      offset = part.files[0]!.next_offset;
    }
    expect(read.trimEnd().split("\n")).toHaveLength(3000);
    expect(await refusal("get_gist", { gist_id: "aa11", file: "no.txt" })).toBe(
      'The gist has no file "no.txt"; it has long.txt, short.txt.',
    );
  });

  test("create_gist: makes a secret gist unless it is asked for a public one", async () => {
    const files = { "notes.md": "# Notes\n", "list.txt": "1\n2\n" };
    const made = await call<Gist>("create_gist", { files, description: "Notes" });
    expect(await call("get_gist", { gist_id: made.id })).toMatchObject({
      ...{ description: "Notes", public: false },
      files: [
        { name: "notes.md", language: "Markdown", text: "# Notes\n" },
        { name: "list.txt", text: "1\n2\n" },
      ],
    });
    const open = await call<Gist>("create_gist", { files, public: true });
    expect(ids(await call<Gists>("list_gists", { login: "ada" }))).toContain(open.id);
    expect(await refusal("create_gist", { files: { "a/b": "x" } })).toContain("Invalid key");
  });

  test("update_gist: changes, adds and removes files; others stay", async () => {
    const change = { files: { "short.txt": "Shorter.\n", "new.md": "New\n" }, remove: ["long.txt"], description: "D" };
    await call("update_gist", { gist_id: "aa11", ...change });
    expect(await call("get_gist", { gist_id: "aa11" })).toMatchObject({
      description: "D",
      files: [
        { name: "short.txt", text: "Shorter.\n" },
        { name: "new.md", text: "New\n" },
      ],
    });
    expect(await refusal("update_gist", { gist_id: "aa11" })).toMatch(/^Nothing to change was given/);
    expect(await refusal("update_gist", { gist_id: "cc33", description: "Mine" })).toMatch(/^GitHub answered 404/);
  });

  test("delete_gist: says what it would delete, and deletes it", async () => {
    expect(await call("delete_gist", { gist_id: "bb22", dry_run: true })).toEqual({
      would: 'Deletes the gist "Kinds of apples" with its files kinds.md and 0 comments.',
    });
    expect(await call("delete_gist", { gist_id: "bb22" })).toEqual({ gist_id: "bb22", deleted: true });
    expect(await refusal("get_gist", { gist_id: "bb22" })).toMatch(/^GitHub answered 404/);
  });
});

describe("without it", () => {
  const { refusal } = githubService();

  test("create_gist: the model learns which scope the connection lacks", async () => {
    const said = await refusal("create_gist", { files: { "notes.md": "x" } });
    expect(said).toMatch(/^GitHub answered 403.*one of gist is needed\): ask the person to connect GitHub again/s);
  });
});
