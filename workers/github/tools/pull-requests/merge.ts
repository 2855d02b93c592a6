import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { z } from "zod";
import { defineTool } from "../../api.ts";
import { lookFirst } from "../../unanswered.ts";
import { sha } from "../git-input.ts";
import { pullRequestInput } from "./pull-request-input.ts";

const pullRequests = { toolset: "pull_requests" } as const;

/** https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request */
export const mergePullRequest = defineTool({
  ...pullRequests,
  name: "merge_pull_request",
  title: "Merge a pull request",
  description:
    "Merges a pull request into its base. It cannot be taken back; a dry run tells whether it can be merged, and what would be.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...pullRequestInput,
    merge_method: z.enum(["merge", "squash", "rebase"]).default("merge").describe("How; a repository may allow some"),
    commit_title: z.string().trim().min(1).max(256).optional().describe("First line of the commit's message"),
    commit_message: z.string().max(20_000).optional().describe("The rest of the commit's message"),
    sha: sha.optional().describe("Only if head is still at this commit: head_sha of get_pull_request"),
  }),
  output: z.object({ merged: z.boolean(), sha: z.string(), message: z.string() }),
  async preview({ owner, repo, number, merge_method }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const pull = await upstream.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", asked, signal);
    if (pull.merged) throw new ToolError(`#${number} was merged at ${pull.merged_at}. There is nothing left to do.`);
    if (pull.state === "closed") throw new ToolError(`#${number} is closed: open it again with update_pull_request.`);
    if (pull.draft) throw new ToolError(`#${number} is a draft: the person has to mark it ready for review first.`);
    if (pull.mergeable === false) {
      throw new ToolError(
        `#${number} has conflicts with ${pull.base.ref}: they have to be mended on ${pull.head.label}.`,
      );
    }
    const count = `${pull.commits} commits, ${pull.changed_files} files, +${pull.additions} -${pull.deletions}`;
    const state = pull.mergeable === null ? "GitHub still looks whether it can be" : `state ${pull.mergeable_state}`;
    return `Merges #${number} "${pull.title}" from ${pull.head.label} into ${pull.base.ref} by ${merge_method} (${count}; ${state}).`;
  },
  async run({ owner, repo, number, ...wanted }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    try {
      return await upstream.request(
        "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
        { ...asked, ...wanted },
        signal,
        lookFirst("get_pull_request"),
      );
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.status !== 405) throw error;
      // It may have been merged by a try of which no answer came.
      const pull = await upstream.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", asked, signal);
      if (pull.merged) return { merged: true, sha: pull.merge_commit_sha ?? "", message: "It was merged before." };
      throw new ToolError(`${error.message} A dry run tells why it cannot be merged; state ${pull.mergeable_state}.`);
    }
  },
});

/** https://docs.github.com/en/rest/pulls/pulls#update-a-pull-request-branch */
export const updatePullRequestBranch = defineTool({
  ...pullRequests,
  name: "update_pull_request_branch",
  title: "Update a pull request's branch",
  description: "Brings what is new in the base into a pull request's branch, by a merge. It takes GitHub a moment.",
  scope: "github:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...pullRequestInput,
    expected_head_sha: sha.optional().describe("Only if head is still at this commit"),
  }),
  output: z.object({ message: z.string() }),
  async run({ owner, repo, number, expected_head_sha }, { upstream, signal }) {
    const { message = "Begun." } = await upstream.request(
      "PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch",
      { owner, repo, pull_number: number, ...(expected_head_sha && { expected_head_sha }) },
      signal,
      lookFirst("list_pull_request_commits"),
    );
    return { message };
  },
});
