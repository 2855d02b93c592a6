import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { assigneeLogins } from "../issues/issue-summary.ts";

type Schemas = components["schemas"];

/** A pull request in a list. */
export const pullRequestFields = {
  number: z.int(),
  title: z.string(),
  state: z.string(),
  draft: z.boolean().optional(),
  merged: z.boolean(),
  author: z.string().optional(),
  head: z.string().describe("Owner and branch with the changes"),
  head_sha: z.string(),
  base: z.string().describe("The branch that they are for"),
  labels: z.array(z.string()),
  assignees: z.array(z.string()),
  requested_reviewers: z.array(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
  url: z.string(),
};

export function pullRequestSummary(pull: Schemas["pull-request-simple"] | Schemas["pull-request"]) {
  return {
    number: pull.number,
    title: pull.title,
    state: pull.state,
    draft: pull.draft,
    merged: pull.merged_at !== null,
    author: pull.user?.login,
    head: pull.head.label,
    head_sha: pull.head.sha,
    base: pull.base.ref,
    labels: pull.labels.map(({ name }) => name),
    assignees: assigneeLogins({ assignees: pull.assignees ?? [] }),
    requested_reviewers: (pull.requested_reviewers ?? []).map(({ login }) => login),
    created_at: pull.created_at,
    updated_at: pull.updated_at,
    url: pull.html_url,
  };
}

/** A whole one. */
export const wholePullRequestFields = {
  ...pullRequestFields,
  mergeable: z.boolean().optional().describe("Left out while GitHub still looks: ask again in a few seconds"),
  mergeable_state: z.string().describe("clean, dirty (conflicts), blocked, behind, draft, unstable, unknown"),
  merged_by: z.string().optional(),
  merged_at: z.string().optional(),
  commits: z.int(),
  changed_files: z.int(),
  additions: z.int(),
  deletions: z.int(),
  comments: z.int(),
  review_comments: z.int(),
  maintainer_can_modify: z.boolean(),
};

export function wholePullRequest(pull: Schemas["pull-request"]) {
  return {
    ...pullRequestSummary(pull),
    mergeable: pull.mergeable ?? undefined,
    mergeable_state: pull.mergeable_state,
    merged_by: pull.merged_by?.login,
    merged_at: pull.merged_at ?? undefined,
    commits: pull.commits,
    changed_files: pull.changed_files,
    additions: pull.additions,
    deletions: pull.deletions,
    comments: pull.comments,
    review_comments: pull.review_comments,
    maintainer_can_modify: pull.maintainer_can_modify,
  };
}
