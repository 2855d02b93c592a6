import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "../body-text.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";
import { issueInput, text } from "./issue-input.ts";

const issues = { toolset: "issues" } as const;

const commentFields = {
  id: z.int(),
  author: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  url: z.string(),
};

const comment = ({ id, user, created_at, updated_at, html_url }: components["schemas"]["issue-comment"]) => ({
  ...{ id: Number(id), author: user?.login, created_at, updated_at, url: html_url },
});

const commentInput = {
  ...repositoryInput,
  comment_id: z.int().min(1).describe("Id of the comment, as list_issue_comments gives it"),
};

/** https://docs.github.com/en/rest/issues/comments#list-issue-comments */
export const listIssueComments = defineTool({
  ...issues,
  name: "list_issue_comments",
  title: "List comments",
  description:
    "Lists the comments of an issue or pull request, oldest first, with the beginning of each; get_issue_comment gives a long one in full.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...issueInput,
    since: z.iso.datetime({ offset: true }).optional().describe("Only those that changed since then (ISO 8601)"),
    body_length: beginningInput(1500),
    ...pageInput,
  }),
  output: z.object({ comments: z.array(z.object({ ...commentFields, ...beginningOutput })), ...pageOutput }),
  async run({ owner, repo, number, since, body_length, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { owner, repo, issue_number: number, since },
      page,
      signal,
    );
    return {
      comments: data.map((each) => ({ ...comment(each), ...beginning(each.body, body_length) })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/issues/comments#get-an-issue-comment */
export const getIssueComment = defineTool({
  ...issues,
  name: "get_issue_comment",
  title: "Get a comment",
  description: "Shows one comment of an issue or pull request with its whole text.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...commentInput, ...partInput }),
  output: z.object({ ...commentFields, ...partOutput }),
  async run({ owner, repo, comment_id, ...window }, { upstream, signal }) {
    const asked = { owner, repo, comment_id };
    const found = await upstream.request("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", asked, signal);
    return { ...comment(found), ...part(found.body, window) };
  },
});

/** https://docs.github.com/en/rest/issues/comments#create-an-issue-comment */
export const addIssueComment = defineTool({
  ...issues,
  name: "add_issue_comment",
  title: "Add a comment",
  description: "Comments on an issue or pull request, in the name of the person. Everybody who follows it is told.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({ ...issueInput, body: text }),
  output: z.object(commentFields),
  async run({ owner, repo, number, body }, { upstream, signal }) {
    return comment(
      await upstream.request(
        "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
        { owner, repo, issue_number: number, body },
        signal,
        lookFirst("list_issue_comments"),
      ),
    );
  },
});

/** https://docs.github.com/en/rest/issues/comments#update-an-issue-comment */
export const updateIssueComment = defineTool({
  ...issues,
  name: "update_issue_comment",
  title: "Change a comment",
  description: "Puts a new text in place of a comment of an issue or pull request.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ ...commentInput, body: text }),
  output: z.object(commentFields),
  run: async (wanted, { upstream, signal }) =>
    comment(
      await upstream.request(
        "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
        wanted,
        signal,
        lookFirst("get_issue_comment"),
      ),
    ),
});

/** https://docs.github.com/en/rest/issues/comments#delete-an-issue-comment */
export const deleteIssueComment = defineTool({
  ...issues,
  name: "delete_issue_comment",
  title: "Delete a comment",
  description: "Deletes a comment of an issue or pull request for good.",
  scope: "github:admin",
  readOnly: false,
  input: z.strictObject(commentInput),
  output: z.object({ deleted: z.boolean() }),
  async preview(name, { upstream, signal }) {
    const found = await upstream.request("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", name, signal);
    const { body = "" } = beginning(found.body, 80);
    return `Deletes the comment of ${found.user?.login} from ${found.created_at} at ${found.html_url}: ${JSON.stringify(body)}.`;
  },
  async run(name, { upstream, signal }) {
    const next = lookFirst("list_issue_comments");
    await upstream.request("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", name, signal, next);
    return { deleted: true };
  },
});
