import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import type { BatchScrapeJob, CrawlErrorsResponse, CrawlJob } from "firecrawl";
import { z } from "zod";
import type { FirecrawlApi } from "./api.ts";
import { documentOutput, trimmed } from "./documents.ts";
import { waited } from "./job.ts";
import { listCursor, listPage } from "./list-page.ts";

/** A crawl and a batch are the same in all but the way they begin. */
export interface PageJobKind {
  /** What a model calls it. */
  what: string;
  /** Where its jobs are, below the API's base. */
  path: string;
}

export const crawlJob: PageJobKind = { what: "crawl", path: "/v2/crawl" };
export const batchJob: PageJobKind = { what: "batch", path: "/v2/batch/scrape" };

export const pageJobStatusInput = {
  limit: z.int().min(1).max(50).default(10).describe("How many pages at most"),
  cursor: listCursor.optional().describe("next_cursor of the answer before, for the pages after it"),
  characters: z.int().min(200).max(10_000).default(2000).describe("How many characters of each page at most"),
};

export const pageJobStatusOutput = z.object({
  id: z.string(),
  status: z.string().describe("scraping, completed, failed or cancelled"),
  completed: z.int().describe("Pages that are done, also those that could not be read"),
  total: z.int().describe("Pages that are known so far"),
  credits_used: z.number().optional(),
  expires_at: z.string().optional().describe("When Firecrawl forgets the pages"),
  documents: z.array(documentOutput),
  next_cursor: z.string().optional().describe("There are more pages, or there will be while it is scraping"),
  note: z.string().optional(),
});

type Job = (CrawlJob | BatchScrapeJob) & { warning?: string };

/** How a job is, with some of its pages. */
export async function pageJobStatus(
  kind: PageJobKind,
  args: { id: string; limit: number; cursor?: string | undefined; characters: number; wait_seconds: number },
  context: ToolContext<FirecrawlApi>,
): Promise<z.input<typeof pageJobStatusOutput>> {
  const { upstream, signal } = context;
  const { id, limit, cursor, characters } = args;
  const skip = Number(cursor ?? 0);
  const job = await waited(
    args.wait_seconds,
    () => readPageJob(kind, id, skip, limit, upstream, signal),
    ({ status, completed, total }) => ({ running: status === "scraping", done: completed, total }),
    context,
  );
  const { documents, notes } = await trimmed(job.data ?? [], skip, characters, upstream);
  if (job.warning) notes.push(job.warning);
  return {
    id,
    status: job.status,
    completed: job.completed ?? 0,
    total: job.total ?? 0,
    credits_used: job.creditsUsed,
    expires_at: job.expiresAt,
    documents,
    next_cursor: job.next ? skipIn(job.next) : undefined,
    ...(notes.length > 0 && { note: notes.join(" ") }),
  };
}

/** @param skip how many pages come before @throws {ToolError} when there is no such job */
export function readPageJob(
  { what, path }: PageJobKind,
  id: string,
  skip: number,
  limit: number,
  upstream: FirecrawlApi,
  signal: AbortSignal,
): Promise<Job> {
  return upstream.get<Job>(`${path}/${id}`, { skip, limit }, signal, {
    what,
    advice: { tooLarge: "Ask for fewer pages: set limit lower." },
  });
}

/** `next` is an address; it is never dialled, as only the API's own is. */
function skipIn(next: string): string | undefined {
  const skip = URL.canParse(next) ? new URL(next).searchParams.get("skip") : null;
  return skip && listCursor.safeParse(skip).success ? skip : undefined;
}

export const pageJobErrorsInput = {
  limit: z.int().min(1).max(100).default(50).describe("How many errors at most"),
  cursor: listCursor.optional().describe("next_cursor of the answer before, for the errors after it"),
};

export const pageJobErrorsOutput = z.object({
  errors: z.array(z.object({ url: z.string(), code: z.string().optional(), error: z.string() })),
  robots_blocked: z.array(z.string()).describe("Pages that the site's robots.txt keeps from being read, at most 100"),
  next_cursor: z.string().optional(),
});

export async function pageJobErrors(
  { what, path }: PageJobKind,
  { id, limit, cursor }: { id: string; limit: number; cursor?: string | undefined },
  { upstream, signal }: ToolContext<FirecrawlApi>,
): Promise<z.input<typeof pageJobErrorsOutput>> {
  const answer = await upstream.get<CrawlErrorsResponse>(`${path}/${id}/errors`, {}, signal, { what });
  const { items, nextCursor } = listPage(answer.errors ?? [], limit, cursor);
  return {
    errors: items.map(({ url, code, error }) => ({ url, code, error: error.slice(0, 500) })),
    robots_blocked: (answer.robotsBlocked ?? []).slice(0, 100),
    next_cursor: nextCursor,
  };
}

export const cancelledOutput = z.object({ id: z.string(), cancelled: z.boolean() });

export async function cancelPageJob(
  { what, path }: PageJobKind,
  id: string,
  { upstream, signal }: ToolContext<FirecrawlApi>,
): Promise<z.input<typeof cancelledOutput>> {
  const { status } = await upstream.delete<{ status?: string }>(`${path}/${id}`, signal, { what });
  return { id, cancelled: status === "cancelled" };
}

export async function previewPageJobCancel(
  kind: PageJobKind,
  id: string,
  { upstream, signal }: ToolContext<FirecrawlApi>,
): Promise<string> {
  const { status, completed, total } = await readPageJob(kind, id, 0, 1, upstream, signal);
  if (status !== "scraping") return `Nothing: the ${kind.what} is ${status} already.`;
  return `Cancels the ${kind.what} after ${completed} of ${total} known pages. The others are not read; those that are done are kept and paid for.`;
}
