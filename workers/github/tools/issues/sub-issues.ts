import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { lookFirst } from "../../unanswered.ts";
import { pageOutput } from "../page-output.ts";
import { issueInput } from "./issue-input.ts";
import { issueFields, issueSummary } from "./issue-summary.ts";

const issues = { toolset: "issues" } as const;

const subIssueId = z.int().min(1).describe("Id (not number) of the sub-issue, as get_issue and list_issues give it");

const parentOutput = z.object(issueFields);

/** https://docs.github.com/en/rest/issues/sub-issues#list-sub-issues */
export const listSubIssues = defineTool({
  ...issues,
  name: "list_sub_issues",
  title: "List sub-issues",
  description: "Lists the sub-issues of an issue in their order.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...issueInput, ...pageInput }),
  output: z.object({ sub_issues: z.array(z.object(issueFields)), ...pageOutput }),
  async run({ owner, repo, number, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/sub_issues",
      { owner, repo, issue_number: number },
      page,
      signal,
    );
    return { sub_issues: data.map(issueSummary), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/issues/sub-issues#add-sub-issue */
export const addSubIssue = defineTool({
  ...issues,
  name: "add_sub_issue",
  title: "Add a sub-issue",
  description: "Makes an issue a sub-issue of another. The answer is the parent.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...issueInput,
    sub_issue_id: subIssueId,
    replace_parent: z.boolean().default(false).describe("Take it away from the parent that it has"),
  }),
  output: parentOutput,
  run: async ({ number, ...wanted }, { upstream, signal }) =>
    issueSummary(
      await upstream.request(
        "POST /repos/{owner}/{repo}/issues/{issue_number}/sub_issues",
        { ...wanted, issue_number: number },
        signal,
        lookFirst("list_sub_issues"),
      ),
    ),
});

/** https://docs.github.com/en/rest/issues/sub-issues#remove-sub-issue */
export const removeSubIssue = defineTool({
  ...issues,
  name: "remove_sub_issue",
  title: "Remove a sub-issue",
  description: "Takes a sub-issue away from its parent; the issue itself stays. The answer is the parent.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({ ...issueInput, sub_issue_id: subIssueId }),
  output: parentOutput,
  run: async ({ number, ...wanted }, { upstream, signal }) =>
    issueSummary(
      await upstream.request(
        "DELETE /repos/{owner}/{repo}/issues/{issue_number}/sub_issue",
        { ...wanted, issue_number: number },
        signal,
        lookFirst("list_sub_issues"),
      ),
    ),
});

/** https://docs.github.com/en/rest/issues/sub-issues#reprioritize-sub-issue */
export const reprioritizeSubIssue = defineTool({
  ...issues,
  name: "reprioritize_sub_issue",
  title: "Move a sub-issue",
  description: "Moves a sub-issue behind or before another of the same parent. The answer is the parent.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...issueInput,
    sub_issue_id: subIssueId,
    after_id: z.int().min(1).optional().describe("Id of the sub-issue behind which it goes; this or before_id"),
    before_id: z.int().min(1).optional().describe("Id of the sub-issue before which it goes; this or after_id"),
  }),
  output: parentOutput,
  async run({ number, ...wanted }, { upstream, signal }) {
    if ((wanted.after_id === undefined) === (wanted.before_id === undefined)) {
      throw new ToolError("Give either after_id or before_id.");
    }
    return issueSummary(
      await upstream.request(
        "PATCH /repos/{owner}/{repo}/issues/{issue_number}/sub_issues/priority",
        { ...wanted, issue_number: number },
        signal,
        lookFirst("list_sub_issues"),
      ),
    );
  },
});
