import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { defineTool, type GithubApi, type RepositoryName } from "../api.ts";
import { readTail } from "../read-tail.ts";
import { readWindow } from "../read-window.ts";
import { textPart } from "../text-part.ts";
import { idInput } from "./id-input.ts";
import { repositoryInput } from "./repository-input.ts";

/** Logs of a run that come in one answer; what failed first is mostly the cause of the rest. */
const MAX_LOGS = 5;

/** Every line of a log begins with when it was written. */
const TIMESTAMP = /^\uFEFF?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /gm;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the escape sequences that colour a terminal
const COLOURS = /\u001b\[[\d;]*m/g;

interface LogPart {
  text: string;
  offset: number;
  next_offset?: number;
}

export const getJobLogs = defineTool({
  name: "get_job_logs",
  title: "Get the logs of jobs",
  description:
    "Reads the log of a job of GitHub Actions, or the logs of all failed jobs of a run: the end, where the error mostly is, unless an offset is given. What is before: the same job_id with a smaller offset.",
  scope: "github:read",
  toolset: "actions",
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    job_id: idInput("one job, of list_workflow_jobs").optional(),
    run_id: idInput("a run whose failed jobs are wanted, in place of job_id").optional(),
    offset: z
      .int()
      .min(0)
      .optional()
      .describe("Byte of one job's log to begin at, 0 for the start; left out: the end of the log"),
    max_bytes: z.int().min(1000).max(50_000).default(20_000).describe("How much of all logs together at most"),
    timestamps: z.boolean().default(false).describe("Leave the time in at the beginning of every line"),
  }),
  output: z.object({
    logs: z.array(
      z.object({
        job_id: z.int(),
        job: z.string().optional(),
        text: z.string(),
        offset: z.int().describe("Byte of the whole log at which the text begins; above 0, there is more before"),
        next_offset: z.int().optional().describe("There is more after it: the offset to go on with"),
      }),
    ),
    note: z.string().optional(),
  }),
  async run({ owner, repo, job_id, run_id, offset, max_bytes, timestamps }, { upstream, signal, progress }) {
    const name = { owner, repo };
    const shown = (part: LogPart) => ({ ...part, text: readable(part.text, timestamps) });
    if ((job_id === undefined) === (run_id === undefined)) {
      throw new ToolError("Give either job_id or run_id: one job's log, or those of all failed jobs of a run.");
    }
    if (job_id !== undefined) {
      return { logs: [{ job_id, ...shown(await logOf(upstream, name, job_id, { offset, max_bytes }, signal)) }] };
    }
    if (offset !== undefined) throw new ToolError("An offset is of one log: give it with job_id in place of run_id.");
    const { failed, ended, unseen } = await failedJobs(upstream, name, run_id!, signal);
    const first = failed.slice(0, MAX_LOGS);
    const share = Math.floor(max_bytes / Math.max(1, first.length));
    let done = 0;
    const logs = await Promise.all(
      first.map(async ({ name: job, ...found }) => {
        const id = Number(found.id);
        const part = await logOf(upstream, name, id, { offset, max_bytes: share }, signal);
        await progress(++done, first.length, job);
        return { job_id: id, job, ...shown(part) };
      }),
    );
    const rest = failed.slice(MAX_LOGS).map(({ id, name: job }) => `${job} (job_id ${id})`);
    const notes = [
      ...(failed.length === 0 ? [`No job of the run has failed${ended ? "" : " so far"}.`] : []),
      ...(unseen > 0 ? [`${unseen} more jobs were not looked at: list_workflow_jobs has them.`] : []),
      ...(rest.length > 0 ? [`These failed too: ${rest.join(", ")}.`] : []),
    ];
    return { logs, ...(notes.length > 0 && { note: notes.join(" ") }) };
  },
});

async function failedJobs(upstream: GithubApi, name: RepositoryName, run_id: number, signal: AbortSignal) {
  const { data } = await upstream.page(
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
    { ...name, run_id, filter: "latest" },
    { limit: 100 },
    signal,
  );
  return {
    failed: data.jobs.filter(({ conclusion }) => conclusion === "failure" || conclusion === "timed_out"),
    unseen: data.total_count - data.jobs.length,
    ended: data.jobs.every(({ status }) => status === "completed"),
  };
}

/** @see https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run */
async function logOf(
  upstream: GithubApi,
  name: RepositoryName,
  job_id: number,
  { offset, max_bytes }: { offset: number | undefined; max_bytes: number },
  signal: AbortSignal,
): Promise<LogPart> {
  const route = "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs";
  const link = await upstream.link(route, { ...name, job_id }, signal);
  if (offset === undefined) {
    const { bytes, size } = await upstream.download(link, (body) => readTail(body, max_bytes), signal);
    return partOf(bytes, size - bytes.length, true);
  }
  // One byte more than is shown tells whether there is more.
  const window = { offset, length: max_bytes + 1 };
  const bytes = await upstream.download(link, (body) => readWindow(body, window), signal);
  if (bytes.length === 0 && offset > 0) throw new ToolError(`The log ends before byte ${offset}.`);
  const isLast = bytes.length <= max_bytes;
  return partOf(isLast ? bytes : bytes.subarray(0, max_bytes), offset, isLast);
}

function partOf(bytes: Uint8Array, offset: number, isLast: boolean): LogPart {
  const part = textPart(bytes, offset === 0, isLast);
  if (!part) throw new ToolError("This part of the log is not text; try another offset.");
  const start = offset + part.skipped;
  return { text: part.text, offset: start, ...(!isLast && { next_offset: start + part.length }) };
}

function readable(text: string, timestamps: boolean): string {
  const plain = text.replace(COLOURS, "");
  return timestamps ? plain : plain.replace(TIMESTAMP, "");
}
