import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool, type GithubApi } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { lookFirst } from "../unanswered.ts";
import { getJobLogs } from "./actions-logs.ts";
import { refName, sha } from "./git-input.ts";
import { idInput } from "./id-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";
import { login } from "./user-input.ts";

type Schemas = components["schemas"];

const toolset = "actions";
const runInput = { ...repositoryInput, run_id: idInput("the run, of list_workflow_runs") };

/** An id, or the name of the workflow's file: no path. */
const workflowInput = z
  .string()
  .regex(/^(?:[1-9]\d{0,15}|[\w. -]+\.ya?ml)$/, "must be the workflow's id, or its file's name without a path")
  .max(200)
  .describe('The workflow: its id, or its file\'s name such as "ci.yml"');

/** How a run stands, or ended. */
const STATUSES = [
  ...(["completed", "in_progress", "queued", "requested", "waiting", "pending"] as const),
  ...(["success", "failure", "cancelled", "skipped", "timed_out", "action_required", "neutral", "stale"] as const),
];

const workflow = z.object({ id: z.int(), name: z.string(), path: z.string(), state: z.string(), url: z.string() });

export const listWorkflows = defineTool({
  name: "list_workflows",
  title: "List workflows",
  description:
    "Lists the GitHub Actions workflows of a repository, with their ids, files and whether they are switched on. Their runs: list_workflow_runs.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...numberedPageInput }),
  output: z.object({ workflows: z.array(workflow), total_count: z.int(), ...pageOutput }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/actions/workflows";
    const { data, nextCursor } = await upstream.page(route, { owner, repo }, page, signal);
    return {
      workflows: data.workflows.map(({ id, name, path, state, html_url }) => ({
        id,
        name,
        path,
        state,
        url: html_url,
      })),
      total_count: data.total_count,
      next_cursor: nextCursor,
    };
  },
});

const run = z.object({
  id: z.int(),
  workflow: z.string().optional(),
  workflow_id: z.int(),
  title: z.string(),
  number: z.int(),
  attempt: z.int().optional(),
  event: z.string(),
  status: z.string().optional(),
  conclusion: z.string().optional().describe("How it ended; none as long as it runs"),
  branch: z.string().optional(),
  commit: z.string(),
  actor: z.string().optional(),
  pull_requests: z.array(z.int()),
  created_at: z.string(),
  started_at: z.string().optional(),
  updated_at: z.string(),
  url: z.string(),
});

function runOf(from: Schemas["workflow-run"]): z.input<typeof run> {
  return {
    id: Number(from.id),
    workflow: from.name ?? undefined,
    workflow_id: from.workflow_id,
    title: from.display_title,
    number: from.run_number,
    attempt: from.run_attempt,
    event: from.event,
    status: from.status ?? undefined,
    conclusion: from.conclusion ?? undefined,
    branch: from.head_branch ?? undefined,
    commit: from.head_sha,
    actor: from.actor?.login,
    pull_requests: (from.pull_requests ?? []).map(({ number }) => number),
    created_at: from.created_at,
    started_at: from.run_started_at,
    updated_at: from.updated_at,
    url: from.html_url,
  };
}

export const listWorkflowRuns = defineTool({
  name: "list_workflow_runs",
  title: "List workflow runs",
  description:
    "Lists runs of GitHub Actions in a repository, newest first, of one workflow or of all. What failed in one: get_job_logs with its run_id.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    workflow: workflowInput.optional(),
    branch: refName.optional().describe("Only runs of this branch"),
    status: z.enum(STATUSES).optional().describe("Only runs in this state, or that ended so"),
    event: z
      .string()
      .regex(/^[a-z_]{1,50}$/, 'must be the name of an event such as "push"')
      .optional()
      .describe('Only runs that this event began: "push", "pull_request", "schedule", "workflow_dispatch"'),
    actor: login.optional().describe("Only runs that this person began"),
    commit: sha.optional().describe("Only runs of this commit: all 40 digits of its id"),
    ...numberedPageInput,
  }),
  output: z.object({ runs: z.array(run), total_count: z.int(), ...pageOutput }),
  async run({ owner, repo, workflow, commit, limit, cursor, ...filters }, { upstream, signal }) {
    const query = { owner, repo, head_sha: commit, ...filters };
    const page = { limit, cursor };
    const { data, nextCursor } = workflow
      ? await upstream.page(
          "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
          { ...query, workflow_id: workflow },
          page,
          signal,
        )
      : await upstream.page("GET /repos/{owner}/{repo}/actions/runs", query, page, signal);
    return { runs: data.workflow_runs.map(runOf), total_count: data.total_count, next_cursor: nextCursor };
  },
});

export const getWorkflowRun = defineTool({
  name: "get_workflow_run",
  title: "Get a workflow run",
  description: "Tells how a run of GitHub Actions stands or ended. Its jobs and steps: list_workflow_jobs.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(runInput),
  output: run,
  run: async (args, { upstream, signal }) => runOf(await readRun(upstream, args, signal)),
});

function readRun(upstream: GithubApi, name: RunName, signal: AbortSignal) {
  return upstream.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}", name, signal);
}

interface RunName {
  owner: string;
  repo: string;
  run_id: number;
}

export const getWorkflowRunUsage = defineTool({
  name: "get_workflow_run_usage",
  title: "Get the time that a run took",
  description: "Tells how long a run of GitHub Actions took, and how much of that is billed by operating system.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(runInput),
  output: z.object({
    duration_ms: z.int().optional().describe("Milliseconds from the start to the end"),
    billable: z.array(z.object({ system: z.string(), total_ms: z.int(), jobs: z.int() })),
  }),
  async run(args, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/actions/runs/{run_id}/timing";
    const { run_duration_ms, billable } = await upstream.request(route, args, signal);
    return {
      duration_ms: run_duration_ms,
      billable: Object.entries(billable ?? {}).map(([system, { total_ms, jobs }]) => ({ system, total_ms, jobs })),
    };
  },
});

export const listWorkflowJobs = defineTool({
  name: "list_workflow_jobs",
  title: "List the jobs of a run",
  description:
    "Lists the jobs of a run of GitHub Actions and how each ended, with the steps of those that did not succeed. The log of one: get_job_logs with its id.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...runInput,
    all_attempts: z.boolean().default(false).describe("Jobs of earlier attempts too, not only of the last one"),
    all_steps: z.boolean().default(false).describe("The steps of jobs that succeeded, too"),
    ...numberedPageInput,
  }),
  output: z.object({
    jobs: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        status: z.string(),
        conclusion: z.string().optional(),
        attempt: z.int().optional(),
        runner: z.string().optional(),
        started_at: z.string(),
        completed_at: z.string().optional(),
        url: z.string().optional(),
        steps: z
          .array(z.object({ number: z.int(), name: z.string(), status: z.string(), conclusion: z.string().optional() }))
          .optional(),
      }),
    ),
    total_count: z.int(),
    ...pageOutput,
  }),
  async run({ owner, repo, run_id, all_attempts, all_steps, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page(
      "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
      { owner, repo, run_id, filter: all_attempts ? "all" : "latest" },
      page,
      signal,
    );
    return {
      jobs: data.jobs.map((job) => ({
        id: Number(job.id),
        name: job.name,
        status: job.status,
        conclusion: job.conclusion ?? undefined,
        attempt: job.run_attempt,
        runner: job.runner_name || undefined,
        started_at: job.started_at,
        completed_at: job.completed_at ?? undefined,
        url: job.html_url ?? undefined,
        ...((all_steps || job.conclusion !== "success") && {
          steps: (job.steps ?? []).map(({ number, name, status, conclusion }) => ({
            ...{ number, name, status, conclusion: conclusion ?? undefined },
          })),
        }),
      })),
      total_count: data.total_count,
      next_cursor: nextCursor,
    };
  },
});

export const runWorkflow = defineTool({
  name: "run_workflow",
  title: "Run a workflow",
  description:
    "Starts a workflow of GitHub Actions that has the trigger workflow_dispatch, with inputs if it takes any. Follow it with get_workflow_run.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    workflow: workflowInput,
    ref: refName.describe("Branch or tag whose version of the workflow runs"),
    inputs: z
      .record(z.string().min(1).max(100), z.string().max(10_000))
      .default({})
      .refine((inputs) => Object.keys(inputs).length <= 25, "must be no more than 25")
      .describe("Values of the workflow's inputs by name, all as text; at most 25"),
  }),
  output: z.object({ run_id: z.int().optional(), url: z.string().optional(), note: z.string().optional() }),
  async run({ owner, repo, workflow, ref, inputs }, { upstream, signal }) {
    const started = await upstream.request(
      "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
      { owner, repo, workflow_id: workflow, ref, inputs, return_run_details: true },
      signal,
      lookFirst("list_workflow_runs"),
    );
    // A server of an earlier version does not tell.
    if (!started) return { note: "It was started; list_workflow_runs shows the run in a moment." };
    return { run_id: Number(started.workflow_run_id), url: started.html_url };
  },
});

const LOOK_AT_RUN = lookFirst("get_workflow_run");
const asked = z.object({
  run_id: z.int(),
  asked: z.string().describe("What GitHub was asked to do; it takes a while"),
});
const debugInput = z.boolean().default(false).describe("Write more into the log, to find what is wrong");

export const rerunWorkflowRun = defineTool({
  name: "rerun_workflow_run",
  title: "Run a run again",
  description:
    "Runs all jobs of an ended run of GitHub Actions again, as a new attempt of it. Only those that failed: rerun_failed_jobs.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({ ...runInput, debug: debugInput }),
  output: asked,
  async run({ debug, ...name }, { upstream, signal }) {
    const route = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun";
    await upstream.request(route, { ...name, enable_debug_logging: debug }, signal, LOOK_AT_RUN);
    return { run_id: name.run_id, asked: "run all jobs again" };
  },
});

export const rerunFailedJobs = defineTool({
  name: "rerun_failed_jobs",
  title: "Run failed jobs again",
  description:
    "Runs the failed jobs of an ended run of GitHub Actions again, and those that depend on them, as a new attempt of it.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({ ...runInput, debug: debugInput }),
  output: asked,
  async run({ debug, ...name }, { upstream, signal }) {
    const route = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs";
    await upstream.request(route, { ...name, enable_debug_logging: debug }, signal, LOOK_AT_RUN);
    return { run_id: name.run_id, asked: "run the failed jobs again" };
  },
});

export const cancelWorkflowRun = defineTool({
  name: "cancel_workflow_run",
  title: "Cancel a run",
  description: "Cancels a run of GitHub Actions that has not ended yet; it can be run again with rerun_workflow_run.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject(runInput),
  output: asked,
  async run(name, { upstream, signal }) {
    await upstream.request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel", name, signal, LOOK_AT_RUN);
    return { run_id: name.run_id, asked: "cancel the run" };
  },
});

export const listWorkflowRunArtifacts = defineTool({
  name: "list_workflow_run_artifacts",
  title: "List the artifacts of a run",
  description:
    "Lists the files that a run of GitHub Actions left behind. A link to one: download_workflow_run_artifact with its id.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...runInput, ...numberedPageInput }),
  output: z.object({
    artifacts: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        size: z.int().describe("Bytes"),
        expired: z.boolean().describe("Whether it is gone"),
        created_at: z.string().optional(),
        expires_at: z.string().optional(),
      }),
    ),
    total_count: z.int(),
    ...pageOutput,
  }),
  async run({ owner, repo, run_id, ...page }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts";
    const { data, nextCursor } = await upstream.page(route, { owner, repo, run_id }, page, signal);
    return {
      artifacts: data.artifacts.map(({ id, name, size_in_bytes, expired, created_at, expires_at }) => ({
        ...{ id, name, size: size_in_bytes, expired },
        created_at: created_at ?? undefined,
        expires_at: expires_at ?? undefined,
      })),
      total_count: data.total_count,
      next_cursor: nextCursor,
    };
  },
});

export const downloadWorkflowRunArtifact = defineTool({
  name: "download_workflow_run_artifact",
  title: "Get a link to an artifact",
  description:
    "Gives a link to an artifact of a run, as a ZIP archive; the file itself is not read here. It works for a minute, for whoever has it.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    artifact_id: idInput("the artifact, of list_workflow_run_artifacts"),
  }),
  output: z.object({
    url: z.string().describe("Works for one minute and needs no sign-in: not for anybody else's eyes"),
  }),
  async run(args, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}";
    return { url: await upstream.link(route, { ...args, archive_format: "zip" }, signal) };
  },
});

export const deleteWorkflowRunLogs = defineTool({
  name: "delete_workflow_run_logs",
  title: "Delete the logs of a run",
  description: "Deletes all logs of a run of GitHub Actions for good; the run itself and how it ended stay.",
  scope: "github:admin",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject(runInput),
  output: z.object({ run_id: z.int(), deleted: z.literal(true) }),
  async preview(name, { upstream, signal }) {
    const found = await readRun(upstream, name, signal);
    return `Deletes the logs of run ${found.run_number} of ${found.name ?? found.path} (${found.display_title}), which cannot be had back.`;
  },
  async run(name, { upstream, signal }) {
    await upstream.request("DELETE /repos/{owner}/{repo}/actions/runs/{run_id}/logs", name, signal);
    return { run_id: name.run_id, deleted: true as const };
  },
});

export const actionTools = [
  listWorkflows,
  listWorkflowRuns,
  getWorkflowRun,
  listWorkflowJobs,
  getJobLogs,
  getWorkflowRunUsage,
  listWorkflowRunArtifacts,
  downloadWorkflowRunArtifact,
  runWorkflow,
  rerunWorkflowRun,
  rerunFailedJobs,
  cancelWorkflowRun,
  deleteWorkflowRunLogs,
];
