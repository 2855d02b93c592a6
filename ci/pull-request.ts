import { UserError } from "../local/cli/user-error.ts";
import type { Github } from "./github.ts";

interface Repository {
  full_name?: string;
  owner?: { login?: string };
}

interface Event {
  pull_request?: { number?: number; head?: { sha?: string } };
  workflow_run?: { head_sha?: string; head_branch?: string; head_repository?: Repository; html_url?: string };
}

interface Pull {
  number: number;
  head: { sha: string; repo: Repository | null };
}

/**
 * The pull request that an event is about. Of a run that another one has ended the event itself says from where that was (of a
 * fork it names no number), and nothing that the run left behind is asked.
 *
 * @throws {UserError} when there is none, or it has moved on since
 */
export async function pullRequestOf(github: Github, event: Event): Promise<number> {
  if (event.pull_request?.number !== undefined) return event.pull_request.number;
  const { head_sha, head_branch, head_repository } = event.workflow_run ?? {};
  const from = head_repository?.owner?.login;
  if (!head_sha || !head_branch || !from)
    throw new UserError("The event is neither of a pull request nor of a run of one.");
  const pulls = github.all<Pull>("GET /repos/{owner}/{repo}/pulls", { state: "open", head: `${from}:${head_branch}` });
  for await (const { number, head } of pulls) {
    if (head.sha === head_sha && head.repo?.full_name === head_repository?.full_name) return number;
  }
  throw new UserError(
    `No open pull request of ${from}:${head_branch} is at ${head_sha}: it has moved on, or is closed. Nothing was posted.`,
  );
}

/** Which commit an event's preview is of, and the URL of the run that made it or was to make it. */
export function previewOf(event: Event, env: NodeJS.ProcessEnv): { commit: string; run: string } {
  const { pull_request, workflow_run } = event;
  return {
    commit: workflow_run?.head_sha ?? pull_request?.head?.sha ?? "this commit",
    run:
      workflow_run?.html_url ?? `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`,
  };
}
