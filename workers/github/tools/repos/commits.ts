import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { diffInput, diffOutput, diffPart } from "../diff-part.ts";
import { branchOfFork, plainText, refName, repositoryPath } from "../git-input.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";
import { commitOutput, commitSummary } from "./commit-summary.ts";
import { fileChange, fileChangeOutput, patchLength } from "./file-change.ts";

const repos = { toolset: "repos" } as const;

/** GitHub compares no more files than these. */
const MAX_COMPARED = 300;

const time = z.iso.datetime({ offset: true });

/** https://docs.github.com/en/rest/commits/commits#list-commits */
export const listCommits = defineTool({
  ...repos,
  name: "list_commits",
  title: "List commits",
  description: "Lists the commits of a branch, newest first: all, or those of one file, author or time.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    ref: refName.optional().describe("Branch, tag or commit to begin at; the default branch when left out"),
    path: repositoryPath.optional().describe("Only commits that change this file or folder"),
    author: plainText.optional().describe("Only commits of this person: a login or an e-mail address"),
    since: time.optional().describe("Only commits from this time on (ISO 8601)"),
    until: time.optional().describe("Only commits up to this time (ISO 8601)"),
    ...pageInput,
  }),
  output: z.object({ commits: z.array(commitOutput), ...pageOutput }),
  async run({ owner, repo, ref, path, author, since, until, ...page }, { upstream, signal }) {
    const asked = { owner, repo, sha: ref, path: path || undefined, author, since, until };
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/commits", asked, page, signal);
    return { commits: data.map((commit) => commitSummary(commit)), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/commits/commits#get-a-commit */
export const getCommit = defineTool({
  ...repos,
  name: "get_commit",
  title: "Get a commit",
  description:
    "Shows a commit: message, and the files that it changes with the beginning of each patch. get_diff gives the whole diff in parts.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    ref: refName.describe("The commit's id, or a branch or tag"),
    patch_length: patchLength,
    ...pageInput,
  }),
  output: commitOutput.extend({
    additions: z.int().optional(),
    deletions: z.int().optional(),
    files: z.array(fileChangeOutput),
    ...pageOutput,
  }),
  async run({ owner, repo, ref, patch_length, ...page }, { upstream, signal }) {
    const asked = { owner, repo, ref };
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/commits/{ref}", asked, page, signal);
    return {
      ...commitSummary(data, 10_000),
      additions: data.stats?.additions,
      deletions: data.stats?.deletions,
      files: (data.files ?? []).map((file) => fileChange(file, patch_length)),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits */
export const compareCommits = defineTool({
  ...repos,
  name: "compare_commits",
  title: "Compare commits",
  description:
    "Tells how far two branches, tags or commits are apart: commits that head has and base has not, and on the first page the files that differ.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    base: branchOfFork.describe("Branch, tag or commit to compare with; of a fork owner:branch"),
    head: branchOfFork.describe("Branch, tag or commit that is compared; of a fork owner:branch"),
    patch_length: patchLength.default(300),
    ...pageInput,
  }),
  output: z.object({
    status: z.string().describe("ahead, behind, diverged or identical: what head is to base"),
    ahead_by: z.int(),
    behind_by: z.int(),
    merge_base: z.string(),
    commits: z.array(commitOutput).describe("Oldest first"),
    files: z.array(fileChangeOutput).optional(),
    note: z.string().optional(),
    url: z.string(),
    ...pageOutput,
  }),
  async run({ owner, repo, base, head, patch_length, ...page }, { upstream, signal }) {
    const asked = { owner, repo, basehead: `${base}...${head}` };
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/compare/{basehead}",
      asked,
      page,
      signal,
    );
    const files = page.cursor ? undefined : data.files;
    return {
      status: data.status,
      ahead_by: data.ahead_by,
      behind_by: data.behind_by,
      merge_base: data.merge_base_commit.sha,
      commits: data.commits.map((commit) => commitSummary(commit)),
      files: files?.slice(0, page.limit).map((file) => fileChange(file, patch_length)),
      ...(files && files.length > page.limit && { note: moreFiles(files.length, page.limit) }),
      url: data.html_url,
      next_cursor: nextCursor,
    };
  },
});

function moreFiles(count: number, limit: number): string {
  const all = count >= MAX_COMPARED ? `${MAX_COMPARED} or more` : count;
  return `${limit} of ${all} files are shown: ask with a higher limit, or for the whole diff with get_diff.`;
}

/** https://docs.github.com/en/rest/commits/commits#get-a-commit in the form of a diff */
export const getDiff = defineTool({
  ...repos,
  name: "get_diff",
  title: "Get a diff",
  description:
    "Gives the diff of a commit, or between base and head, in parts: go on with next_offset as offset. Of a pull request see get_pull_request_diff.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    head: refName.describe("The commit, or the branch or tag that is compared"),
    base: refName.optional().describe("Branch, tag or commit to compare with; the commit's own change when left out"),
    ...diffInput,
  }),
  output: diffOutput,
  run: ({ owner, repo, head, base, ...window }, { upstream, signal }) =>
    diffPart(window, (part) =>
      base === undefined
        ? upstream.readDiff("GET /repos/{owner}/{repo}/commits/{ref}", { owner, repo, ref: head }, part, signal)
        : upstream.readDiff(
            "GET /repos/{owner}/{repo}/compare/{basehead}",
            { owner, repo, basehead: `${base}...${head}` },
            part,
            signal,
          ),
    ),
});
