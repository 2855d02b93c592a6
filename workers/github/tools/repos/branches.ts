import { z } from "zod";
import { defineTool, type GithubApi, type RepositoryName } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { refName } from "../git-input.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";

const repos = { toolset: "repos" } as const;

/** https://docs.github.com/en/rest/branches/branches#list-branches */
export const listBranches = defineTool({
  ...repos,
  name: "list_branches",
  title: "List branches",
  description: "Lists the branches of a repository, each with its newest commit's id.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    protected: z.boolean().optional().describe("Only protected branches, or only others"),
    ...pageInput,
  }),
  output: z.object({
    branches: z.array(z.object({ name: z.string(), sha: z.string(), protected: z.boolean() })),
    ...pageOutput,
  }),
  async run({ owner, repo, protected: only, ...page }, { upstream, signal }) {
    const asked = { owner, repo, protected: only };
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/branches", asked, page, signal);
    const branches = data.map(({ name, commit, protected: guarded }) => ({
      name,
      sha: commit.sha,
      protected: guarded,
    }));
    return { branches, next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/repos/repos#list-repository-tags */
export const listTags = defineTool({
  ...repos,
  name: "list_tags",
  title: "List tags",
  description: "Lists the tags of a repository, each with its commit's id.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...pageInput }),
  output: z.object({ tags: z.array(z.object({ name: z.string(), sha: z.string() })), ...pageOutput }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/tags", { owner, repo }, page, signal);
    return { tags: data.map(({ name, commit }) => ({ name, sha: commit.sha })), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/git/refs#create-a-reference */
export const createBranch = defineTool({
  ...repos,
  name: "create_branch",
  title: "Create a branch",
  description: "Creates a branch, to change files on it and propose them with create_pull_request.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    branch: refName.describe("Name of the new branch"),
    from: refName.optional().describe("Branch, tag or commit to begin at; the default branch when left out"),
  }),
  output: z.object({ branch: z.string(), sha: z.string() }),
  async run({ owner, repo, branch, from }, { upstream, signal }) {
    const name = { owner, repo };
    const sha = await commitOf(upstream, name, from ?? (await defaultBranch(upstream, name, signal)), signal);
    const wanted = { ...name, ref: `refs/heads/${branch}`, sha };
    await upstream.request("POST /repos/{owner}/{repo}/git/refs", wanted, signal, lookFirst("list_branches"));
    return { branch, sha };
  },
});

/** https://docs.github.com/en/rest/git/refs#delete-a-reference */
export const deleteBranch = defineTool({
  ...repos,
  name: "delete_branch",
  title: "Delete a branch",
  description: "Deletes a branch. Commits that no other branch has are lost; open pull requests from it are closed.",
  scope: "github:admin",
  readOnly: false,
  input: z.strictObject({ ...repositoryInput, branch: refName.describe("Name of the branch") }),
  output: z.object({ deleted: z.boolean() }),
  async preview({ owner, repo, branch }, { upstream, signal }) {
    const { name, commit } = await upstream.request(
      "GET /repos/{owner}/{repo}/branches/{branch}",
      { owner, repo, branch },
      signal,
    );
    const [subject] = commit.commit.message.split("\n");
    return `Deletes the branch ${name} of ${owner}/${repo}, whose newest commit is ${commit.sha} (${subject}).`;
  },
  async run({ owner, repo, branch }, { upstream, signal }) {
    const asked = { owner, repo, ref: `heads/${branch}` };
    await upstream.request("DELETE /repos/{owner}/{repo}/git/refs/{ref}", asked, signal, lookFirst("list_branches"));
    return { deleted: true };
  },
});

export async function defaultBranch(upstream: GithubApi, name: RepositoryName, signal: AbortSignal): Promise<string> {
  return (await upstream.request("GET /repos/{owner}/{repo}", name, signal)).default_branch;
}

/** The id of the commit that a branch, tag or id means. */
export async function commitOf(upstream: GithubApi, name: RepositoryName, ref: string, signal: AbortSignal) {
  const asked = { ...name, ref, per_page: 1 };
  return (await upstream.request("GET /repos/{owner}/{repo}/commits/{ref}", asked, signal)).sha;
}
