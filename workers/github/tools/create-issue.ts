import { z } from "zod";
import { defineTool } from "../api.ts";
import { assigneeLogins, labelNames } from "./issues.ts";
import { repositoryInput } from "./repository-input.ts";

export const createIssue = defineTool({
  name: "create_issue",
  title: "Create an issue",
  description:
    "Creates an issue in a GitHub repository, in the name of the person. Everybody who watches the repository is told, and it cannot be taken back.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    title: z.string().trim().min(1).max(256),
    body: z.string().max(65_536).optional().describe("The text, in Markdown"),
    labels: z.array(z.string().min(1)).max(100).default([]).describe("Labels; ones that do not exist are created"),
    assignees: z
      .array(z.string().min(1))
      .max(10)
      .default([])
      .describe("Logins of people who may push to the repository"),
  }),
  output: z.object({
    number: z.int(),
    title: z.string(),
    state: z.string(),
    labels: z.array(z.string()),
    assignees: z.array(z.string()),
    created_at: z.string(),
    url: z.string(),
    note: z.string().optional().describe("What GitHub left out"),
  }),
  async run({ owner, repo, ...wanted }, { upstream, signal }) {
    const issue = await upstream.createIssue({ owner, repo }, wanted, signal);
    const labels = labelNames(issue);
    const assignees = assigneeLogins(issue);
    const dropped = [...missing("labels", wanted.labels, labels), ...missing("assignees", wanted.assignees, assignees)];
    return {
      number: issue.number,
      title: issue.title,
      state: issue.state,
      labels,
      assignees,
      created_at: issue.created_at,
      url: issue.html_url,
      ...(dropped.length > 0 && {
        note: `Created without the ${dropped.join(" and ")}: only people who may push to the repository can set them.`,
      }),
    };
  },
});

/** GitHub drops without a word what a person may not set, and compares names without regard to case. */
function missing(what: string, wanted: string[], applied: string[]): string[] {
  const has = new Set(applied.map((each) => each.toLowerCase()));
  const left = wanted.filter((each) => !has.has(each.toLowerCase()));
  return left.length === 0 ? [] : [`${what} ${left.join(", ")}`];
}
