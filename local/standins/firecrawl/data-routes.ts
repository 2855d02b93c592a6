import { randomUUID } from "node:crypto";
import type {
  AgentListItem,
  AgentListResponse,
  AgentStatusResponse,
  AgentThreadResponse,
  AgentThreadRun,
  AgentTraceEvent,
  AgentTraceResponse,
  Document,
  ExtractResponse,
} from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { type Account, needCredits, Owned, readBody, type StandInEnv } from "./account.ts";
import { FirecrawlError } from "./error.ts";
import { extractBySchema } from "./extract-by-schema.ts";
import type { ReadPageFunction } from "./read-page.ts";
import { relevantSentences } from "./relevant-sentences.ts";
import { jsonSchema, pageUrl, scrapeOptions } from "./scrape-request.ts";
import { SiteWalk } from "./walk-site.ts";

const ignored = z.unknown().optional();

/** The body of `POST /v2/extract`. */
const extractRequest = z
  .strictObject({
    urls: z.array(z.string()).optional(),
    prompt: z.string().optional(),
    schema: jsonSchema.optional(),
    systemPrompt: ignored,
    allowExternalLinks: ignored,
    enableWebSearch: ignored,
    showSources: z.boolean().default(false),
    scrapeOptions: scrapeOptions.optional(),
    ignoreInvalidURLs: ignored,
    webhook: ignored,
    integration: ignored,
  })
  .refine(
    ({ urls, prompt }) => (urls && urls.length > 0) || prompt !== undefined,
    "Either 'prompt' or 'urls' is needed",
  )
  .refine(
    ({ schema, prompt }) => schema !== undefined || prompt !== undefined,
    "Either 'schema' or 'prompt' is needed",
  );

/** The body of `POST /v2/agent`. */
const agentRequest = z.strictObject({
  prompt: z.string().min(1).max(10_000),
  urls: z.array(z.string()).optional(),
  schema: jsonSchema.optional(),
  maxCredits: z.number().positive().default(2500),
  strictConstrainToURLs: ignored,
  model: z.enum(["spark-1-pro", "spark-1-mini", "spark-2"]).default("spark-2"),
  effort: z.enum(["low", "medium", "high"]).optional(),
  mode: z.enum(["extract", "chat"]).default("extract"),
  threadId: z.string().optional(),
  webhook: ignored,
  integration: ignored,
});

/** Most pages of one URL that ends with `/*`, or of a site that an agent looks over. */
const MOST = 10;

/** How many runs a list has on a page. */
const LISTED = 20;

interface Job {
  id: string;
  account: Account;
  status: "processing" | "completed" | "failed";
  error?: string;
  data?: unknown;
  sources: Record<string, string[]>;
  creditsUsed: number;
  /** Pages that were looked at, and when. */
  looked: { url: string; at: Date }[];
  /** Reads the next page; false when there was none left. */
  step(gone: AbortSignal): Promise<boolean>;
}

interface AgentRun extends Job {
  request: z.output<typeof agentRequest>;
  createdAt: number;
  finishedAt: number | undefined;
  threadId: string;
  turn: number;
  cancelled: boolean;
}

/**
 * Extraction and agents, `/v2/extract…` and `/v2/agent…`, by rules instead of a model ({@link extractBySchema}). A job
 * goes on when its status is asked for, and is done when it finds no page left.
 * @param pagesPerLook how many pages it reads each time
 */
export function dataRoutes(
  read: ReadPageFunction,
  siteUrl: (dialled: string) => string,
  pagesPerLook: number,
): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();
  const extracts = new Owned<Job>("Extract job");
  const runs = new Owned<AgentRun>("Agent job");
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();

  /** A job that goes over pages and keeps what each adds. */
  const jobOver = (
    account: Account,
    urls: URL[],
    options: { prompt?: string; schema?: unknown },
    most: number,
  ): Job => {
    const format = scrapeOptions.parse({});
    const walks = urls.map((url) => {
      const whole = /\/\*$/.test(url.pathname);
      const start = new URL(url.href.replace(/\*$/, ""));
      return new SiteWalk(whole ? start : url, format, { limit: whole ? most : 1 }, read);
    });
    const sentences: string[] = [];
    const job: Job = {
      id: randomUUID(),
      account,
      status: "processing",
      sources: {},
      creditsUsed: 0,
      looked: [],
      async step(gone) {
        const walk = walks.find(({ waiting }) => waiting > 0);
        const walked = await walk?.next(gone);
        if (!walked) return false;
        job.looked.push({ url: walked.url, at: new Date() });
        if ("error" in walked) {
          job.error ??= `${walked.url}: ${walked.error.message}`;
          return true;
        }
        needCredits(account, 1);
        account.remainingCredits--;
        job.creditsUsed++;
        const { document } = walked.page;
        const at = document.metadata?.url ?? walked.url;
        if (options.schema) add(job, extractBySchema(options.schema, sourceOf(document, at)), at);
        else {
          const found = relevantSentences(document.markdown ?? "", options.prompt ?? "");
          sentences.push(...found);
          add(job, { answer: sentences.join(" ") || "The pages do not say." }, at, true);
        }
        return true;
      },
    };
    return job;
  };

  const advance = async (job: Job, gone: AbortSignal) => {
    if (job.status !== "processing") return;
    for (let left = pagesPerLook; left > 0; left--) if (!(await job.step(gone))) return end(job);
  };

  const end = (job: Job) => {
    job.status = job.data === undefined ? "failed" : "completed";
    if (job.data === undefined) job.error ??= "No page could be read.";
  };

  app.post("/v2/extract", async (c) => {
    const account = c.get("account");
    const body = await readBody(extractRequest, c.req.raw);
    needCredits(account, 1);
    const urls = urlsIn(body.urls) ?? [new URL(`${siteUrl(c.req.url)}*`)];
    const job = jobOver(account, urls, { prompt: body.prompt ?? "", schema: body.schema }, MOST);
    if (!body.showSources) job.sources = {};
    extracts.add(job);
    return c.json({ success: true, id: job.id } satisfies ExtractResponse);
  });

  app.get("/v2/extract/:id", async (c) => {
    const job = extracts.get(c.req.param("id"), c.get("account"));
    await advance(job, c.req.raw.signal);
    const { status, error, data, sources, creditsUsed } = job;
    return c.json({
      success: status !== "failed",
      status,
      ...(status === "completed" && { data, sources }),
      ...(status === "failed" && { error: error! }),
      expiresAt,
      creditsUsed,
    } satisfies ExtractResponse);
  });

  app.post("/v2/agent", async (c) => {
    const account = c.get("account");
    const request = await readBody(agentRequest, c.req.raw);
    needCredits(account, 1);
    const { threadId, prompt, schema } = request;
    const before = runs.of(account).filter((run) => run.threadId === threadId);
    if (threadId !== undefined && before.length === 0) throw new FirecrawlError(404, "Thread not found");
    const urls = urlsIn(request.urls) ?? [new URL(`${siteUrl(c.req.url)}*`)];
    const job = jobOver(account, urls, { prompt, schema }, Math.min(MOST, request.maxCredits));
    const run: AgentRun = Object.assign(job, {
      request,
      createdAt: Date.now(),
      finishedAt: undefined,
      threadId: threadId ?? randomUUID(),
      turn: before.length + 1,
      cancelled: false,
    });
    runs.add(run);
    return c.json({ success: true, id: run.id, threadId: run.threadId, threadTurn: run.turn });
  });

  app.get("/v2/agent", (c) => {
    const before = Number(c.req.query("before") ?? Number.POSITIVE_INFINITY);
    const older = runs.of(c.get("account")).filter(({ createdAt }) => createdAt < before);
    const page = older.slice(0, LISTED);
    const { origin, pathname } = new URL(c.req.url);
    return c.json({
      success: true,
      agents: page.map(listed),
      ...(older.length > page.length && { next: `${origin}${pathname}?before=${page.at(-1)!.createdAt}` }),
    } satisfies AgentListResponse);
  });

  app.get("/v2/agent/threads/:id", (c) => {
    const turns = runs.of(c.get("account")).filter(({ threadId }) => threadId === c.req.param("id"));
    if (turns.length === 0) throw new FirecrawlError(404, "Thread not found");
    const withData = c.req.query("includeData") === "true";
    const ordered = turns.toReversed();
    const thread = {
      id: ordered[0]!.threadId,
      createdAt: new Date(ordered[0]!.createdAt).toISOString(),
      updatedAt: new Date(ordered.at(-1)!.createdAt).toISOString(),
      status: turns.some(({ status }) => status === "processing") ? ("running" as const) : ("idle" as const),
      runs: ordered.map((run) => turnOf(run, withData)),
    };
    return c.json({ success: true, thread } satisfies AgentThreadResponse);
  });

  app.get("/v2/agent/:id", async (c) => {
    const run = runs.get(c.req.param("id"), c.get("account"));
    await advance(run, c.req.raw.signal);
    if (run.status !== "processing") run.finishedAt ??= Date.now();
    const { status, error, data, creditsUsed, request, threadId, turn } = run;
    const done = status === "completed";
    return c.json({
      success: true,
      status,
      ...(status === "failed" && { error: error! }),
      ...(done && request.mode === "extract" && { data }),
      ...(done && request.mode === "chat" && { message: messageOf(data) }),
      model: request.model,
      ...(request.effort && { effort: request.effort }),
      expiresAt,
      creditsUsed,
      threadId,
      threadTurn: turn,
      mode: request.mode,
    } satisfies AgentStatusResponse);
  });

  app.get("/v2/agent/:id/trace", (c) => {
    const run = runs.get(c.req.param("id"), c.get("account"));
    const { id, creditsUsed } = run;
    return c.json({ success: true, id, events: traceOf(run), creditsUsed } satisfies AgentTraceResponse);
  });

  app.delete("/v2/agent/:id", (c) => {
    const run = runs.get(c.req.param("id"), c.get("account"));
    if (run.status !== "processing") throw new FirecrawlError(409, `The agent is already ${run.status}`);
    Object.assign(run, { status: "failed", error: "Cancelled", cancelled: true, finishedAt: Date.now() });
    return c.json({ success: true });
  });
  return app;
}

/** @throws {FirecrawlError} 400 for a URL that is none */
function urlsIn(texts: string[] | undefined): URL[] | undefined {
  if (!texts || texts.length === 0) return undefined;
  return texts.map((text) => {
    const url = pageUrl.safeParse(text).data;
    if (!url) throw new FirecrawlError(400, `Bad Request: Invalid URL ${text}`, "BAD_REQUEST");
    return url;
  });
}

function sourceOf({ markdown, metadata }: Document, url: string) {
  return { markdown: markdown ?? "", title: metadata?.title, description: metadata?.description, url };
}

/** Takes what a page has, where no page before had it. */
function add(job: Job, found: unknown, url: string, replace = false): void {
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    job.data ??= found;
    return;
  }
  job.data ??= {};
  const data = job.data as Record<string, unknown>;
  for (const [name, value] of Object.entries(found)) {
    const empty = value === null || (Array.isArray(value) && value.length === 0);
    if (!replace && data[name] != null && !(Array.isArray(data[name]) && data[name].length === 0)) continue;
    data[name] = value;
    if (!empty) job.sources[name] = replace ? [...(job.sources[name] ?? []), url] : [url];
  }
}

function messageOf(data: unknown): string {
  const answer = (data as { answer?: unknown } | undefined)?.answer;
  return typeof answer === "string" ? answer : JSON.stringify(data);
}

/** What differs from event to event. */
type Happened<Event = AgentTraceEvent> = Event extends AgentTraceEvent
  ? Omit<Event, "schemaVersion" | "eventId" | "runId" | "occurredAt" | "producerSequence" | "agent">
  : never;

function traceOf(run: AgentRun): AgentTraceEvent[] {
  const { id, createdAt, finishedAt, status, looked, cancelled } = run;
  const events: AgentTraceEvent[] = [];
  const add = (at: Date, event: Happened) => {
    const sequence = events.length;
    const agent = { id: `${id}-orchestrator`, role: "orchestrator" as const, name: "Reader" };
    const base = { schemaVersion: 1, eventId: `${id}-${sequence}`, runId: id, producerSequence: sequence, agent };
    events.push({ ...base, occurredAt: at.toISOString(), ...event } as AgentTraceEvent);
  };
  add(new Date(createdAt), { type: "run.started" });
  for (const { url, at } of looked) {
    const call = { toolCallId: `${id}-${url}`, toolName: "scrape" };
    add(at, { type: "tool_call.started", ...call, parameters: { url } });
    add(at, { type: "tool_call.finished", ...call, result: null });
  }
  const outcome = cancelled ? "cancelled" : status === "completed" ? "succeeded" : "failed";
  if (finishedAt !== undefined) add(new Date(finishedAt), { type: "run.finished", outcome, error: null });
  return events;
}

function listed({ id, createdAt, status, request }: AgentRun): AgentListItem {
  const { prompt, urls, schema, model, effort } = request;
  return {
    id,
    createdAt: new Date(createdAt).toISOString(),
    targetHint: prompt.slice(0, 100),
    origin: "api",
    settings: { hidden: false, starred: false },
    status,
    options: { prompt, model, ...(urls && { urls }), ...(schema && { schema }), ...(effort && { effort }) },
  };
}

function turnOf(run: AgentRun, withData: boolean): AgentThreadRun {
  const { id, turn, request, status, createdAt, finishedAt, creditsUsed, data, cancelled } = run;
  return {
    id,
    turn,
    mode: request.mode,
    prompt: request.prompt,
    ...(request.urls && { urls: request.urls }),
    status: cancelled ? "cancelled" : status === "completed" ? "succeeded" : status,
    createdAt: new Date(createdAt).toISOString(),
    finishedAt: finishedAt === undefined ? null : new Date(finishedAt).toISOString(),
    creditsUsed,
    message: status === "completed" && request.mode === "chat" ? messageOf(data) : null,
    ...(withData && status === "completed" && { data }),
  };
}
