import type {
  ConcurrencyCheck,
  CreditUsage,
  CreditUsageHistoricalResponse,
  FeedbackResponse,
  QueueStatusResponse,
  TokenUsage,
  TokenUsageHistoricalResponse,
} from "firecrawl";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { given, idInput, urlInput } from "../page-options.ts";

const period = {
  period_start: z.string().optional(),
  period_end: z.string().optional(),
};

export const creditUsage = defineTool({
  name: "credit_usage",
  title: "See how many credits are left",
  description: "Tells how many credits the account has left. Ask it before work that costs many.",
  scope: "firecrawl:read",
  toolset: "account",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({ remaining_credits: z.number(), plan_credits: z.number().optional(), ...period }),
  async run(_, { upstream, signal }) {
    const { data } = await upstream.get<{ data: CreditUsage }>("/v2/team/credit-usage", {}, signal);
    return {
      remaining_credits: data.remainingCredits,
      plan_credits: data.planCredits,
      period_start: data.billingPeriodStart ?? undefined,
      period_end: data.billingPeriodEnd ?? undefined,
    };
  },
});

export const tokenUsage = defineTool({
  name: "token_usage",
  title: "See how many tokens are left",
  description: "Tells how many tokens the account has left, which extract is paid with on older plans.",
  scope: "firecrawl:read",
  toolset: "account",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({ remaining_tokens: z.number(), plan_tokens: z.number().optional(), ...period }),
  async run(_, { upstream, signal }) {
    const { data } = await upstream.get<{ data: TokenUsage }>("/v2/team/token-usage", {}, signal);
    return {
      remaining_tokens: data.remainingTokens,
      plan_tokens: data.planTokens,
      period_start: data.billingPeriodStart ?? undefined,
      period_end: data.billingPeriodEnd ?? undefined,
    };
  },
});

export const usageHistory = defineTool({
  name: "usage_history",
  title: "See what was used each month",
  description: "Tells how many credits or tokens the account has used in each month, the last 24 at most.",
  scope: "firecrawl:read",
  toolset: "account",
  readOnly: true,
  input: z.strictObject({
    of: z.enum(["credits", "tokens"]).default("credits").describe("What to count"),
    by_key: z.boolean().default(false).describe("For each API key by itself"),
  }),
  output: z.object({
    months: z.array(
      z.object({
        start: z.string().optional(),
        end: z.string().optional(),
        key: z.string().optional().describe("Name of the API key"),
        used: z.number(),
      }),
    ),
  }),
  async run({ of, by_key }, { upstream, signal }) {
    const path = of === "credits" ? "/v2/team/credit-usage/historical" : "/v2/team/token-usage/historical";
    const { periods } = await upstream.get<CreditUsageHistoricalResponse | TokenUsageHistoricalResponse>(
      path,
      { byApiKey: by_key || undefined },
      signal,
    );
    return {
      months: (periods ?? []).slice(-24).map((each) => ({
        start: each.startDate ?? undefined,
        end: each.endDate ?? undefined,
        key: each.apiKey,
        used: "creditsUsed" in each ? each.creditsUsed : each.tokensUsed,
      })),
    };
  },
});

export const queueStatus = defineTool({
  name: "queue_status",
  title: "See how busy the account is",
  description:
    "Tells how many pages are being read at the moment, how many wait, and how many may be read at once. Look here when crawls or batches are slow.",
  scope: "firecrawl:read",
  toolset: "account",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({
    active: z.number().describe("Pages that are being read"),
    waiting: z.number().describe("Pages that wait for their turn"),
    concurrency: z.number().describe("Browsers that are in use"),
    max_concurrency: z.number().describe("Browsers that may be in use at once"),
    last_success: z.string().optional(),
  }),
  async run(_, { upstream, signal }) {
    const [queue, browsers] = await Promise.all([
      upstream.get<QueueStatusResponse>("/v2/team/queue-status", {}, signal),
      upstream.get<ConcurrencyCheck>("/v2/concurrency-check", {}, signal),
    ]);
    return {
      active: queue.activeJobsInQueue,
      waiting: queue.waitingJobsInQueue,
      concurrency: browsers.concurrency,
      max_concurrency: browsers.maxConcurrency ?? queue.maxConcurrency,
      last_success: queue.mostRecentSuccess ?? undefined,
    };
  },
});

export const sendFeedback = defineTool({
  name: "send_feedback",
  title: "Tell Firecrawl how good a result was",
  description:
    "Tells Firecrawl whether a scrape, search or map was of use and what was missing; some credits are given back for it. Send nothing personal or secret.",
  scope: "firecrawl:crawl",
  toolset: "account",
  readOnly: false,
  input: z.strictObject({
    of: z.enum(["scrape", "search", "map"]).describe("What the feedback is about"),
    id: idInput.describe("scrape, search or map of the answer"),
    rating: z.enum(["good", "partial", "bad"]).describe("How good it was"),
    note: z.string().min(1).max(2000).optional().describe("What was wrong, or missing"),
    valuable_urls: z.array(urlInput).min(1).max(20).optional().describe("Of a search: results that were of use"),
  }),
  output: z.object({
    feedback: z.string().describe("Id of the feedback"),
    credits_refunded: z.number(),
    note: z.string().optional(),
  }),
  async run({ of, id, rating, note, valuable_urls }, { upstream, signal }) {
    const valuableSources = valuable_urls?.map((url) => ({ url: upstream.target(url) }));
    const body = { endpoint: of, jobId: id, rating, ...given({ note, valuableSources }) };
    const answer = await upstream.post<FeedbackResponse>("/v2/feedback", body, signal, {
      what: of,
      advice: { unanswered: "It may have been taken; it does not matter if not." },
    });
    const notes = [
      ...(answer.alreadySubmitted ? ["There was feedback on it already."] : []),
      ...(answer.warning ? [answer.warning] : []),
    ];
    return {
      feedback: answer.feedbackId,
      credits_refunded: answer.creditsRefunded,
      ...(notes.length > 0 && { note: notes.join(" ") }),
    };
  },
});
