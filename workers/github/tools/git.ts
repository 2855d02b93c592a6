import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { lookFirst } from "../unanswered.ts";
import { refName, repositoryPath, sha } from "./git-input.ts";
import { pageOutput } from "./page-output.ts";
import { commitOf, defaultBranch } from "./repos/branches.ts";
import { repositoryInput } from "./repository-input.ts";

const git = { toolset: "git" } as const;

/** What Git's modes mean that are not those of a file. */
const TYPES: Record<string, "directory" | "symlink" | "submodule"> = {
  "040000": "directory",
  "120000": "symlink",
  "160000": "submodule",
};

/** https://docs.github.com/en/rest/git/trees#get-a-tree */
export const getTree = defineTool({
  ...git,
  name: "get_tree",
  title: "Get the tree of files",
  description:
    "Lists the files of a repository with all folders below, or those in one folder: the quickest way to see what there is.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    ref: refName.optional().describe("Branch, tag or commit; the default branch when left out"),
    path: repositoryPath.default("").describe("Only what is in this folder; nothing for all"),
    recursive: z.boolean().default(true).describe("With all folders below; else what is directly there"),
    limit: z.int().min(1).max(1000).default(300).describe("How many entries at most"),
    cursor: pageInput.cursor,
  }),
  output: z.object({
    sha: z.string(),
    entries: z.array(
      z.object({
        path: z.string(),
        type: z.enum(["file", "directory", "symlink", "submodule"]),
        size: z.int().optional(),
        sha: z.string(),
      }),
    ),
    total: z.int().describe("How many entries there are in all pages"),
    truncated: z.boolean().optional().describe("GitHub left some out, because there are very many: ask for a folder"),
    ...pageOutput,
  }),
  async run({ owner, repo, ref, path, recursive, limit, cursor }, { upstream, signal }) {
    const name = { owner, repo };
    const from = ref ?? (await defaultBranch(upstream, name, signal));
    const tree = await upstream.request(
      "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
      { ...name, tree_sha: from, ...((recursive || path !== "") && { recursive: "1" }) },
      signal,
    );
    const prefix = path === "" ? "" : `${path}/`;
    const inside = tree.tree.filter(
      (entry) => entry.path.startsWith(prefix) && (recursive || !entry.path.slice(prefix.length).includes("/")),
    );
    if (inside.length === 0 && path !== "") {
      throw new ToolError(`There is no folder ${path} at ${from}. Leave path out to see what there is.`);
    }
    const page = Number(cursor?.match(/^page=(\d+)$/)?.[1] ?? 1);
    const end = page * limit;
    return {
      sha: tree.sha,
      entries: inside.slice(end - limit, end).map((entry) => ({
        path: entry.path,
        type: TYPES[entry.mode] ?? ("file" as const),
        size: entry.size,
        sha: entry.sha,
      })),
      total: inside.length,
      ...(tree.truncated && { truncated: true }),
      ...(end < inside.length && { next_cursor: `page=${page + 1}` }),
    };
  },
});

/** The beginning of a ref's name; it goes into a path. */
const refPrefix = z
  .string()
  .max(250)
  .regex(/^(?:heads|tags)\/[^\s~^:?*[\]\\]*$/, "must begin with heads/ or tags/")
  .refine((text) => !text.includes("..") && text.isWellFormed(), "must be a name that Git allows");

const refOutput = z.object({ ref: z.string(), type: z.string().describe("commit or tag"), sha: z.string() });

/** https://docs.github.com/en/rest/git/refs#list-matching-references */
export const listRefs = defineTool({
  ...git,
  name: "list_refs",
  title: "List refs by prefix",
  description: "Finds branches and tags whose names begin in a certain way: heads/feature- or tags/v1.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    prefix: refPrefix.describe("Without refs/ before it: heads/feature-, tags/v1."),
    limit: z.int().min(1).max(500).default(100).describe("How many at most"),
  }),
  output: z.object({ refs: z.array(refOutput), total: z.int() }),
  async run({ owner, repo, prefix, limit }, { upstream, signal }) {
    const asked = { owner, repo, ref: prefix };
    const refs = await upstream.request("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", asked, signal);
    const shown = refs.slice(0, limit).map(({ ref, object }) => ({ ref, type: object.type, sha: object.sha }));
    return { refs: shown, total: refs.length };
  },
});

/** https://docs.github.com/en/rest/git/tags#get-a-tag */
export const getTag = defineTool({
  ...git,
  name: "get_tag",
  title: "Get a tag",
  description: "Tells which commit a tag is for, and for an annotated one who made it, when and with which message.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, tag: refName.describe("Name of the tag") }),
  output: z.object({
    tag: z.string(),
    commit: z.string(),
    annotated: z.boolean(),
    message: z.string().optional(),
    tagger: z.string().optional(),
    date: z.string().optional(),
  }),
  async run({ owner, repo, tag }, { upstream, signal }) {
    const asked = { owner, repo, ref: `tags/${tag}` };
    const { object } = await upstream.request("GET /repos/{owner}/{repo}/git/ref/{ref}", asked, signal);
    if (object.type !== "tag") return { tag, commit: object.sha, annotated: false };
    const at = { owner, repo, tag_sha: object.sha };
    const found = await upstream.request("GET /repos/{owner}/{repo}/git/tags/{tag_sha}", at, signal);
    return {
      tag: found.tag,
      commit: found.object.sha,
      annotated: true,
      message: found.message.slice(0, 20_000).toWellFormed(),
      tagger: found.tagger.name,
      date: found.tagger.date,
    };
  },
});

/** https://docs.github.com/en/rest/git/tags#create-a-tag-object */
export const createTag = defineTool({
  ...git,
  name: "create_tag",
  title: "Create a tag",
  description: "Gives a commit a tag; with a message it is an annotated one. For a release use the releases tools.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    tag: refName.describe("Name of the new tag: v1.2.0"),
    ref: refName.optional().describe("Branch, tag or commit that gets it; the default branch when left out"),
    message: z.string().trim().min(1).max(20_000).optional().describe("Makes it an annotated tag"),
  }),
  output: z.object({ tag: z.string(), commit: z.string(), annotated: z.boolean() }),
  async run({ owner, repo, tag, ref, message }, { upstream, signal }) {
    const name = { owner, repo };
    const commit = await commitOf(upstream, name, ref ?? (await defaultBranch(upstream, name, signal)), signal);
    const object = message
      ? await upstream.request(
          "POST /repos/{owner}/{repo}/git/tags",
          { ...name, tag, message, object: commit, type: "commit" },
          signal,
        )
      : { sha: commit };
    const wanted = { ...name, ref: `refs/tags/${tag}`, sha: object.sha };
    await upstream.request("POST /repos/{owner}/{repo}/git/refs", wanted, signal, lookFirst("list_tags"));
    return { tag, commit, annotated: message !== undefined };
  },
});

/** https://docs.github.com/en/rest/git/refs#update-a-reference */
export const updateBranch = defineTool({
  ...git,
  name: "update_branch",
  title: "Move a branch",
  description:
    "Moves a branch to another commit. Without force it only goes forward; with force commits that no other branch has are lost.",
  scope: "github:admin",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...repositoryInput,
    branch: refName.describe("Name of the branch"),
    sha: sha.describe("The commit that it is to be at"),
    force: z.boolean().default(false).describe("Also backwards or aside"),
  }),
  output: z.object({ branch: z.string(), sha: z.string() }),
  async preview({ owner, repo, branch, sha: to, force }, { upstream, signal }) {
    const asked = { owner, repo, basehead: `${branch}...${to}`, per_page: 1 };
    const found = await upstream.request("GET /repos/{owner}/{repo}/compare/{basehead}", asked, signal);
    if (found.behind_by > 0 && !force) {
      throw new ToolError(`${to} lacks ${found.behind_by} commits of ${branch}: only force moves it there.`);
    }
    const lost = found.behind_by > 0 ? `, taking ${found.behind_by} commits off it` : "";
    return `Moves ${branch} of ${owner}/${repo} from ${found.base_commit.sha} to ${to}${lost}.`;
  },
  async run({ owner, repo, branch, sha: to, force }, { upstream, signal }) {
    const wanted = { owner, repo, ref: `heads/${branch}`, sha: to, force };
    const { object } = await upstream.request(
      "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
      wanted,
      signal,
      lookFirst("list_branches"),
    );
    return { branch, sha: object.sha };
  },
});

export const gitTools = [getTree, listRefs, getTag, createTag, updateBranch];
