import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import type { FirecrawlApi } from "./api.ts";

/** Milliseconds until a job is looked at again: soon at first, as small ones are quick. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;

/** MCP clients give a call up after 60 s unless they are told otherwise, and the last look takes its time. */
export const waitInput = z
  .int()
  .min(0)
  .max(40)
  .default(0)
  .describe("Wait up to this many seconds until it is done; by default tell at once how it is");

/** How far a job is. */
export interface JobState {
  running: boolean;
  done?: number | undefined;
  total?: number | undefined;
}

/**
 * Looks at a job until it is done or the time is up, and tells the client how far it is.
 * @param look asks for its state
 */
export async function waited<Job>(
  seconds: number,
  look: () => Promise<Job>,
  stateOf: (job: Job) => JobState,
  { upstream, signal, progress }: ToolContext<FirecrawlApi>,
): Promise<Job> {
  const until = Date.now() + seconds * 1000;
  let wait = FIRST_WAIT_MS;
  let told = 0;
  for (;;) {
    const job = await look();
    const { running, done, total } = stateOf(job);
    const left = until - Date.now();
    if (!running || left <= 0) return job;
    const now = done ?? told + 1;
    // Progress has to grow (MCP, "Progress").
    if (now > told) await progress(now, total, total ? `${now} of ${total} pages` : "It is running.");
    told = Math.max(told, now);
    if (!(await upstream.pause(Math.min(wait, left), signal))) return job;
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}
