import type { components } from "@octokit/openapi-types";
import { z } from "zod";

type Schemas = components["schemas"];
export type Issue = Schemas["issue"] | Schemas["issue-search-result-item"];

/** An issue without its text. */
export const issueFields = {
  id: z.int().describe("What the sub-issue tools want"),
  number: z.int(),
  title: z.string(),
  state: z.string(),
  state_reason: z.string().optional(),
  author: z.string().optional(),
  labels: z.array(z.string()),
  assignees: z.array(z.string()),
  milestone: z.string().optional(),
  comments: z.int(),
  locked: z.boolean().optional(),
  pull_request: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().optional(),
  url: z.string(),
};

export function issueSummary(issue: Issue) {
  return {
    id: Number(issue.id),
    number: issue.number,
    title: issue.title,
    state: issue.state,
    state_reason: issue.state_reason ?? undefined,
    author: issue.user?.login,
    labels: labelNames(issue),
    assignees: assigneeLogins(issue),
    milestone: issue.milestone?.title,
    comments: issue.comments,
    ...(issue.locked && { locked: true }),
    pull_request: issue.pull_request !== undefined,
    created_at: issue.created_at,
    updated_at: issue.updated_at,
    closed_at: issue.closed_at ?? undefined,
    url: issue.html_url,
  };
}

export function labelNames({ labels }: Pick<Issue, "labels">): string[] {
  return labels.flatMap((label) => (typeof label === "string" ? label : (label.name ?? [])));
}

export function assigneeLogins({ assignees }: Pick<Issue, "assignees">): string[] {
  return (assignees ?? []).map((assignee) => assignee.login);
}
