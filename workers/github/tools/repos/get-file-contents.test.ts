import { expect, test } from "vitest";
import { LARGE_FILE, refsOf } from "../../../../local/standins/github/files.ts";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface FileContents {
  type: string;
  sha: string;
  size?: number;
  text?: string;
  next_offset?: number;
  binary?: boolean;
  note?: string;
  target?: string;
  entries?: { name: string; type: string; size?: number }[];
}

const { call, refusal } = githubService();

test("get_file_contents: reads a text file, of a branch too", async () => {
  const readme = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "/README.md" });
  expect(readme).toMatchObject({ type: "file", text: expect.stringContaining("果樹園 🍎") });
  expect(readme).not.toHaveProperty("next_offset");
  const linked = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "READ_ME" });
  expect(linked.text).toBe(readme.text);
  const odd = { ...ORCHARD, path: "docs/spaces and #signs?.md" };
  expect((await call<FileContents>("get_file_contents", odd)).text).toBe("A name that has to be encoded.\n");
  const next = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "src/weigh.ts", ref: "next" });
  expect(next.text).toContain("weigh");
  const empty = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "docs/empty.md" });
  expect(empty).toMatchObject({ size: 0, text: "" });
});

test("get_file_contents: lists directories, and tells where links and submodules lead", async () => {
  const root = await call<FileContents>("get_file_contents", ORCHARD);
  expect(root.type).toBe("directory");
  expect(root.entries).toContainEqual({ name: "src", type: "directory" });
  expect(root.entries).toContainEqual({ name: "LICENSE", type: "file", size: 19 });
  expect(root.entries).toContainEqual({ name: "READ_ME", type: "symlink" });
  const vendor = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "vendor/" });
  expect(vendor.entries).toEqual([{ name: "ladder", type: "submodule" }]);
  const ladder = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "vendor/ladder" });
  expect(ladder).toMatchObject({ type: "submodule", target: "https://git.example.com/tools/ladder.git" });
  const latest = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "data/latest" });
  expect(latest).toMatchObject({ type: "symlink", target: "../../elsewhere/readings.csv" });
});

test("get_file_contents: says of a binary file that it is one", async () => {
  const logo = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "docs/logo.png" });
  expect(logo).toMatchObject({ binary: true, note: expect.stringContaining("Not text") });
  expect(logo).not.toHaveProperty("text");
});

test.each(["docs/long.md", LARGE_FILE.path])("get_file_contents: the parts of %s are the whole file", async (path) => {
  const entry = refsOf["ada/orchard"]![0]!.tree.get(path)!;
  const whole = entry.type === "file" ? entry.content : Buffer.alloc(0);
  let read = "";
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const args = { ...ORCHARD, path, offset, max_bytes: 199_999 };
    const part: FileContents = await call("get_file_contents", args);
    expect(part.size).toBe(whole.length);
    expect(Buffer.byteLength(part.text!)).toBeLessThanOrEqual(199_999);
    read += part.text;
    offset = part.next_offset;
  }
  expect(read === whole.toString()).toBe(true);
  const behind = await refusal("get_file_contents", { ...ORCHARD, path, offset: whole.length });
  expect(behind).toContain(`The file has ${whole.length} bytes`);
});

test("get_file_contents: a long directory in parts", async () => {
  const made = Array.from({ length: 100 }, (_, index) => ({ path: `many/${index}.md`, content: `${index}` }));
  for (let hundred = 0; hundred < 6; hundred++) {
    const files = made.map(({ path, content }) => ({ path: path.replace("/", `/${hundred}-`), content }));
    await call("push_files", { ...ORCHARD, branch: "next", message: "Many", files });
  }
  const first = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "many", ref: "next" });
  expect([first.entries?.length, first.next_offset]).toEqual([500, 500]);
  const rest = { ...ORCHARD, path: "many", ref: "next", offset: 500 };
  const { entries, next_offset } = await call<FileContents>("get_file_contents", rest);
  expect([entries?.length, next_offset]).toEqual([100, undefined]);
});
