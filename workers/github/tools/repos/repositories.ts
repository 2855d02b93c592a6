import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { type DataOf, defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { refName } from "../git-input.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";
import { login } from "../user-input.ts";
import { repositoryOutput, repositorySummary } from "./repository-summary.ts";

const repos = { toolset: "repos" } as const;

const wholeOutput = repositoryOutput.extend({
  homepage: z.string().optional(),
  license: z.string().optional(),
  parent: z.string().optional().describe("The repository that it was forked from"),
  has_issues: z.boolean(),
  has_wiki: z.boolean(),
  has_discussions: z.boolean(),
  visibility: z.string().optional(),
  my_permission: z.enum(["admin", "maintain", "push", "triage", "pull"]).optional(),
  created_at: z.string(),
  clone_url: z.string(),
});

const whole = (repository: components["schemas"]["full-repository"]) => ({
  ...repositorySummary(repository),
  homepage: repository.homepage ?? undefined,
  license: repository.license?.spdx_id ?? undefined,
  parent: repository.parent?.full_name,
  has_issues: repository.has_issues,
  has_wiki: repository.has_wiki,
  has_discussions: repository.has_discussions,
  visibility: repository.visibility,
  my_permission: (["admin", "maintain", "push", "triage", "pull"] as const).find(
    (each) => repository.permissions?.[each],
  ),
  created_at: repository.created_at,
  clone_url: repository.clone_url,
});

const repositoryName = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, "may have letters, digits and . _ - only")
  .max(100);

/** https://docs.github.com/en/rest/repos/repos#get-a-repository */
export const getRepository = defineTool({
  ...repos,
  name: "get_repository",
  title: "Get a repository",
  description: "Tells what a repository is: description, default branch, visibility, and what the person may do in it.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject(repositoryInput),
  output: wholeOutput,
  run: async (name, { upstream, signal }) => whole(await upstream.request("GET /repos/{owner}/{repo}", name, signal)),
});

/** https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user */
export const listRepositories = defineTool({
  ...repos,
  name: "list_repositories",
  title: "List repositories",
  description:
    "Lists the repositories that the person has access to, or with owner the public ones of somebody else. For an organisation's private ones use search_repositories with org:NAME.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    owner: login.optional().describe("Whose public repositories; without it, those the person has access to"),
    sort: z
      .enum(["pushed", "updated", "created", "full_name"])
      .default("pushed")
      .describe("Newest first by that time, or by name"),
    ...pageInput,
  }),
  output: z.object({ repositories: z.array(repositoryOutput), ...pageOutput }),
  async run({ owner, sort, ...page }, { upstream, signal }) {
    const direction = sort === "full_name" ? "asc" : "desc";
    const { data, nextCursor } = owner
      ? await upstream.page("GET /users/{username}/repos", { username: owner, sort, direction }, page, signal)
      : await upstream.page("GET /user/repos", { sort, direction }, page, signal);
    const found: DataOf<"GET /user/repos" | "GET /users/{username}/repos"> = data;
    return { repositories: found.map(repositorySummary), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/repos/repos#create-a-repository-for-the-authenticated-user */
export const createRepository = defineTool({
  ...repos,
  name: "create_repository",
  title: "Create a repository",
  description: "Creates a repository in the person's account; private unless asked otherwise.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    name: repositoryName.describe("Name of the new repository"),
    description: z.string().max(350).optional().describe("One line about it"),
    homepage: z.url().max(255).optional().describe("URL of its home page"),
    private: z.boolean().default(true).describe("Only for people who are let in"),
    auto_init: z.boolean().default(true).describe("Begin with a README, so that there is a branch to work on"),
  }),
  output: wholeOutput,
  run: async (wanted, { upstream, signal }) =>
    whole(await upstream.request("POST /user/repos", wanted, signal, lookFirst("list_repositories"))),
});

/** https://docs.github.com/en/rest/repos/forks#create-a-fork */
export const forkRepository = defineTool({
  ...repos,
  name: "fork_repository",
  title: "Fork a repository",
  description:
    "Makes a copy of a repository in the person's account, to propose changes from; one that is there already is given back. Its files may take a minute to appear.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...repositoryInput,
    name: repositoryName.optional().describe("Name of the fork; the same name when left out"),
    default_branch_only: z.boolean().default(false).describe("Copy the default branch only"),
  }),
  output: wholeOutput,
  run: async (wanted, { upstream, signal }) =>
    whole(await upstream.request("POST /repos/{owner}/{repo}/forks", wanted, signal, lookFirst("list_repositories"))),
});

/** https://docs.github.com/en/rest/repos/repos#update-a-repository */
export const updateRepository = defineTool({
  ...repos,
  name: "update_repository",
  title: "Change a repository's settings",
  description:
    "Changes settings of a repository: name, description, visibility, default branch, features, ways to merge, archived or not. What is left out stays as it is.",
  scope: "github:admin",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({
      ...repositoryInput,
      name: repositoryName.optional().describe("A new name"),
      description: z.string().max(350).optional().describe("One line about it; empty for none"),
      homepage: z.string().max(255).optional().describe("URL of its home page; empty for none"),
      visibility: z
        .enum(["public", "private"])
        .optional()
        .describe("Who may see it: public is the whole world, at once"),
      default_branch: refName.optional().describe("The branch that people see first"),
      archived: z.boolean().optional().describe("true: read-only from now on; false: no longer"),
      has_issues: z.boolean().optional().describe("Whether it has issues"),
      has_wiki: z.boolean().optional().describe("Whether it has a wiki"),
      is_template: z.boolean().optional().describe("Whether others may begin repositories from it"),
      allow_merge_commit: z.boolean().optional().describe("Pull requests may be merged with a merge commit"),
      allow_squash_merge: z.boolean().optional().describe("Pull requests may be squashed into one commit"),
      allow_rebase_merge: z.boolean().optional().describe("Pull requests may be rebased"),
      allow_auto_merge: z.boolean().optional().describe("Pull requests may merge by themselves when all is done"),
      delete_branch_on_merge: z.boolean().optional().describe("Delete a pull request's branch once it is merged"),
    })
    .refine((input) => Object.keys(input).length > 2, "name at least one setting to change"),
  output: wholeOutput,
  run: async (wanted, { upstream, signal }) =>
    whole(await upstream.request("PATCH /repos/{owner}/{repo}", wanted, signal, lookFirst("get_repository"))),
});

/** https://docs.github.com/en/rest/repos/repos#delete-a-repository */
export const deleteRepository = defineTool({
  ...repos,
  name: "delete_repository",
  title: "Delete a repository",
  description:
    "Deletes a repository with all that is in it, for good. Ask the person first. update_repository can archive it instead.",
  scope: "github:admin",
  readOnly: false,
  input: z.strictObject(repositoryInput),
  output: z.object({ deleted: z.boolean() }),
  async preview(name, { upstream, signal }) {
    const found = await upstream.request("GET /repos/{owner}/{repo}", name, signal);
    const has = `${found.open_issues_count} open issues and pull requests, ${found.stargazers_count} stars`;
    return `Deletes the ${found.private ? "private" : "public"} repository ${found.full_name} (${has}) for good.`;
  },
  async run(name, { upstream, signal }) {
    await upstream.request("DELETE /repos/{owner}/{repo}", name, signal, lookFirst("get_repository"));
    return { deleted: true };
  },
});

/** https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators */
export const listCollaborators = defineTool({
  ...repos,
  name: "list_collaborators",
  title: "List collaborators",
  description: "Lists who has access to a repository, and how much. Only people who may push to it can ask.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    permission: z
      .enum(["pull", "triage", "push", "maintain", "admin"])
      .optional()
      .describe("Only people who may do at least this"),
    ...pageInput,
  }),
  output: z.object({
    collaborators: z.array(z.object({ login: z.string(), role: z.string(), url: z.string() })),
    ...pageOutput,
  }),
  async run({ owner, repo, permission, ...page }, { upstream, signal }) {
    const asked = { owner, repo, permission };
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/collaborators", asked, page, signal);
    return {
      collaborators: data.map(({ login, role_name, html_url }) => ({ login, role: role_name, url: html_url })),
      next_cursor: nextCursor,
    };
  },
});
