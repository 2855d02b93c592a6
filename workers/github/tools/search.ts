import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { beginning, beginningInput, beginningOutput } from "./body-text.ts";
import { issueFields, issueSummary } from "./issues/issue-summary.ts";
import { pageOutput } from "./page-output.ts";
import { commitOutput, commitSummary } from "./repos/commit-summary.ts";
import { repositoryOutput, repositorySummary } from "./repos/repository-summary.ts";

const search = { toolset: "search" } as const;

/** What GitHub takes at most. */
const query = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.trim() !== "" && text.isWellFormed(), "must have words to search for");

const order = z.enum(["desc", "asc"]).default("desc").describe("desc: most or newest first");

/** What every search ends with. */
const foundOutput = {
  total: z.int().describe("How many there are; GitHub gives the first 1000"),
  incomplete: z.boolean().optional().describe("GitHub ran out of time, and there may be more: narrow the query"),
  ...pageOutput,
};

const found = (data: { total_count: number; incomplete_results: boolean }, next: string | undefined) => ({
  total: data.total_count,
  ...(data.incomplete_results && { incomplete: true }),
  next_cursor: next,
});

/** How GitHub is asked to show where it found something. */
const WITH_MATCHES = "application/vnd.github.v3.text-match+json";

/** https://docs.github.com/en/rest/search/search#search-code */
export const searchCode = defineTool({
  ...search,
  name: "search_code",
  title: "Search code",
  description:
    "Finds files by words in them, on default branches: `count repo:octocat/hello path:src extension:ts`. It is asked 10 times a minute at most.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    query: query.describe(
      "Words, with qualifiers such as repo:owner/name, org:, language:, path:, extension:, filename:",
    ),
    ...pageInput,
  }),
  output: z.object({
    files: z.array(
      z.object({
        repository: z.string(),
        path: z.string(),
        sha: z.string(),
        fragments: z.array(z.string()).optional().describe("Where the words are"),
        url: z.string(),
      }),
    ),
    ...foundOutput,
  }),
  async run({ query: q, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /search/code", { q }, page, signal, WITH_MATCHES);
    return {
      files: data.items.map(({ repository, path, sha, html_url, text_matches }) => ({
        ...{ repository: repository.full_name, path, sha, url: html_url },
        fragments: text_matches?.flatMap(({ fragment }) => fragment?.slice(0, 500).toWellFormed() ?? []),
      })),
      ...found(data, nextCursor),
    };
  },
});

/** https://docs.github.com/en/rest/search/search#search-repositories */
export const searchRepositories = defineTool({
  ...search,
  name: "search_repositories",
  title: "Search repositories",
  description:
    "Finds repositories by name, description, topic, language, owner: `orchard language:typescript stars:>10`.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    query: query.describe("Words, with qualifiers such as user:, org:, language:, topic:, stars:>10, archived:false"),
    sort: z.enum(["stars", "forks", "help-wanted-issues", "updated"]).optional().describe("Default: what fits best"),
    order,
    ...pageInput,
  }),
  output: z.object({ repositories: z.array(repositoryOutput), ...foundOutput }),
  async run({ query: q, sort, order: direction, ...page }, { upstream, signal }) {
    const asked = { q, sort, order: direction };
    const { data, nextCursor } = await upstream.page("GET /search/repositories", asked, page, signal);
    return { repositories: data.items.map(repositorySummary), ...found(data, nextCursor) };
  },
});

const issueSearchInput = (what: string) =>
  z.strictObject({
    query: query.describe(
      `Words, with qualifiers such as repo:owner/name, is:open, author:, assignee:, label:"good first issue", created:>2026-01-01; that it is for ${what} is added`,
    ),
    sort: z
      .enum(["comments", "reactions", "interactions", "created", "updated"])
      .optional()
      .describe("Default: what fits best"),
    order,
    body_length: beginningInput(300),
    ...pageInput,
  });

const issueSearchOutput = {
  ...issueFields,
  repository: z.string().describe("owner/name"),
  ...beginningOutput,
};

const repositoryOf = (url: string) => url.split("/").slice(-2).join("/");

/** https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests */
export const searchIssues = defineTool({
  ...search,
  name: "search_issues",
  title: "Search issues",
  description:
    "Finds issues by words, people, labels, times, in one repository or all: `repo:octocat/hello is:open ladder`.",
  scope: "github:read",
  readOnly: true,
  input: issueSearchInput("issues"),
  output: z.object({ issues: z.array(z.object(issueSearchOutput)), ...foundOutput }),
  async run({ query: q, sort, order: direction, body_length, ...page }, { upstream, signal }) {
    const asked = { q: `${q} is:issue`, sort, order: direction };
    const { data, nextCursor } = await upstream.page("GET /search/issues", asked, page, signal);
    return {
      issues: data.items.map((issue) => ({
        ...issueSummary(issue),
        repository: repositoryOf(issue.repository_url),
        ...beginning(issue.body, body_length),
      })),
      ...found(data, nextCursor),
    };
  },
});

/** https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests */
export const searchPullRequests = defineTool({
  ...search,
  name: "search_pull_requests",
  title: "Search pull requests",
  description: "Finds pull requests by words, people, labels, state: `author:octocat is:open review-requested:@me`.",
  scope: "github:read",
  readOnly: true,
  input: issueSearchInput("pull requests"),
  output: z.object({ pull_requests: z.array(z.object(issueSearchOutput)), ...foundOutput }),
  async run({ query: q, sort, order: direction, body_length, ...page }, { upstream, signal }) {
    const asked = { q: `${q} is:pr`, sort, order: direction };
    const { data, nextCursor } = await upstream.page("GET /search/issues", asked, page, signal);
    return {
      pull_requests: data.items.map((issue) => ({
        ...issueSummary(issue),
        repository: repositoryOf(issue.repository_url),
        ...beginning(issue.body, body_length),
      })),
      ...found(data, nextCursor),
    };
  },
});

/** https://docs.github.com/en/rest/search/search#search-users */
export const searchUsers = defineTool({
  ...search,
  name: "search_users",
  title: "Search people and organisations",
  description: "Finds people and organisations by login, name, place: `grace location:london`, `type:org orchard`.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    query: query.describe("Words, with qualifiers such as type:user, type:org, location:, language:, followers:>100"),
    sort: z.enum(["followers", "repositories", "joined"]).optional().describe("Default: what fits best"),
    order,
    ...pageInput,
  }),
  output: z.object({
    users: z.array(z.object({ login: z.string(), type: z.string(), url: z.string() })),
    ...foundOutput,
  }),
  async run({ query: q, sort, order: direction, ...page }, { upstream, signal }) {
    const asked = { q, sort, order: direction };
    const { data, nextCursor } = await upstream.page("GET /search/users", asked, page, signal);
    return {
      users: data.items.map(({ login, type, html_url }) => ({ login, type, url: html_url })),
      ...found(data, nextCursor),
    };
  },
});

/** https://docs.github.com/en/rest/search/search#search-commits */
export const searchCommits = defineTool({
  ...search,
  name: "search_commits",
  title: "Search commits",
  description:
    "Finds commits by words of their messages, on default branches: `fix ladder repo:octocat/hello author:grace`.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    query: query.describe("Words, with qualifiers such as repo:owner/name, author:, committer-date:>2026-01-01, hash:"),
    sort: z.enum(["author-date", "committer-date"]).optional().describe("Default: what fits best"),
    order,
    ...pageInput,
  }),
  output: z.object({ commits: z.array(commitOutput.extend({ repository: z.string() })), ...foundOutput }),
  async run({ query: q, sort, order: direction, ...page }, { upstream, signal }) {
    const asked = { q, sort, order: direction };
    const { data, nextCursor } = await upstream.page("GET /search/commits", asked, page, signal);
    return {
      commits: data.items.map((commit) => ({
        ...commitSummary({ ...commit, parents: [] }),
        parents: undefined,
        repository: commit.repository.full_name,
      })),
      ...found(data, nextCursor),
    };
  },
});

export const searchTools = [
  searchCode,
  searchRepositories,
  searchIssues,
  searchPullRequests,
  searchUsers,
  searchCommits,
];
