import { randomUUID } from "node:crypto";
import type {
  ConcurrencyCheck,
  CreditUsage,
  CreditUsageHistoricalResponse,
  FeedbackResponse,
  QueueStatusResponse,
  TokenUsage,
  TokenUsageHistoricalResponse,
} from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { type Account, readBody, type StandInEnv } from "./account.ts";

const feedbackRequest = z.strictObject({
  endpoint: z.enum(["search", "scrape", "parse", "map"]),
  jobId: z.string().min(1),
  rating: z.enum(["good", "partial", "bad"]),
  valuableSources: z.array(z.unknown()).optional(),
  missingContent: z.array(z.unknown()).optional(),
  querySuggestions: z.string().optional(),
  issues: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  note: z.string().optional(),
  url: z.string().optional(),
  pageNumbers: z.array(z.int()).optional(),
  metadata: z.unknown().optional(),
  integration: z.unknown().optional(),
});

/** What a credit is in tokens. */
const TOKENS_PER_CREDIT = 15;

/** The first day of this month, when the plan's credits were given. */
function periodStart(): string {
  return `${new Date().toISOString().slice(0, 7)}-01T00:00:00.000Z`;
}

const used = ({ planCredits, remainingCredits }: Account) => planCredits - remainingCredits;

/** What the account has, uses and says: `/v2/team/…`, `/v2/concurrency-check`, `/v2/feedback`. */
export function accountRoutes(): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();
  const told = new Set<string>();

  app.get("/v2/team/credit-usage", (c) => {
    const { planCredits, remainingCredits } = c.get("account");
    const data: CreditUsage = { remainingCredits, planCredits, billingPeriodStart: null, billingPeriodEnd: null };
    return c.json({ success: true, data });
  });

  app.get("/v2/team/token-usage", (c) => {
    const { planCredits, remainingCredits } = c.get("account");
    const data: TokenUsage = {
      remainingTokens: remainingCredits * TOKENS_PER_CREDIT,
      planTokens: planCredits * TOKENS_PER_CREDIT,
      billingPeriodStart: null,
      billingPeriodEnd: null,
    };
    return c.json({ success: true, data });
  });

  app.get("/v2/team/credit-usage/historical", (c) => {
    const period = { startDate: periodStart(), endDate: null, creditsUsed: used(c.get("account")) };
    const periods = [{ ...period, ...(c.req.query("byApiKey") === "true" && { apiKey: "Default" }) }];
    return c.json({ success: true, periods } satisfies CreditUsageHistoricalResponse);
  });

  app.get("/v2/team/token-usage/historical", (c) => {
    const tokensUsed = used(c.get("account")) * TOKENS_PER_CREDIT;
    const period = { startDate: periodStart(), endDate: null, tokensUsed };
    const periods = [{ ...period, ...(c.req.query("byApiKey") === "true" && { apiKey: "Default" }) }];
    return c.json({ success: true, periods } satisfies TokenUsageHistoricalResponse);
  });

  app.get("/v2/team/queue-status", (c) => {
    return c.json({
      success: true,
      jobsInQueue: 0,
      activeJobsInQueue: 0,
      waitingJobsInQueue: 0,
      maxConcurrency: 2,
      mostRecentSuccess: null,
    } satisfies QueueStatusResponse);
  });

  app.get("/v2/concurrency-check", (c) => {
    return c.json({ success: true, concurrency: 0, maxConcurrency: 2 } satisfies ConcurrencyCheck & { success: true });
  });

  app.post("/v2/feedback", async (c) => {
    const account = c.get("account");
    const { jobId } = await readBody(feedbackRequest, c.req.raw);
    const alreadySubmitted = told.has(jobId);
    told.add(jobId);
    if (!alreadySubmitted) account.remainingCredits++;
    return c.json({
      success: true,
      feedbackId: randomUUID(),
      creditsRefunded: alreadySubmitted ? 0 : 1,
      ...(alreadySubmitted && { alreadySubmitted }),
    } satisfies FeedbackResponse);
  });
  return app;
}
