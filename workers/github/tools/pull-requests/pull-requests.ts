import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool, type GithubApi } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "../body-text.ts";
import { branchOfFork, refName } from "../git-input.ts";
import { issueEdit } from "../issues/issue-input.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";
import { login } from "../user-input.ts";
import { pullRequestInput } from "./pull-request-input.ts";
import {
  pullRequestFields,
  pullRequestSummary,
  wholePullRequest,
  wholePullRequestFields,
} from "./pull-request-summary.ts";

const pullRequests = { toolset: "pull_requests" } as const;

/** https://docs.github.com/en/rest/pulls/pulls#list-pull-requests */
export const listPullRequests = defineTool({
  ...pullRequests,
  name: "list_pull_requests",
  title: "List pull requests",
  description:
    "Lists the pull requests of a repository, newest first unless asked otherwise. By author, label or words: search_pull_requests.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "closed", "all"]).default("open").describe("Which of them; merged ones are closed"),
    head: branchOfFork.optional().describe("Only from this branch: owner:branch"),
    base: refName.optional().describe("Only those for this branch"),
    sort: z.enum(["created", "updated", "popularity", "long-running"]).default("created").describe("By what"),
    direction: z.enum(["desc", "asc"]).default("desc").describe("desc: newest or most first"),
    body_length: beginningInput(300),
    ...pageInput,
  }),
  output: z.object({ pull_requests: z.array(z.object({ ...pullRequestFields, ...beginningOutput })), ...pageOutput }),
  async run({ body_length, limit, cursor, ...filters }, { upstream, signal }) {
    // GitHub takes no branch without its owner, and answers with all.
    const from = filters.head?.includes(":") || !filters.head ? filters.head : `${filters.owner}:${filters.head}`;
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/pulls",
      { ...filters, head: from },
      { limit, cursor },
      signal,
    );
    return {
      pull_requests: data.map((pull) => ({ ...pullRequestSummary(pull), ...beginning(pull.body, body_length) })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request */
export const getPullRequest = defineTool({
  ...pullRequests,
  name: "get_pull_request",
  title: "Get a pull request",
  description:
    "Shows a pull request with its text, and whether it can be merged. Then: list_pull_request_files, get_pull_request_status, list_pull_request_reviews, list_issue_comments.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, ...partInput }),
  output: z.object({ ...wholePullRequestFields, ...partOutput }),
  async run({ owner, repo, number, ...window }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const pull = await upstream.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", asked, signal);
    return { ...wholePullRequest(pull), ...part(pull.body, window) };
  },
});

/** https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request */
export const createPullRequest = defineTool({
  ...pullRequests,
  name: "create_pull_request",
  title: "Create a pull request",
  description:
    "Proposes the changes of a branch for another branch, in the name of the person. Make the branch with create_branch and its commits with push_files first.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    title: issueEdit.title.describe("What it does, in one line"),
    head: branchOfFork.describe("Branch with the changes; of a fork owner:branch"),
    base: refName.describe("Branch that they are for, such as main"),
    body: issueEdit.body.optional().describe("The text, in Markdown"),
    draft: z.boolean().default(false).describe("Not yet to be merged"),
    maintainer_can_modify: z.boolean().default(true).describe("Of a fork: the repository's people may push to head"),
  }),
  output: z.object(wholePullRequestFields),
  run: async (wanted, { upstream, signal }) =>
    wholePullRequest(
      await upstream.request("POST /repos/{owner}/{repo}/pulls", wanted, signal, lookFirst("list_pull_requests")),
    ),
});

/** https://docs.github.com/en/rest/pulls/pulls#update-a-pull-request */
export const updatePullRequest = defineTool({
  ...pullRequests,
  name: "update_pull_request",
  title: "Change a pull request",
  description:
    "Changes title, text or base of a pull request, closes it or opens it again. Labels and assignees: update_issue with the same number.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({
      ...pullRequestInput,
      title: issueEdit.title.optional().describe("A new title"),
      body: issueEdit.body.optional().describe("A new text in place of the old one, in Markdown"),
      state: z.enum(["open", "closed"]).optional().describe("closed closes it without merging"),
      base: refName.optional().describe("Another branch that it is for"),
      maintainer_can_modify: z.boolean().optional().describe("Of a fork: the repository's people may push to head"),
    })
    .refine((input) => Object.keys(input).length > 3, "name at least one thing to change"),
  output: z.object(wholePullRequestFields),
  run: async ({ number, ...wanted }, { upstream, signal }) =>
    wholePullRequest(
      await upstream.request(
        "PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
        { ...wanted, pull_number: number },
        signal,
        lookFirst("get_pull_request"),
      ),
    ),
});

const reviewersInput = z.strictObject({
  ...pullRequestInput,
  reviewers: z.array(login).max(15).default([]).describe("Logins of people"),
  team_reviewers: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, "must be a team's slug"))
    .max(15)
    .default([])
    .describe("Slugs of teams of the organisation"),
});
const reviewersOutput = z.object({ requested_reviewers: z.array(z.string()), requested_teams: z.array(z.string()) });

/** Asks for reviews (POST) or takes the request back (DELETE), and tells whose are wanted now. */
async function changeReviewers(
  method: "POST" | "DELETE",
  { number, ...wanted }: z.output<typeof reviewersInput>,
  { upstream, signal }: ToolContext<GithubApi>,
) {
  const route = `${method} /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers` as const;
  const pull = await upstream.request(route, { ...wanted, pull_number: number }, signal, lookFirst("get_pull_request"));
  return {
    requested_reviewers: (pull.requested_reviewers ?? []).map((each) => each.login),
    requested_teams: (pull.requested_teams ?? []).map(({ slug }) => slug),
  };
}

/** https://docs.github.com/en/rest/pulls/review-requests#request-reviewers-for-a-pull-request */
export const requestReviewers = defineTool({
  ...pullRequests,
  name: "request_reviewers",
  title: "Request reviews",
  description: "Asks people or teams to review a pull request. They are told.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: reviewersInput,
  output: reviewersOutput,
  run: (args, context) => changeReviewers("POST", args, context),
});

/** https://docs.github.com/en/rest/pulls/review-requests#remove-requested-reviewers-from-a-pull-request */
export const removeRequestedReviewers = defineTool({
  ...pullRequests,
  name: "remove_requested_reviewers",
  title: "Take review requests back",
  description: "Takes back what request_reviewers asked for.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: reviewersInput,
  output: reviewersOutput,
  run: (args, context) => changeReviewers("DELETE", args, context),
});
