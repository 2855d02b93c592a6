import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { type Contents, defineTool, type GithubApi, type RepositoryName } from "../../api.ts";
import { decodeWindow } from "../../read-window.ts";
import { textPart } from "../../text-part.ts";
import { refName, repositoryPath } from "../git-input.ts";
import { repositoryInput } from "../repository-input.ts";

/** GitHub lists no more of a folder. */
const MAX_ENTRIES = 1000;

/** Entries of a folder in one answer. */
const ENTRIES = 500;

/** GitHub's contents API gives no larger file, in bytes. */
const MAX_FILE = 100_000_000;

const entryType = z.enum(["file", "directory", "symlink", "submodule"]);

export const getFileContents = defineTool({
  name: "get_file_contents",
  title: "Get file contents",
  description:
    "Reads a text file of a GitHub repository, or lists a directory. A long file or list comes in parts: go on with next_offset as offset.",
  scope: "github:read",
  toolset: "repos",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    path: repositoryPath
      .default("")
      .describe('File or directory, from the root of the repository: "src/index.ts"; nothing for the root'),
    ref: refName.optional().describe("Branch, tag or commit; the default branch when left out"),
    offset: z.int().min(0).default(0).describe("Byte of the file, or entry of the directory, to begin at"),
    max_bytes: z.int().min(1000).max(200_000).default(50_000).describe("How much of the file at most"),
  }),
  output: z.object({
    type: entryType,
    path: z.string(),
    url: z.string().optional(),
    sha: z.string().describe("Git's id of the content: the same as long as the content is"),
    size: z.int().optional().describe("Bytes of the whole file"),
    text: z.string().optional(),
    next_offset: z.int().optional().describe("There is more: the offset to go on with"),
    binary: z.boolean().optional(),
    entries: z.array(z.object({ name: z.string(), type: entryType, size: z.int().optional() })).optional(),
    target: z.string().optional().describe("Where a symlink or submodule leads"),
    note: z.string().optional(),
  }),
  async run({ owner, repo, path, ref, offset, max_bytes }, { upstream, signal }) {
    const contents = await upstream.getContents({ owner, repo }, { path, ref }, signal);
    const common = { path: contents.path, sha: contents.sha, url: contents.html_url ?? undefined };
    if (contents.type === "dir") return { ...common, type: "directory" as const, ...listing(contents, offset) };
    if (contents.type === "symlink") return { ...common, type: "symlink" as const, target: contents.target };
    if (contents.type === "submodule")
      return { ...common, type: "submodule" as const, target: contents.submodule_git_url };

    const { size } = contents;
    const file = { ...common, type: "file" as const, size };
    if (offset > 0 && offset >= size) {
      throw new ToolError(`The file has ${size} bytes, so there is nothing at offset ${offset}.`);
    }
    if (size > MAX_FILE) {
      return { ...file, note: "GitHub does not give files of more than 100 MB here; the person can open the URL." };
    }
    const length = Math.min(max_bytes, size - offset);
    const bytes = await bytesOf(upstream, { owner, repo }, contents, { offset, length }, ref, signal);
    const end = offset + length;
    const part = textPart(bytes, offset === 0, end === size);
    if (!part) {
      return {
        ...file,
        binary: true,
        note: "Not text (or not in UTF-8), so it is not shown; the person can open the URL.",
      };
    }
    const next = offset + part.skipped + part.length;
    return { ...file, text: part.text, ...(next < size && { next_offset: next }) };
  },
});

function bytesOf(
  upstream: GithubApi,
  name: RepositoryName,
  { content, encoding, path }: Contents,
  window: { offset: number; length: number },
  ref: string | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> | Uint8Array {
  if (encoding === "base64") return decodeWindow(content ?? "", window);
  return upstream.readFile(name, { path, ref }, window, signal);
}

function listing({ entries = [] }: Contents, offset: number) {
  const end = offset + ENTRIES;
  return {
    entries: entries.slice(offset, end).map(({ name, type, size, download_url }) => {
      if (type === "dir") return { name, type: "directory" as const };
      if (type === "symlink") return { name, type: "symlink" as const };
      // GitHub calls a submodule in a listing a file; it is one that cannot be downloaded.
      if (type === "submodule" || download_url === null) return { name, type: "submodule" as const };
      return { name, type: "file" as const, size };
    }),
    ...(end < entries.length && { next_offset: end }),
    ...(entries.length >= MAX_ENTRIES && {
      note: `GitHub lists the first ${MAX_ENTRIES} entries only; get_tree (toolset git) has them all.`,
    }),
  };
}
