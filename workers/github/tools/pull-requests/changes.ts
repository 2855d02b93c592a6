import { z } from "zod";
import { defineTool } from "../../api.ts";
import { pageInput } from "../../page-cursor.ts";
import { diffInput, diffOutput, diffPart } from "../diff-part.ts";
import { pageOutput } from "../page-output.ts";
import { commitOutput, commitSummary } from "../repos/commit-summary.ts";
import { fileChange, fileChangeOutput, patchLength } from "../repos/file-change.ts";
import { pullRequestInput } from "./pull-request-input.ts";

const pullRequests = { toolset: "pull_requests" } as const;

/** https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files */
export const listPullRequestFiles = defineTool({
  ...pullRequests,
  name: "list_pull_request_files",
  title: "List a pull request's files",
  description:
    "Lists the files that a pull request changes, with the beginning of each patch. get_pull_request_diff gives all of it.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, patch_length: patchLength, ...pageInput }),
  output: z.object({ files: z.array(fileChangeOutput), ...pageOutput }),
  async run({ owner, repo, number, patch_length, ...page }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/files";
    const { data, nextCursor } = await upstream.page(route, asked, page, signal);
    return { files: data.map((file) => fileChange(file, patch_length)), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request in the form of a diff */
export const getPullRequestDiff = defineTool({
  ...pullRequests,
  name: "get_pull_request_diff",
  title: "Get a pull request's diff",
  description: "Gives the diff of a pull request, in parts: go on with next_offset as offset.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, ...diffInput }),
  output: diffOutput,
  run: ({ owner, repo, number, ...window }, { upstream, signal }) =>
    diffPart(window, (part) =>
      upstream.readDiff(
        "GET /repos/{owner}/{repo}/pulls/{pull_number}",
        { owner, repo, pull_number: number },
        part,
        signal,
      ),
    ),
});

/** https://docs.github.com/en/rest/pulls/pulls#list-commits-on-a-pull-request */
export const listPullRequestCommits = defineTool({
  ...pullRequests,
  name: "list_pull_request_commits",
  title: "List a pull request's commits",
  description: "Lists the commits of a pull request, oldest first; 250 at most.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...pullRequestInput, ...pageInput }),
  output: z.object({ commits: z.array(commitOutput), ...pageOutput }),
  async run({ owner, repo, number, ...page }, { upstream, signal }) {
    const asked = { owner, repo, pull_number: number };
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits";
    const { data, nextCursor } = await upstream.page(route, asked, page, signal);
    return { commits: data.map((commit) => commitSummary(commit)), next_cursor: nextCursor };
  },
});

/** Checks and statuses in one answer. */
const MOST_CHECKS = 100;

/** https://docs.github.com/en/rest/checks/runs and https://docs.github.com/en/rest/commits/statuses, of the head */
export const getPullRequestStatus = defineTool({
  ...pullRequests,
  name: "get_pull_request_status",
  title: "Get a pull request's checks",
  description: "Tells how the checks and statuses of a pull request's newest commit went, those that failed first.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject(pullRequestInput),
  output: z.object({
    head_sha: z.string(),
    conclusion: z.enum(["success", "failure", "pending", "none"]),
    checks: z.array(
      z.object({
        name: z.string(),
        result: z.string(),
        summary: z.string().optional(),
        url: z.string().optional(),
      }),
    ),
    note: z.string().optional(),
  }),
  async run({ owner, repo, number }, { upstream, signal }) {
    const name = { owner, repo };
    const asked = { ...name, pull_number: number };
    const { head } = await upstream.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", asked, signal);
    const at = { ...name, ref: head.sha, per_page: MOST_CHECKS };
    const [runs, statuses] = await Promise.all([
      upstream.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", at, signal),
      upstream.request("GET /repos/{owner}/{repo}/commits/{ref}/status", at, signal),
    ]);
    const checks = [
      ...runs.check_runs.map((run) => ({
        name: run.name,
        result: run.conclusion ?? run.status,
        summary: shortened(run.output.summary ?? run.output.title),
        url: run.html_url ?? undefined,
      })),
      ...statuses.statuses.map((status) => ({
        name: status.context,
        result: status.state,
        summary: shortened(status.description),
        url: status.target_url ?? undefined,
      })),
    ].toSorted((a, b) => rank(a.result) - rank(b.result));
    const worst = checks[0] && rank(checks[0].result);
    const total = runs.total_count + statuses.total_count;
    return {
      head_sha: head.sha,
      conclusion: worst === undefined ? ("none" as const) : CONCLUSIONS[worst],
      checks,
      ...(total > checks.length && { note: `${checks.length} of ${total} are shown.` }),
    };
  },
});

const CONCLUSIONS = ["failure", "pending", "success"] as const;

/** What went wrong comes first, then what is not done. */
function rank(result: string): 0 | 1 | 2 {
  if (["failure", "error", "cancelled", "timed_out", "action_required", "stale", "startup_failure"].includes(result)) {
    return 0;
  }
  return ["success", "neutral", "skipped"].includes(result) ? 2 : 1;
}

function shortened(text: string | null): string | undefined {
  return text?.slice(0, 300).toWellFormed() || undefined;
}
