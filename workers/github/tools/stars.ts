import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryOutput, repositorySummary } from "./repos/repository-summary.ts";
import { repositoryInput } from "./repository-input.ts";
import { login } from "./user-input.ts";

const stars = { toolset: "stars" } as const;

/** The form of the answer that has the times too. */
const WITH_TIMES = "application/vnd.github.v3.star+json";

/** https://docs.github.com/en/rest/activity/starring#list-repositories-starred-by-the-authenticated-user */
export const listStarredRepositories = defineTool({
  ...stars,
  name: "list_starred_repositories",
  title: "List starred repositories",
  description: "Lists the repositories that the person, or somebody else, has starred, last starred first.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    login: login.optional().describe("Whose stars; the person's own when left out"),
    sort: z.enum(["created", "updated"]).default("created").describe("By when it was starred, or last pushed to"),
    direction: z.enum(["desc", "asc"]).default("desc").describe("desc: newest first"),
    ...pageInput,
  }),
  output: z.object({ repositories: z.array(repositoryOutput.extend({ starred_at: z.string() })), ...pageOutput }),
  async run({ login: username, sort, direction, ...page }, { upstream, signal }) {
    const order = { sort, direction };
    const { data, nextCursor } = username
      ? await upstream.page("GET /users/{username}/starred", { username, ...order }, page, signal, WITH_TIMES)
      : await upstream.page("GET /user/starred", order, page, signal, WITH_TIMES);
    // The published types are those of the form without times.
    const starred = data as unknown as components["schemas"]["starred-repository"][];
    return {
      repositories: starred.map(({ starred_at, repo }) => ({ ...repositorySummary(repo), starred_at })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/activity/starring#list-stargazers */
export const listStargazers = defineTool({
  ...stars,
  name: "list_stargazers",
  title: "List stargazers",
  description: "Lists who has starred a repository, and when.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...pageInput }),
  output: z.object({
    stargazers: z.array(z.object({ login: z.string().optional(), starred_at: z.string() })),
    ...pageOutput,
  }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/stargazers";
    const { data, nextCursor } = await upstream.page(route, { owner, repo }, page, signal, WITH_TIMES);
    const found = data as components["schemas"]["stargazer"][];
    return {
      stargazers: found.map(({ user, starred_at }) => ({ login: user?.login, starred_at })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/activity/starring#star-a-repository-for-the-authenticated-user */
export const starRepository = defineTool({
  ...stars,
  name: "star_repository",
  title: "Star a repository",
  description: "Gives a repository the person's star, for all to see.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject(repositoryInput),
  output: z.object({ starred: z.boolean() }),
  async run(name, { upstream, signal }) {
    await upstream.request("PUT /user/starred/{owner}/{repo}", name, signal);
    return { starred: true };
  },
});

/** https://docs.github.com/en/rest/activity/starring#unstar-a-repository-for-the-authenticated-user */
export const unstarRepository = defineTool({
  ...stars,
  name: "unstar_repository",
  title: "Unstar a repository",
  description: "Takes the person's star off a repository.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject(repositoryInput),
  output: z.object({ starred: z.boolean() }),
  async run(name, { upstream, signal }) {
    await upstream.request("DELETE /user/starred/{owner}/{repo}", name, signal);
    return { starred: false };
  },
});

export const starTools = [listStarredRepositories, listStargazers, starRepository, unstarRepository];
