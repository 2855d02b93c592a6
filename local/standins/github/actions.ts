import { z } from "zod";
import { type Job, logOf, type Run, seedActions, type Workflow } from "./actions-state.ts";
import type { AddRoutes, Call } from "./context.ts";
import { demandPush } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import { pageOf } from "./page.ts";
import { storageLink } from "./storage.ts";
import { isSame } from "./store.ts";

const dispatch = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  return_run_details: z.boolean().default(false),
});

/** https://docs.github.com/en/rest/actions */
export const addActionRoutes: AddRoutes = (app, { store, as, editor, repositoryOf }) => {
  const stateOf = (c: Call, level: "read" | "write" = "read") => {
    const repository = repositoryOf(c, "actions", level);
    if (level === "write") demandPush(c, repository);
    const all = store.area("actions", seedActions);
    const name = `${repository.owner}/${repository.name}`;
    all[name] ??= { workflows: [], runs: [] };
    return { repository, state: all[name] };
  };

  const runOf = (c: Call, level: "read" | "write" = "read") => {
    const { repository, state } = stateOf(c, level);
    const run = state.runs.find((each) => String(each.id) === c.req.param("run"));
    if (!run) throw new GithubError(404, "Not Found");
    return { repository, state, run };
  };

  /** A workflow is named by its id or by its file. */
  const workflowOf = (workflows: Workflow[], name: string | undefined) => {
    const found = workflows.find((each) => String(each.id) === name || each.path.endsWith(`/${name}`));
    if (!found) throw new GithubError(404, "Not Found");
    return found;
  };

  const html = (c: Call) => `https://github.com/${c.req.param("owner")}/${c.req.param("repo")}/actions`;

  const workflow = (c: Call, each: Workflow) =>
    described("workflow", {
      ...{ id: each.id, name: each.name, path: each.path, state: "active" },
      html_url: `${html(c)}/workflows/${each.path.split("/").at(-1)}`,
    });

  const run = (c: Call, each: Run, workflows: Workflow[]) => {
    const of = workflowOf(workflows, String(each.workflowId));
    return described("workflow-run", {
      ...{ id: each.id, name: of.name, workflow_id: of.id, path: of.path, display_title: each.title },
      ...{ run_number: each.number, run_attempt: each.attempt, event: each.event, head_sha: each.commit },
      ...{ status: each.status, conclusion: each.conclusion, head_branch: each.branch, pull_requests: [] },
      ...{ created_at: each.createdAt, updated_at: each.updatedAt, run_started_at: each.createdAt },
      ...{ actor: as(c).simpleUser(each.actor), html_url: `${html(c)}/runs/${each.id}` },
    });
  };

  const job = (c: Call, each: Job, of: Run) =>
    described("job", {
      ...{ id: each.id, run_id: of.id, run_attempt: of.attempt, name: each.name, head_sha: of.commit },
      ...{
        status: each.status,
        conclusion: each.conclusion,
        labels: ["ubuntu-latest"],
        runner_name: "GitHub Actions 1",
      },
      ...{ html_url: `${html(c)}/runs/${of.id}/job/${each.id}`, created_at: of.createdAt, started_at: of.createdAt },
      completed_at: each.status === "completed" ? of.updatedAt : null,
      steps: [{ number: 1, name: `Run ${each.name}`, status: each.status, conclusion: each.conclusion }],
    });

  const counted = <Item>(c: Call, name: string, all: Item[], toItem: (each: Item) => object) => {
    const { items, headers } = pageOf(new URL(c.req.url), all);
    return c.json({ total_count: all.length, [name]: items.map(toItem) }, 200, headers);
  };

  const listRuns = (c: Call) => {
    const { state } = stateOf(c);
    const name = c.req.param("workflow");
    const of = name === undefined ? undefined : workflowOf(state.workflows, name);
    const { branch, status, event, actor, head_sha } = c.req.query();
    const found = state.runs.filter(
      (each) =>
        (!of || each.workflowId === of.id) &&
        (!branch || each.branch === branch) &&
        (!status || each.status === status || each.conclusion === status) &&
        (!event || each.event === event) &&
        (!actor || isSame(each.actor, actor)) &&
        (!head_sha || each.commit === head_sha),
    );
    return counted(c, "workflow_runs", found, (each) => run(c, each, state.workflows));
  };

  const base = "/repos/:owner/:repo/actions";
  app.get(`${base}/runs`, listRuns);
  app.get(`${base}/workflows/:workflow/runs`, listRuns);

  app.get(`${base}/workflows`, (c) => {
    return counted(c, "workflows", stateOf(c).state.workflows, (each) => workflow(c, each));
  });

  app.post(`${base}/workflows/:workflow/dispatches`, async (c) => {
    const { repository, state } = stateOf(c, "write");
    const of = workflowOf(state.workflows, c.req.param("workflow"));
    const { ref, inputs, return_run_details } = await bodyOf(c.req, dispatch);
    const commit = store.git(repository).resolve(ref);
    if (!commit) throw new GithubError(422, `No ref found for: ${ref}`);
    if (!of.inputs) throw new GithubError(422, "Workflow does not have 'workflow_dispatch' trigger");
    const unknown = Object.keys(inputs).filter((name) => !of.inputs!.includes(name));
    if (unknown.length > 0) throw new GithubError(422, `Unexpected inputs provided: ${JSON.stringify(unknown)}`);
    const { login, at, nextId } = editor(c);
    const number = Math.max(0, ...state.runs.map((each) => each.number)) + 1;
    const made: Run = {
      ...{ id: nextId(), workflowId: of.id, number, attempt: 1, title: of.name, event: "workflow_dispatch" },
      ...{ status: "queued", conclusion: null, branch: ref, commit: commit.sha, actor: login },
      ...{ createdAt: at, updatedAt: at, artifacts: [], hasLogs: true },
      jobs: [{ id: nextId(), name: "deploy", status: "queued", conclusion: null }],
    };
    state.runs.unshift(made);
    store.save();
    if (!return_run_details) return c.body(null, 204);
    const run_url = `${c.get("base")}/repos/${c.req.param("owner")}/${c.req.param("repo")}/actions/runs/${made.id}`;
    return c.json({ workflow_run_id: made.id, run_url, html_url: `${html(c)}/runs/${made.id}` });
  });

  app.get(`${base}/runs/:run`, (c) => {
    const { state, run: found } = runOf(c);
    return c.json(run(c, found, state.workflows));
  });

  app.get(`${base}/runs/:run/timing`, (c) => {
    const { run: found } = runOf(c);
    const total_ms = Date.parse(found.updatedAt) - Date.parse(found.createdAt);
    const job_runs = found.jobs.map(({ id }) => ({ job_id: id, duration_ms: total_ms / found.jobs.length }));
    const UBUNTU = { total_ms, jobs: job_runs.length, job_runs };
    return c.json({ billable: { UBUNTU }, run_duration_ms: total_ms });
  });

  app.get(`${base}/runs/:run/jobs`, (c) => {
    const { run: found } = runOf(c);
    return counted(c, "jobs", found.jobs, (each) => job(c, each, found));
  });

  app.get(`${base}/runs/:run/artifacts`, (c) => {
    const { run: found } = runOf(c);
    return counted(c, "artifacts", found.artifacts, ({ id, name, size, expired }) =>
      described("artifact", { id, name, size_in_bytes: size, expired, created_at: found.updatedAt }),
    );
  });

  app.get(`${base}/artifacts/:artifact/zip`, (c) => {
    const { state } = stateOf(c);
    const all = state.runs.flatMap((each) => each.artifacts);
    const artifact = all.find((each) => String(each.id) === c.req.param("artifact"));
    if (!artifact) throw new GithubError(404, "Not Found");
    if (artifact.expired) throw new GithubError(410, "Artifact has expired");
    return c.body(null, 302, { location: storageLink(c, `artifacts/${artifact.name}.zip`, "PK") });
  });

  app.get(`${base}/jobs/:job/logs`, (c) => {
    const { state } = stateOf(c);
    const jobs = state.runs.flatMap((of) => of.jobs.map((each) => ({ each, of })));
    const found = jobs.find(({ each }) => String(each.id) === c.req.param("job"));
    if (found?.each.status !== "completed") throw new GithubError(404, "Not Found");
    if (!found.of.hasLogs) throw new GithubError(410, "The logs for this run have been deleted.");
    return c.body(null, 302, { location: storageLink(c, `logs/${found.each.id}.txt`, logOf(found.each)) });
  });

  const rerun = (failedOnly: boolean) => (c: Call) => {
    const { run: found } = runOf(c, "write");
    if (found.status !== "completed") throw new GithubError(403, "This workflow is already running");
    const again = found.jobs.filter(({ conclusion }) => !failedOnly || conclusion !== "success");
    if (again.length === 0) throw new GithubError(403, "This workflow run has no failed jobs");
    for (const each of again) Object.assign(each, { status: "queued", conclusion: null });
    Object.assign(found, {
      ...{ status: "queued", conclusion: null, attempt: found.attempt + 1, updatedAt: editor(c).at },
    });
    store.save();
    return c.json({}, 201);
  };
  app.post(`${base}/runs/:run/rerun`, rerun(false));
  app.post(`${base}/runs/:run/rerun-failed-jobs`, rerun(true));

  app.post(`${base}/runs/:run/cancel`, (c) => {
    const { run: found } = runOf(c, "write");
    if (found.status === "completed") throw new GithubError(409, "Cannot cancel a workflow run that is completed.");
    const ended = { status: "completed", conclusion: "cancelled" };
    for (const each of found.jobs) if (each.status !== "completed") Object.assign(each, ended);
    Object.assign(found, { ...ended, updatedAt: editor(c).at });
    store.save();
    return c.json({}, 202);
  });

  app.delete(`${base}/runs/:run/logs`, (c) => {
    const { run: found } = runOf(c, "write");
    if (found.status !== "completed") throw new GithubError(403, "Cannot delete logs of a run that is in progress");
    found.hasLogs = false;
    store.save();
    return c.body(null, 204);
  });
};
