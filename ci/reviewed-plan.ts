import type { Github } from "./github.ts";

/** The workflow that makes plans for review. */
const PREVIEW = ".github/workflows/preview.yml";

/** What a plan was made for. */
export interface PlanOf {
  stack: string;
  /** Id of the files' tree in git. */
  tree: string;
  /** Tells one state of the stack from another. */
  state: string;
}

interface Artifact {
  name: string;
  expired: boolean;
  created_at: string | null;
  workflow_run?: { id?: number; repository_id?: number; head_repository_id?: number } | null;
}

/** Under which name a run keeps its plan. */
export function artifactName({ stack, tree }: Pick<PlanOf, "stack" | "tree">): string {
  return `plan-${stack}-${tree}`;
}

/** What keeps a plan from being applied; nothing when it is good. */
export function differences(plan: PlanOf, now: PlanOf): string[] {
  const found: string[] = [];
  if (plan.stack !== now.stack) found.push(`It is of the stack "${plan.stack}", not of "${now.stack}".`);
  if (plan.tree !== now.tree) found.push("It was made for other files than those that are checked out.");
  if (plan.state !== now.state)
    found.push(`The stack "${now.stack}" was changed since. Preview again: run the workflow again.`);
  return found;
}

/**
 * The newest plan that a preview of this repository has kept for these files. Anybody's run can keep something under any name: one
 * of a fork, or of another workflow, does not count.
 */
export async function reviewedPlan(
  github: Github,
  of: Pick<PlanOf, "stack" | "tree">,
): Promise<{ name: string; run: number; url: string } | undefined> {
  const name = artifactName(of);
  const { artifacts } = await github.request<{ artifacts: Artifact[] }>("GET /repos/{owner}/{repo}/actions/artifacts", {
    name,
    per_page: 100,
  });
  const newestFirst = artifacts
    .filter((each) => each.name === name && !each.expired)
    .sort((a, b) => (b.created_at ?? "").localeCompare(a.created_at ?? ""));
  for (const { workflow_run: from } of newestFirst) {
    if (from?.id === undefined || from.head_repository_id !== from.repository_id) continue;
    const run = await github.request<{ path: string; event: string; conclusion: string | null; html_url: string }>(
      "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
      { run_id: from.id },
    );
    if (run.path.split("@")[0] !== PREVIEW || run.event !== "pull_request" || run.conclusion !== "success") continue;
    return { name, run: from.id, url: run.html_url };
  }
  return undefined;
}
