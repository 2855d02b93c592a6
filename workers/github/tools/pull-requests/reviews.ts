import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { beginning, beginningInput, beginningOutput } from "../body-text.ts";
import { filePath, sha } from "../git-input.ts";
import { MAX_BODY, text } from "../issues/issue-input.ts";
import { pageOutput } from "../page-output.ts";
import { pullRequestInput } from "./pull-request-input.ts";

const pullRequests = { toolset: "pull_requests" } as const;

type Review = components["schemas"]["pull-request-review"];

const event = z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]);
const side = z.enum(["LEFT", "RIGHT"]);
const line = z.int().min(1).max(10_000_000);

const reviewFields = {
  id: z.int(),
  author: z.string().optional(),
  state: z.string().describe("PENDING, COMMENTED, APPROVED, CHANGES_REQUESTED or DISMISSED"),
  submitted_at: z.string().optional(),
  commit: z.string().optional(),
  url: z.string(),
};

const review = ({ id, user, state, submitted_at, commit_id, html_url }: Review) => ({
  ...{ id: Number(id), author: user?.login, state, submitted_at, commit: commit_id ?? undefined, url: html_url },
});

const reviewInput = { ...pullRequestInput, review_id: z.int().min(1).describe("Id of the review") };

/** https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request */
export const listPullRequestReviews = defineTool({
  ...pullRequests,
  name: "list_pull_request_reviews",
  title: "List reviews",
  description:
    "Lists the reviews of a pull request, oldest first, the person's own pending one too. Comments on lines: list_review_comments.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, body_length: beginningInput(1000), ...pageInput }),
  output: z.object({ reviews: z.array(z.object({ ...reviewFields, ...beginningOutput })), ...pageOutput }),
  async run({ owner, repo, number, body_length, ...page }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
    const { data, nextCursor } = await upstream.page(route, asked, page, signal);
    return {
      reviews: data.map((each) => ({ ...review(each), ...beginning(each.body, body_length) })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/pulls/reviews#create-a-review-for-a-pull-request */
export const createPullRequestReview = defineTool({
  ...pullRequests,
  name: "create_pull_request_review",
  title: "Review a pull request",
  description:
    "Reviews a pull request: approves, requests changes or comments, with comments on lines. Without event it stays pending, seen by the person only, until submit_pending_review.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...pullRequestInput,
    event: event.optional().describe("What it says; left out: pending"),
    body: z.string().max(MAX_BODY).optional().describe("The text, in Markdown; needed unless it approves"),
    comments: z
      .array(
        z.strictObject({
          path: filePath.describe("The file"),
          line: line.describe("Line in the file; of several, the last"),
          side: side.default("RIGHT").describe("RIGHT: the new file; LEFT: the old one"),
          start_line: line.optional().describe("First line, of several"),
          start_side: side.optional().describe("Side of the first line"),
          body: text,
        }),
      )
      .max(100)
      .default([])
      .describe("Comments on lines that the diff shows"),
    commit_id: sha.optional().describe("The commit that was reviewed; head when left out"),
  }),
  output: z.object(reviewFields),
  async run({ number, comments, ...wanted }, { upstream, signal }) {
    if (wanted.event && wanted.event !== "APPROVE" && !wanted.body?.trim() && comments.length === 0) {
      throw new ToolError(`A review that is ${wanted.event} needs a body or comments.`);
    }
    return review(
      await upstream.request(
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
        { ...wanted, pull_number: number, ...(comments.length > 0 && { comments }) },
        signal,
        lookFirst("list_pull_request_reviews"),
      ),
    );
  },
});

/** https://docs.github.com/en/rest/pulls/reviews#submit-a-review-for-a-pull-request */
export const submitPendingReview = defineTool({
  ...pullRequests,
  name: "submit_pending_review",
  title: "Submit a pending review",
  description: "Submits the person's pending review of a pull request, so that everybody sees it.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...reviewInput,
    event: event.describe("What it says"),
    body: z.string().max(MAX_BODY).optional().describe("The text, in Markdown"),
  }),
  output: z.object(reviewFields),
  run: async ({ number, ...wanted }, { upstream, signal }) =>
    review(
      await upstream.request(
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events",
        { ...wanted, pull_number: number },
        signal,
        lookFirst("list_pull_request_reviews"),
      ),
    ),
});

/** https://docs.github.com/en/rest/pulls/reviews#delete-a-pending-review-for-a-pull-request */
export const deletePendingReview = defineTool({
  ...pullRequests,
  name: "delete_pending_review",
  title: "Delete a pending review",
  description: "Throws away the person's pending review of a pull request with its comments. Nobody else has seen it.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject(reviewInput),
  output: z.object({ deleted: z.boolean() }),
  async preview({ owner, repo, number, review_id }, { upstream, signal }) {
    const found = await upstream.request(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
      { owner, repo, pull_number: number, review_id },
      signal,
    );
    if (found.state !== "PENDING") {
      throw new ToolError(`The review is ${found.state}: only a pending one can be deleted.`);
    }
    const { body = "" } = beginning(found.body, 80);
    return `Deletes the pending review ${review_id} of #${number} with its comments: ${JSON.stringify(body)}.`;
  },
  async run({ owner, repo, number, review_id }, { upstream, signal }) {
    await upstream.request(
      "DELETE /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
      { owner, repo, pull_number: number, review_id },
      signal,
      lookFirst("list_pull_request_reviews"),
    );
    return { deleted: true };
  },
});

const commentFields = {
  id: z.int(),
  review_id: z.int().optional(),
  in_reply_to: z.int().optional().describe("Id of the comment that began the thread"),
  author: z.string().optional(),
  path: z.string(),
  line: z.int().optional().describe("Left out when the line is no longer there"),
  side: z.string().optional(),
  start_line: z.int().optional(),
  created_at: z.string(),
  url: z.string(),
};

type ReviewComment = components["schemas"]["pull-request-review-comment"];

const reviewComment = (comment: ReviewComment) => ({
  id: Number(comment.id),
  review_id: comment.pull_request_review_id === null ? undefined : Number(comment.pull_request_review_id),
  in_reply_to: comment.in_reply_to_id,
  author: comment.user?.login,
  path: comment.path,
  line: comment.line ?? undefined,
  side: comment.side,
  start_line: comment.start_line ?? undefined,
  created_at: comment.created_at,
  url: comment.html_url,
});

/** https://docs.github.com/en/rest/pulls/comments#list-review-comments-on-a-pull-request */
export const listReviewComments = defineTool({
  ...pullRequests,
  name: "list_review_comments",
  title: "List comments on lines",
  description: "Lists the comments on lines of a pull request, oldest first; replies name the comment they answer.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, body_length: beginningInput(1500), ...pageInput }),
  output: z.object({ comments: z.array(z.object({ ...commentFields, ...beginningOutput })), ...pageOutput }),
  async run({ owner, repo, number, body_length, ...page }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/comments";
    const { data, nextCursor } = await upstream.page(route, asked, page, signal);
    return {
      comments: data.map((each) => ({ ...reviewComment(each), ...beginning(each.body, body_length) })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/pulls/comments#create-a-reply-for-a-review-comment */
export const replyToReviewComment = defineTool({
  ...pullRequests,
  name: "reply_to_review_comment",
  title: "Reply to a comment on lines",
  description: "Answers a comment on lines of a pull request in its thread.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...pullRequestInput,
    comment_id: z.int().min(1).describe("Id of the comment that began the thread, as list_review_comments gives it"),
    body: text,
  }),
  output: z.object(commentFields),
  run: async ({ number, ...wanted }, { upstream, signal }) =>
    reviewComment(
      await upstream.request(
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies",
        { ...wanted, pull_number: number },
        signal,
        lookFirst("list_review_comments"),
      ),
    ),
});
