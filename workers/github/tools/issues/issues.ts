import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "../body-text.ts";
import { plainText } from "../git-input.ts";
import { pageOutput } from "../page-output.ts";
import { repositoryInput } from "../repository-input.ts";
import { login } from "../user-input.ts";
import { issueEdit, issueInput } from "./issue-input.ts";
import { assigneeLogins, type Issue, issueFields, issueSummary, labelNames } from "./issue-summary.ts";

const issues = { toolset: "issues" } as const;

/** https://docs.github.com/en/rest/issues/issues#list-repository-issues */
export const listIssues = defineTool({
  ...issues,
  name: "list_issues",
  title: "List issues",
  description:
    "Lists the issues of a GitHub repository, newest first unless asked otherwise, with the beginning of their texts. To find words use search_issues.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "closed", "all"]).default("open").describe("Which of them"),
    labels: z
      .array(
        z
          .string()
          .max(50)
          .regex(/^[^,]+$/, "must be one label, without a comma")
          .refine((label) => label.isWellFormed(), "must be text"),
      )
      .max(20)
      .default([])
      .describe("Only issues that have all of these labels"),
    assignee: login.optional().describe("Only issues that this person has to do"),
    creator: login.optional().describe("Only issues that this person opened"),
    since: z.iso.datetime({ offset: true }).optional().describe("Only issues that changed since then (ISO 8601)"),
    sort: z.enum(["created", "updated", "comments"]).default("created").describe("By what they are sorted"),
    direction: z.enum(["desc", "asc"]).default("desc").describe("desc: newest or most first"),
    include_pull_requests: z.boolean().default(false).describe("Pull requests too; GitHub counts them as issues"),
    body_length: beginningInput(500),
    ...pageInput,
    limit: pageInput.limit.describe(
      "How many at most; there may be fewer, as pull requests are left out after they are counted",
    ),
  }),
  output: z.object({ issues: z.array(z.object({ ...issueFields, ...beginningOutput })), ...pageOutput }),
  async run({ include_pull_requests, body_length, labels, limit, cursor, ...filters }, { upstream, signal }) {
    const asked = { ...filters, ...(labels.length > 0 && { labels: labels.join(",") }) };
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/issues",
      asked,
      { limit, cursor },
      signal,
    );
    return {
      issues: data
        .filter((issue) => include_pull_requests || !issue.pull_request)
        .map((issue) => ({ ...issueSummary(issue), ...beginning(issue.body, body_length) })),
      next_cursor: nextCursor,
    };
  },
});

/** https://docs.github.com/en/rest/issues/issues#get-an-issue */
export const getIssue = defineTool({
  ...issues,
  name: "get_issue",
  title: "Get an issue",
  description: "Shows an issue with its text. Its comments: list_issue_comments.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...issueInput, ...partInput }),
  output: z.object({ ...issueFields, closed_by: z.string().optional(), ...partOutput }),
  async run({ owner, repo, number, ...window }, { upstream, signal }) {
    const asked = { owner, repo, issue_number: number };
    const issue = await upstream.request("GET /repos/{owner}/{repo}/issues/{issue_number}", asked, signal);
    return { ...issueSummary(issue), closed_by: issue.closed_by?.login, ...part(issue.body, window) };
  },
});

const writtenOutput = z.object({
  ...issueFields,
  note: z.string().optional().describe("What GitHub left out"),
});

/** https://docs.github.com/en/rest/issues/issues#create-an-issue */
export const createIssue = defineTool({
  ...issues,
  name: "create_issue",
  title: "Create an issue",
  description:
    "Creates an issue in a GitHub repository, in the name of the person. Everybody who watches the repository is told, and it cannot be taken back.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    title: issueEdit.title.describe("What it is about, in one line"),
    body: issueEdit.body.optional().describe("The text, in Markdown"),
    labels: issueEdit.labels.default([]).describe("Labels; ones that do not exist are created"),
    assignees: issueEdit.assignees.default([]).describe("Logins of people who may push to the repository"),
    milestone: issueEdit.milestone.optional().describe("Number of a milestone, as list_milestones gives it"),
  }),
  output: writtenOutput,
  async run(wanted, { upstream, signal }) {
    const asked = { ...wanted };
    const issue = await upstream.request("POST /repos/{owner}/{repo}/issues", asked, signal, lookFirst("list_issues"));
    return { ...issueSummary(issue), ...noteOf("Created", issue, wanted) };
  },
});

/** https://docs.github.com/en/rest/issues/issues#update-an-issue */
export const updateIssue = defineTool({
  ...issues,
  name: "update_issue",
  title: "Change an issue",
  description:
    "Changes an issue: closes or opens it again, title, text, labels, people, milestone. What is left out stays; labels and assignees take the place of those there are.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z
    .strictObject({
      ...issueInput,
      title: issueEdit.title.optional().describe("A new title"),
      body: issueEdit.body.optional().describe("A new text in place of the old one, in Markdown"),
      state: z.enum(["open", "closed"]).optional().describe("closed closes it, open opens it again"),
      state_reason: z
        .enum(["completed", "not_planned", "duplicate", "reopened"])
        .optional()
        .describe("Why; together with state"),
      labels: issueEdit.labels.optional().describe("All labels that it is to have; [] takes all away"),
      assignees: issueEdit.assignees.optional().describe("All people who are to do it, by login; [] for nobody"),
      milestone: issueEdit.milestone.nullable().optional().describe("Number of a milestone; null takes it out"),
    })
    .refine((input) => Object.keys(input).length > 3, "name at least one thing to change"),
  output: writtenOutput,
  async run({ number, ...wanted }, { upstream, signal }) {
    const issue = await upstream.request(
      "PATCH /repos/{owner}/{repo}/issues/{issue_number}",
      { ...wanted, issue_number: number },
      signal,
      lookFirst("get_issue"),
    );
    return { ...issueSummary(issue), ...noteOf("Changed", issue, wanted) };
  },
});

/** GitHub drops without a word what a person may not set, and compares names without regard to case. */
function noteOf(
  done: string,
  issue: Issue,
  { labels = [], assignees = [] }: { labels?: string[] | undefined; assignees?: string[] | undefined },
) {
  const dropped = [
    ...missing("labels", labels, labelNames(issue)),
    ...missing("assignees", assignees, assigneeLogins(issue)),
  ];
  if (dropped.length === 0) return {};
  return {
    note: `${done} without the ${dropped.join(" and ")}: only people who may push to the repository can set them.`,
  };
}

function missing(what: string, wanted: string[], applied: string[]): string[] {
  const has = new Set(applied.map((each) => each.toLowerCase()));
  const left = wanted.filter((each) => !has.has(each.toLowerCase()));
  return left.length === 0 ? [] : [`${what} ${left.join(", ")}`];
}

/** https://docs.github.com/en/rest/issues/issues#lock-an-issue */
export const lockIssue = defineTool({
  ...issues,
  name: "lock_issue",
  title: "Lock or unlock an issue",
  description: "Lets only people who may push comment on an issue or pull request, or everybody again.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...issueInput,
    locked: z.boolean().default(true).describe("false: everybody may comment again"),
    reason: z.enum(["off-topic", "too heated", "resolved", "spam"]).optional().describe("Why, for all to see"),
  }),
  output: z.object({ number: z.int(), locked: z.boolean() }),
  async run({ owner, repo, number, locked, reason }, { upstream, signal }) {
    const name = { owner, repo, issue_number: number };
    const next = lookFirst("get_issue");
    if (locked) {
      const wanted = { ...name, ...(reason && { lock_reason: reason }) };
      await upstream.request("PUT /repos/{owner}/{repo}/issues/{issue_number}/lock", wanted, signal, next);
    } else await upstream.request("DELETE /repos/{owner}/{repo}/issues/{issue_number}/lock", name, signal, next);
    return { number, locked };
  },
});

/** https://docs.github.com/en/rest/issues/assignees#list-assignees */
export const listAssignees = defineTool({
  ...issues,
  name: "list_assignees",
  title: "List who can be assigned",
  description: "Lists the people to whom issues of a repository can be assigned.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...pageInput }),
  output: z.object({ assignees: z.array(z.string()), ...pageOutput }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/assignees",
      { owner, repo },
      page,
      signal,
    );
    return { assignees: data.map((each) => each.login), next_cursor: nextCursor };
  },
});

const milestoneOutput = z.object({
  number: z.int(),
  title: z.string(),
  description: z.string().optional(),
  state: z.string(),
  open_issues: z.int(),
  closed_issues: z.int(),
  due_on: z.string().optional(),
  url: z.string(),
});

interface Milestone {
  number: number;
  title: string;
  description: string | null;
  state: string;
  open_issues: number;
  closed_issues: number;
  due_on: string | null;
  html_url: string;
}

const milestone = ({ number, title, description, state, open_issues, closed_issues, due_on, html_url }: Milestone) => ({
  ...{ number, title, state, open_issues, closed_issues, url: html_url },
  description: description?.slice(0, 1000).toWellFormed() ?? undefined,
  due_on: due_on ?? undefined,
});

/** https://docs.github.com/en/rest/issues/milestones#list-milestones */
export const listMilestones = defineTool({
  ...issues,
  name: "list_milestones",
  title: "List milestones",
  description: "Lists the milestones of a repository, each with its number for create_issue and update_issue.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "closed", "all"]).default("open").describe("Which of them"),
    ...pageInput,
  }),
  output: z.object({ milestones: z.array(milestoneOutput), ...pageOutput }),
  async run({ owner, repo, state, ...page }, { upstream, signal }) {
    const asked = { owner, repo, state };
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/milestones", asked, page, signal);
    return { milestones: data.map(milestone), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/issues/milestones#create-a-milestone */
export const createMilestone = defineTool({
  ...issues,
  name: "create_milestone",
  title: "Create a milestone",
  description: "Creates a milestone, to which issues can then be given with update_issue.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    title: plainText.describe("Its name"),
    description: z.string().max(10_000).optional().describe("What it is for"),
    due_on: z.iso.datetime().optional().describe("When it is to be reached (ISO 8601, UTC)"),
  }),
  output: milestoneOutput,
  run: async (wanted, { upstream, signal }) =>
    milestone(
      await upstream.request("POST /repos/{owner}/{repo}/milestones", wanted, signal, lookFirst("list_milestones")),
    ),
});
