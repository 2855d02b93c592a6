import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { repositoryInput } from "./repository-input.ts";

type Issue = components["schemas"]["issue"];

/**
 * Parameters that the next page's query may have. A cursor comes back from the client and its fields go to Octokit, which
 * takes some (`baseUrl`, `headers`) for instructions: nothing else may be in it.
 */
const CURSOR_FIELDS = new Set(["state", "labels", "sort", "direction", "per_page", "page", "after"]);

export const listIssues = defineTool({
  name: "list_issues",
  title: "List issues",
  description:
    "Lists the issues of a GitHub repository, newest first unless asked otherwise, with the beginning of their texts.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "closed", "all"]).default("open"),
    labels: z
      .array(z.string().regex(/^[^,]+$/, "must be one label, without a comma"))
      .max(20)
      .default([])
      .describe("Only issues that have all of these labels"),
    sort: z.enum(["created", "updated", "comments"]).default("created"),
    direction: z.enum(["desc", "asc"]).default("desc"),
    include_pull_requests: z.boolean().default(false).describe("Pull requests too; GitHub counts them as issues"),
    body_length: z
      .int()
      .min(0)
      .max(65_536)
      .default(500)
      .describe("How much of each issue's text, in characters; 0 for none"),
    limit: z
      .int()
      .min(1)
      .max(100)
      .default(30)
      .describe("How many at most; there may be fewer, as pull requests are left out after they are counted"),
    cursor: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .describe("next_cursor of the answer before, for what comes after it: same repository, filters and limit"),
  }),
  output: z.object({
    issues: z.array(
      z.object({
        number: z.int(),
        title: z.string(),
        state: z.string(),
        state_reason: z.string().optional(),
        author: z.string().optional(),
        labels: z.array(z.string()),
        assignees: z.array(z.string()),
        comments: z.int(),
        pull_request: z.boolean(),
        created_at: z.string(),
        updated_at: z.string(),
        closed_at: z.string().optional(),
        url: z.string(),
        body: z.string().optional(),
        body_truncated: z.boolean().optional(),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  async run({ owner, repo, include_pull_requests, body_length, cursor, ...filters }, { upstream, signal }) {
    const { state, labels, sort, direction, limit } = filters;
    const query = cursor
      ? cursorQuery(cursor)
      : { state, sort, direction, per_page: limit, ...(labels.length > 0 && { labels: labels.join(",") }) };
    const { issues, next } = await upstream.listIssues({ owner, repo }, query, signal);
    return {
      issues: issues
        .filter((issue) => include_pull_requests || !issue.pull_request)
        .map((issue) => ({ ...summary(issue), ...beginning(issue.body ?? "", body_length) })),
      next_cursor: next?.toString(),
    };
  },
});

function cursorQuery(cursor: string): Record<string, string> {
  const query = new URLSearchParams(cursor);
  const fields = [...query.keys()];
  if ((query.has("page") || query.has("after")) && fields.every((field) => CURSOR_FIELDS.has(field))) {
    return Object.fromEntries(query);
  }
  throw new ToolError("The cursor is not one that list_issues gave. Leave it out to begin at the first page.");
}

function summary(issue: Issue) {
  return {
    number: issue.number,
    title: issue.title,
    state: issue.state,
    state_reason: issue.state_reason ?? undefined,
    author: issue.user?.login,
    labels: labelNames(issue),
    assignees: assigneeLogins(issue),
    comments: issue.comments,
    pull_request: issue.pull_request !== undefined,
    created_at: issue.created_at,
    updated_at: issue.updated_at,
    closed_at: issue.closed_at ?? undefined,
    url: issue.html_url,
  };
}

function beginning(body: string, length: number) {
  if (length === 0 || body === "") return {};
  // By characters, each of one or two code units, so that none is cut in two.
  const characters = [...body.slice(0, (length + 1) * 2)];
  if (characters.length <= length) return { body };
  return { body: characters.slice(0, length).join(""), body_truncated: true };
}

export function labelNames(issue: Issue): string[] {
  return issue.labels.flatMap((label) => (typeof label === "string" ? label : (label.name ?? [])));
}

export function assigneeLogins(issue: Issue): string[] {
  return (issue.assignees ?? []).map((assignee) => assignee.login);
}
