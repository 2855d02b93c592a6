import { afterEach, describe, expect, test } from "vitest";
import { LOG_LINES } from "../../../local/standins/github/actions-state.ts";
import { challengeOf, post } from "../../oauth-broker/testing/service-client.ts";
import { fullAccount } from "../testing/account.ts";
import { githubService } from "../testing/github-service.ts";

const orchard = { owner: "ada", repo: "orchard" };
const failed = { ...orchard, run_id: 9007 };

interface Run {
  id: number;
  number: number;
  attempt: number;
  status: string;
  conclusion?: string;
  event: string;
}
interface Runs {
  runs: Run[];
  total_count: number;
  next_cursor?: string;
}
interface Log {
  job_id: number;
  job?: string;
  text: string;
  offset: number;
  next_offset?: number;
}
interface Logs {
  logs: Log[];
  note?: string;
}

const { harness, call, refusal } = githubService({ account: fullAccount });
const runOf = (run_id: number) => call<Run>("get_workflow_run", { ...orchard, run_id });

afterEach(() => {
  harness().faults.clear();
  harness().arrived.length = 0;
});

test("list_workflows: finds the workflows with their files", async () => {
  const { workflows, next_cursor } = await call<{ workflows: object[]; next_cursor: string }>("list_workflows", {
    ...orchard,
    limit: 1,
  });
  expect(workflows).toMatchObject([{ id: 701, name: "CI", path: ".github/workflows/ci.yml", state: "active" }]);
  const rest = await call<object>("list_workflows", { ...orchard, limit: 1, cursor: next_cursor });
  expect(rest).toMatchObject({ workflows: [{ name: "Deploy" }], total_count: 2 });
  expect(rest).not.toHaveProperty("next_cursor");
});

test("list_workflow_runs: goes through all runs, and through those of a workflow, state or branch", async () => {
  const list = (args: object) => call<Runs>("list_workflow_runs", { ...orchard, ...args });
  const found: number[] = [];
  let cursor: string | undefined;
  do {
    const page: Runs = await list({ limit: 3, cursor });
    found.push(...page.runs.map(({ number }) => number));
    cursor = page.next_cursor;
  } while (cursor);
  expect(found).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  const numbers = async (args: object) => (await list(args)).runs.map(({ number }) => number);
  expect(await numbers({ workflow: "deploy.yml" })).toEqual([6]);
  expect(await numbers({ workflow: "701", status: "failure" })).toEqual([7]);
  expect(await numbers({ branch: "next", actor: "grace", limit: 2 })).toEqual([7, 5]);
  expect(await numbers({ event: "workflow_dispatch" })).toEqual([6]);
  expect(await numbers({ commit: "0".repeat(40) })).toEqual([]);
});

test("get_workflow_run: tells how a run ended", async () => {
  expect(await runOf(9007)).toMatchObject({
    ...{ workflow: "CI", number: 7, status: "completed", conclusion: "failure", branch: "next", actor: "grace" },
    url: "https://github.com/ada/orchard/actions/runs/9007",
  });
  expect(await runOf(9008)).not.toHaveProperty("conclusion");
  expect(await refusal("get_workflow_run", { ...orchard, run_id: 1 })).toMatch(/^GitHub answered 404/);
});

test("list_workflow_jobs: shows the jobs of a run with their steps", async () => {
  const { jobs } = await call<{ jobs: object[] }>("list_workflow_jobs", failed);
  expect(jobs[0]).not.toHaveProperty("steps");
  const all = await call("list_workflow_jobs", { ...failed, all_steps: true });
  expect(all).toMatchObject({ jobs: [{ steps: [{ name: "Run lint" }] }, {}] });
  expect(jobs).toMatchObject([
    { id: 9107, name: "lint", conclusion: "success" },
    { id: 9207, name: "test", conclusion: "failure", steps: [{ number: 1, name: "Run test", conclusion: "failure" }] },
  ]);
});

test("get_workflow_run_usage: tells how long a run took", async () => {
  expect(await call("get_workflow_run_usage", failed)).toEqual({
    duration_ms: 3_600_000,
    billable: [{ system: "UBUNTU", total_ms: 3_600_000, jobs: 2 }],
  });
});

describe("get_job_logs", () => {
  const job = { ...orchard, job_id: 9207 };

  test("get_job_logs: of a run, shows the end of each failed job's log", async () => {
    const { logs, note } = await call<Logs>("get_job_logs", { ...failed, max_bytes: 2000 });
    expect(logs).toHaveLength(1);
    const [{ job_id, job: name, text, offset }] = logs as [Log];
    expect({ job_id, name }).toEqual({ job_id: 9207, name: "test" });
    expect(text).toMatch(/##\[error\]tree 17 has no apples\n##\[error\]Process completed with exit code 1\.\n$/);
    expect(offset).toBeGreaterThan(100_000);
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("2026-02-01T09:00");
    expect(note).toBeUndefined();
    const fine = await call<Logs>("get_job_logs", { ...orchard, run_id: 9005 });
    expect(fine).toEqual({ logs: [], note: "No job of the run has failed." });
    const running = await call<Logs>("get_job_logs", { ...orchard, run_id: 9008 });
    expect(running.note).toBe("No job of the run has failed so far.");
  });

  test("get_job_logs: the parts of a log are the whole log", async () => {
    let read = "";
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const part: Logs = await call("get_job_logs", { ...job, offset, max_bytes: 49_999, timestamps: true });
      const [log] = part.logs as [Log];
      expect(log.offset).toBeGreaterThanOrEqual(offset);
      read += log.text;
      offset = log.next_offset;
    }
    const lines = read.trimEnd().split("\n");
    expect(lines).toHaveLength(LOG_LINES + 2);
    expect(lines[0]).toBe("\uFEFF2026-02-01T09:00:00.1234567Z counting tree 1: 果 0 apples");
    expect(await refusal("get_job_logs", { ...job, offset: 10_000_000 })).toBe("The log ends before byte 10000000.");
  });

  test("get_job_logs: the storage that the log is in does not get the credential", async () => {
    // The stand-in's storage refuses every request with an Authorization header, as the real one does.
    const { logs } = await call<Logs>("get_job_logs", { ...orchard, job_id: 9107 });
    expect(logs[0]).toMatchObject({ offset: 0, text: expect.stringMatching(/^counting tree 1: 果 0 apples\n/) });
  });

  test("get_job_logs: says what it needs, and that a log is not there", async () => {
    expect(await refusal("get_job_logs", orchard)).toMatch(/^Give either job_id or run_id/);
    expect(await refusal("get_job_logs", { ...failed, job_id: 9207 })).toMatch(/^Give either job_id or run_id/);
    expect(await refusal("get_job_logs", { ...failed, offset: 5 })).toMatch(/^An offset is of one log/);
    expect(harness().arrived).toEqual([]);
    expect(await refusal("get_job_logs", { ...orchard, job_id: 9208 })).toMatch(/^GitHub answered 404/);
  });
});

test("list_workflow_run_artifacts: lists what a run left behind", async () => {
  const { artifacts } = await call<{ artifacts: object[] }>("list_workflow_run_artifacts", failed);
  expect(artifacts).toMatchObject([
    { id: 9301, name: "coverage", size: 81_920, expired: false },
    { id: 9302, name: "old-report", expired: true },
  ]);
});

test("download_workflow_run_artifact: gives a link that works without a credential", async () => {
  const { url } = await call<{ url: string }>("download_workflow_run_artifact", { ...orchard, artifact_id: 9301 });
  expect(new URL(url).pathname).toBe("/github/storage/artifacts/coverage.zip");
  expect(await (await fetch(url)).text()).toBe("PK");
  const gone = await refusal("download_workflow_run_artifact", { ...orchard, artifact_id: 9302 });
  expect(gone).toMatch(/^GitHub answered 410: Artifact has expired\. It was deleted or has expired/);
});

test("run_workflow: starts a run, which get_workflow_run and list_workflow_runs find", async () => {
  const args = { ...orchard, workflow: "deploy.yml", ref: "main", inputs: { target: "orchard" } };
  const { run_id } = await call<{ run_id: number }>("run_workflow", args);
  expect(await runOf(run_id)).toMatchObject({ workflow: "Deploy", status: "queued", event: "workflow_dispatch" });
  const { runs } = await call<Runs>("list_workflow_runs", { ...orchard, status: "queued" });
  expect(runs.map(({ id }) => id)).toEqual([run_id]);
  const refused = (change: object) => refusal("run_workflow", { ...args, ...change });
  expect(await refused({ ref: "nowhere" })).toContain("No ref found for: nowhere");
  expect(await refused({ inputs: { pears: "3" } })).toContain('Unexpected inputs provided: ["pears"]');
  expect(await refused({ workflow: "ci.yml" })).toContain("does not have 'workflow_dispatch' trigger");
});

test("run_workflow: what may have been done is not tried again, and the model is told where to look", async () => {
  harness().faults.set({ failNext: { status: 502, times: 5 } });
  const said = await refusal("run_workflow", { ...orchard, workflow: "702", ref: "main" });
  expect(said).toContain("look with list_workflow_runs before you try again");
  expect(harness().arrived).toHaveLength(1);
});

test("rerun_failed_jobs: runs what failed again, as a new attempt", async () => {
  await call("rerun_failed_jobs", { ...failed, debug: true });
  expect(await runOf(9007)).toMatchObject({ attempt: 2, status: "queued" });
  const { jobs } = await call<{ jobs: object[] }>("list_workflow_jobs", failed);
  expect(jobs).toMatchObject([{ conclusion: "success" }, { status: "queued" }]);
  expect(await refusal("rerun_failed_jobs", failed)).toContain("This workflow is already running");
});

test("rerun_workflow_run: runs all jobs again", async () => {
  await call("rerun_workflow_run", { ...orchard, run_id: 9004 });
  expect(await runOf(9004)).toMatchObject({ attempt: 2, status: "queued" });
});

test("cancel_workflow_run: ends a run, once", async () => {
  const running = { ...orchard, run_id: 9008 };
  expect(await call("cancel_workflow_run", running)).toEqual({ run_id: 9008, asked: "cancel the run" });
  expect(await runOf(9008)).toMatchObject({ status: "completed", conclusion: "cancelled" });
  expect(await refusal("cancel_workflow_run", running)).toContain(
    "409: Cannot cancel a workflow run that is completed",
  );
});

test("delete_workflow_run_logs: says what it would delete, deletes it, and needs github:admin", async () => {
  const run = { ...orchard, run_id: 9003 };
  const dry = await call<{ would: string }>("delete_workflow_run_logs", { ...run, dry_run: true });
  expect(dry).toEqual({
    would: "Deletes the logs of run 3 of CI (Count faster 3), which cannot be had back.",
  });
  expect((await call<Logs>("get_job_logs", { ...orchard, job_id: 9103 })).logs).toHaveLength(1);
  const { origin, headers } = harness();
  const writer = await harness().token(["github:read", "github:write"]);
  const response = await post(origin, writer, "delete_workflow_run_logs", run, headers);
  expect(response.status).toBe(403);
  expect(challengeOf(response).scope!.split(" ")).toContain("github:admin");
  expect(await call("delete_workflow_run_logs", run)).toEqual({ run_id: 9003, deleted: true });
  expect(await refusal("get_job_logs", { ...orchard, job_id: 9103 })).toMatch(/^GitHub answered 410/);
});
