import { isDeepStrictEqual } from "node:util";
import type { Github } from "./github.ts";

/** The workflow that makes plans for review, below `.github/workflows/`. */
const PREVIEW = "preview.yml";

interface Pull {
  number: number;
  merged_at: string | null;
  merge_commit_sha: string | null;
  head: { sha: string };
  base: { ref: string };
}

interface Run {
  id: number;
  html_url: string;
  repository: { id: number };
  head_repository: { id: number } | null;
}

/** The part of the engine's plan that is compared: sdk/go/common/apitype/plan.go, `DeploymentPlanV1`. */
export interface Plan {
  resourcePlans?: Record<string, ResourcePlan>;
}

interface ResourcePlan {
  steps?: string[];
  goal?: { inputDiff?: object; protect?: boolean };
}

/**
 * The last preview that succeeded of the pull request that was merged as this commit, at its last commit. A merge, a squash and a
 * rebase each name the commit that the branch got by them (`merge_commit_sha`).
 *
 * What that run has kept is the branch's own word, whose workflow and code it ran: good to compare with, for nothing else.
 */
export async function reviewOf(
  github: Github,
  { commit, branch }: { commit: string; branch: string },
): Promise<{ pull: number; run: number; url: string } | undefined> {
  const pulls = github.all<Pull>("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", { commit_sha: commit });
  for await (const { number: pull, merged_at, merge_commit_sha, head, base } of pulls) {
    if (merged_at === null || merge_commit_sha !== commit || base.ref !== branch) continue;
    const { workflow_runs } = await github.request<{ workflow_runs: Run[] }>(
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
      { workflow_id: PREVIEW, event: "pull_request", status: "success", head_sha: head.sha, per_page: 100 },
    );
    // Newest first. Those of a fork have previewed a local cloud.
    const run = workflow_runs.find(({ repository, head_repository }) => head_repository?.id === repository.id);
    if (run) return { pull, run: run.id, url: run.html_url };
  }
  return undefined;
}

/**
 * Resources to which two plans do different things: other steps, other inputs, another protection. Secrets are left out, as each
 * plan encrypts them anew; so is what a preview only expects to come of it.
 *
 * @returns URNs, those of `now` first
 */
export function differences(reviewed: Plan, now: Plan): string[] {
  const [before, after] = [reviewed.resourcePlans ?? {}, now.resourcePlans ?? {}];
  const all = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...all].filter((urn) => !isDeepStrictEqual(done(before[urn]), done(after[urn])));
}

function done(plan: ResourcePlan | undefined) {
  return plan && [plan.steps, withoutSecrets(plan.goal?.inputDiff), plan.goal?.protect];
}

/** By which key and value the engine marks a secret: sdk/go/common/resource/sig. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutSecrets(each)]));
}
