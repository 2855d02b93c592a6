import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { z } from "zod";
import { defineTool, type GithubApi, type RepositoryName } from "../../api.ts";
import { lookFirst } from "../../unanswered.ts";
import { branch, filePath, refName, sha } from "../git-input.ts";
import { repositoryInput } from "../repository-input.ts";
import { defaultBranch } from "./branches.ts";

const repos = { toolset: "repos" } as const;

/** Characters of a file's text; what GitHub's API takes in one request is bounded too. */
const MAX_TEXT = 1_000_000;

const message = z.string().trim().min(1).max(5000).describe("The commit's message");
const committed = z.object({ commit: z.string().describe("The new commit's id"), branch: z.string().optional() });

/** https://docs.github.com/en/rest/repos/contents#create-or-update-file-contents */
export const createOrUpdateFile = defineTool({
  ...repos,
  name: "create_or_update_file",
  title: "Create or update a file",
  description:
    "Writes a whole file as a commit on a branch. To replace one that is there, read it with get_file_contents and give its sha. Several files at once: push_files.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    path: filePath.describe("The file, from the root of the repository"),
    content: z.string().max(MAX_TEXT).describe("The whole new content"),
    encoding: z
      .enum(["utf-8", "base64"])
      .default("utf-8")
      .describe("How the content is given; base64 for binary files"),
    message,
    branch,
    sha: sha.optional().describe("Of the file that is replaced, as get_file_contents gives it"),
  }),
  output: committed.extend({ path: z.string(), sha: z.string().describe("The file's new sha"), created: z.boolean() }),
  async run({ owner, repo, content, encoding, ...wanted }, { upstream, signal }) {
    if (encoding === "base64" && !isBase64(content)) throw new ToolError("The content is not base64.");
    const asked = { owner, repo, ...wanted, content: encoding === "base64" ? content : base64Of(content) };
    const written = await upstream
      .request("PUT /repos/{owner}/{repo}/contents/{path}", asked, signal, lookFirst("get_file_contents"))
      .catch((error: unknown) => {
        throw conflict(error, wanted.path);
      });
    return {
      path: wanted.path,
      sha: written.content?.sha ?? "",
      created: wanted.sha === undefined,
      commit: written.commit.sha ?? "",
      branch: wanted.branch,
    };
  },
});

/** https://docs.github.com/en/rest/repos/contents#delete-a-file */
export const deleteFile = defineTool({
  ...repos,
  name: "delete_file",
  title: "Delete a file",
  description: "Deletes a file as a commit on a branch; older commits still have it.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    path: filePath.describe("The file, from the root of the repository"),
    message,
    branch,
  }),
  output: committed,
  async preview({ owner, repo, path, branch: on }, { upstream, signal }) {
    const { size } = await fileAt(upstream, { owner, repo }, path, on, signal);
    return `Deletes ${path} (${size} bytes) on ${on ?? "the default branch"} of ${owner}/${repo}.`;
  },
  async run({ owner, repo, path, message: text, branch: on }, { upstream, signal }) {
    const file = await fileAt(upstream, { owner, repo }, path, on, signal);
    const asked = { owner, repo, path, message: text, sha: file.sha, branch: on };
    const { commit } = await upstream
      .request("DELETE /repos/{owner}/{repo}/contents/{path}", asked, signal, lookFirst("get_file_contents"))
      .catch((error: unknown) => {
        throw conflict(error, path);
      });
    return { commit: commit.sha ?? "", branch: on };
  },
});

/** https://docs.github.com/en/rest/git/trees#create-a-tree and what belongs to it */
export const pushFiles = defineTool({
  ...repos,
  name: "push_files",
  title: "Push several files",
  description:
    "Writes and deletes several text files in one commit on a branch. Files are given whole; what is not named stays as it is.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    branch: refName.optional().describe("The branch, which has to be there; the default branch when left out"),
    message,
    files: z
      .array(
        z.strictObject({
          path: filePath.describe("From the root of the repository"),
          content: z.string().max(MAX_TEXT).nullable().describe("The whole new text; null deletes the file"),
        }),
      )
      .min(1)
      .max(100)
      .describe("The files to write or delete"),
  }),
  output: committed.extend({ files: z.int() }),
  async run({ owner, repo, branch: wanted, message: text, files }, { upstream, signal, progress }) {
    const name = { owner, repo };
    const paths = files.map(({ path }) => path);
    if (new Set(paths).size < paths.length) throw new ToolError("A path is named twice: give each file once.");
    const on = wanted ?? (await defaultBranch(upstream, name, signal));
    const head = await headOf(upstream, name, on, signal);
    await progress(1, 4, `${on} is at ${head.commit}`);
    const tree = await upstream.request(
      "POST /repos/{owner}/{repo}/git/trees",
      {
        ...name,
        base_tree: head.tree,
        tree: files.map(({ path, content }) => ({
          ...{ path, mode: "100644" as const, type: "blob" as const },
          ...(content === null ? { sha: null } : { content }),
        })),
      },
      signal,
    );
    await progress(2, 4, "The files are there");
    const commit = await upstream.request(
      "POST /repos/{owner}/{repo}/git/commits",
      { ...name, message: text, tree: tree.sha, parents: [head.commit] },
      signal,
    );
    await progress(3, 4, `The commit is ${commit.sha}`);
    await upstream
      .request(
        "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
        { ...name, ref: `heads/${on}`, sha: commit.sha },
        signal,
        lookFirst("list_commits"),
      )
      .catch((error: unknown) => {
        if (!(error instanceof UpstreamError) || error.status !== 422) throw error;
        throw new ToolError(`${on} has moved on meanwhile, and nothing was changed. Look at it and try again.`);
      });
    await progress(4, 4);
    return { commit: commit.sha, branch: on, files: files.length };
  },
});

async function headOf(upstream: GithubApi, name: RepositoryName, on: string, signal: AbortSignal) {
  try {
    const asked = { ...name, ref: `heads/${on}` };
    const { object } = await upstream.request("GET /repos/{owner}/{repo}/git/ref/{ref}", asked, signal);
    const at = { ...name, commit_sha: object.sha };
    const commit = await upstream.request("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", at, signal);
    return { commit: object.sha, tree: commit.tree.sha };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.status === 409 && /empty/i.test(error.message)) {
      throw new ToolError("The repository is empty: make its first file with create_or_update_file.");
    }
    throw error;
  }
}

async function fileAt(
  upstream: GithubApi,
  name: RepositoryName,
  path: string,
  ref: string | undefined,
  signal: AbortSignal,
) {
  const contents = await upstream.getContents(name, { path, ref }, signal);
  if (contents.type === "dir") throw new ToolError(`${path} is a directory: delete its files with push_files.`);
  return contents;
}

/** GitHub's words for a file that is not as it was thought, with what to do. */
function conflict(error: unknown, path: string): unknown {
  if (!(error instanceof UpstreamError)) return error;
  if (error.status === 409 || (error.status === 422 && /\bsha\b/i.test(error.message))) {
    return new ToolError(
      `${path} is there already in another state than you know (GitHub answered ${error.status}). Read it with get_file_contents, and give its sha to replace it.`,
    );
  }
  return error;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) && text.replace(/\s/g, "").length % 4 === 0;
}

function base64Of(text: string): string {
  let binary = "";
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
