import { randomUUID } from "node:crypto";
import type { Monitor, MonitorCheckDetail, MonitorCheckPage, MonitorSummary, MonitorTarget } from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { type Account, checked, Owned, readBody, type StandInEnv } from "./account.ts";
import { FirecrawlError } from "./error.ts";
import type { ReadPageFunction } from "./read-page.ts";
import { jsonSchema, pageUrl, scrapeOptions } from "./scrape-request.ts";
import { SiteWalk } from "./walk-site.ts";

const target = z.discriminatedUnion("type", [
  z.strictObject({
    id: z.string().optional(),
    type: z.literal("scrape"),
    urls: z.array(z.string()).min(1).max(100),
    scrapeOptions: jsonSchema.optional(),
  }),
  z.strictObject({
    id: z.string().optional(),
    type: z.literal("crawl"),
    url: z.string(),
    crawlOptions: jsonSchema.optional(),
    scrapeOptions: jsonSchema.optional(),
  }),
  z.strictObject({
    id: z.string().optional(),
    type: z.literal("search"),
    queries: z.array(z.string().min(1)).min(1),
    searchWindow: z.enum(["5m", "15m", "1h", "6h", "24h", "7d"]).optional(),
    includeDomains: z.array(z.string()).optional(),
    excludeDomains: z.array(z.string()).optional(),
    maxResults: z.int().optional(),
  }),
]);

const schedule = z
  .strictObject({ cron: z.string().optional(), text: z.string().optional(), timezone: z.string().optional() })
  .refine(({ cron, text }) => (cron === undefined) !== (text === undefined), "Provide exactly one of cron or text");

const webhook = z.strictObject({
  url: pageUrl.transform(({ href }) => href),
  headers: z.record(z.string(), z.string()).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  events: z.array(z.string()).optional(),
});

const notification = z.strictObject({
  email: z
    .strictObject({
      enabled: z.boolean().optional(),
      recipients: z.array(z.string()).optional(),
      includeDiffs: z.boolean().optional(),
    })
    .optional(),
});

const shared = {
  goal: z.string().nullish(),
  judgeEnabled: z.boolean().optional(),
  retentionDays: z.int().min(1).max(365).optional(),
  webhook: webhook.nullish(),
  notification: notification.nullish(),
};

const createRequest = z.strictObject({
  name: z.string().min(1),
  schedule,
  targets: z.array(target).min(1).max(50),
  ...shared,
});

const updateRequest = z.strictObject({
  name: z.string().min(1).optional(),
  status: z.enum(["active", "paused"]).optional(),
  schedule: schedule.optional(),
  targets: z.array(target).min(1).max(50).optional(),
  ...shared,
});

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
});

const checkQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  skip: z.coerce.number().int().min(0).default(0),
  status: z.enum(["same", "new", "changed", "removed", "error"]).optional(),
});

type Check = Omit<MonitorCheckDetail, "next">;

interface Kept {
  id: string;
  account: Account;
  monitor: Monitor;
  checks: Check[];
  /** What each page was like when it was last read. */
  seen: Map<string, { markdown: string; scrapeId: string }>;
}

/**
 * Monitors, `/v2/monitor…`: pages that are read again and compared. Nothing runs by the clock here; a check that was asked
 * for is queued, and done when it is looked at. Webhooks and mail are taken and not sent, and a goal is not judged.
 */
export function monitorRoutes(read: ReadPageFunction): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();
  const monitors = new Owned<Kept>("Monitor");

  app.post("/v2/monitor", async (c) => {
    const account = c.get("account");
    const body = await readBody(createRequest, c.req.raw);
    const now = new Date().toISOString();
    const targets = withIds(body.targets);
    const monitor: Monitor = {
      id: randomUUID(),
      name: body.name,
      status: "active",
      schedule: normalized(body.schedule),
      nextRunAt: null,
      lastRunAt: null,
      currentCheckId: null,
      targets,
      webhook: body.webhook === undefined ? null : (body.webhook as Monitor["webhook"] & object),
      notification: (body.notification ?? null) as NonNullable<Monitor["notification"]> | null,
      retentionDays: body.retentionDays ?? 30,
      estimatedCreditsPerMonth: null,
      lastCheckSummary: null,
      goal: body.goal ?? null,
      judgeEnabled: body.judgeEnabled ?? false,
      createdAt: now,
      updatedAt: now,
    };
    monitors.add({ id: monitor.id, account, monitor, checks: [], seen: new Map() });
    return c.json({ success: true, data: monitor });
  });

  app.get("/v2/monitor", (c) => {
    const { limit, offset } = checked(listQuery, c.req.query());
    const found = monitors.of(c.get("account")).slice(offset, offset + limit);
    return c.json({ success: true, data: found.map(({ monitor }) => monitor) });
  });

  app.get("/v2/monitor/:id", (c) => {
    return c.json({ success: true, data: monitors.get(c.req.param("id"), c.get("account")).monitor });
  });

  app.patch("/v2/monitor/:id", async (c) => {
    const { monitor } = monitors.get(c.req.param("id"), c.get("account"));
    const { targets, schedule, ...rest } = await readBody(updateRequest, c.req.raw);
    Object.assign(monitor, rest, { updatedAt: new Date().toISOString() });
    if (targets) monitor.targets = withIds(targets);
    if (schedule) monitor.schedule = normalized(schedule);
    return c.json({ success: true, data: monitor });
  });

  app.delete("/v2/monitor/:id", (c) => {
    monitors.remove(monitors.get(c.req.param("id"), c.get("account")));
    return c.json({ success: true });
  });

  app.post("/v2/monitor/:id/run", (c) => {
    const { monitor, checks } = monitors.get(c.req.param("id"), c.get("account"));
    if (monitor.status === "paused") {
      throw new FirecrawlError(409, "Monitor is paused. Resume it before running a check.");
    }
    if (monitor.currentCheckId) throw new FirecrawlError(409, "Monitor check is already running.");
    const now = new Date().toISOString();
    const check: Check = {
      id: randomUUID(),
      monitorId: monitor.id,
      status: "queued",
      trigger: "manual",
      scheduledFor: null,
      startedAt: null,
      finishedAt: null,
      actualCredits: null,
      billingStatus: "reserved",
      summary: summaryOf([]),
      error: null,
      createdAt: now,
      updatedAt: now,
      pages: [],
    };
    checks.unshift(check);
    monitor.currentCheckId = check.id;
    const { pages: _, ...data } = check;
    return c.json({ success: true, id: check.id, data });
  });

  app.get("/v2/monitor/:id/checks", (c) => {
    const { limit, offset } = checked(listQuery, c.req.query());
    const { checks } = monitors.get(c.req.param("id"), c.get("account"));
    const data = checks.slice(offset, offset + limit).map(({ pages: _, ...check }) => check);
    return c.json({ success: true, data });
  });

  app.get("/v2/monitor/:id/checks/:check", async (c) => {
    const kept = monitors.get(c.req.param("id"), c.get("account"));
    const check = kept.checks.find(({ id }) => id === c.req.param("check"));
    if (!check) throw new FirecrawlError(404, "Check not found");
    const { limit, skip, status } = checked(checkQuery, c.req.query());
    if (check.status === "queued") await carryOut(kept, check, c.req.raw.signal);
    const pages = check.pages.filter((page) => status === undefined || page.status === status);
    const end = skip + limit;
    const { origin, pathname } = new URL(c.req.url);
    const next = end < pages.length ? `${origin}${pathname}?skip=${end}&limit=${limit}` : undefined;
    return c.json({
      success: true,
      ...(next && { next }),
      data: { ...check, pages: pages.slice(skip, end), ...(next && { next }) },
    });
  });

  const carryOut = async ({ monitor, account, seen }: Kept, check: Check, gone: AbortSignal) => {
    check.startedAt = new Date().toISOString();
    for (const target of monitor.targets) {
      if (target.type === "search") continue;
      const urls = target.type === "scrape" ? target.urls : [target.url];
      const limit = target.type === "crawl" ? (target.crawlOptions?.limit ?? 10) : 1;
      for (const url of urls) {
        const walk = new SiteWalk(new URL(url), scrapeOptions.parse({}), { limit }, read);
        for (let walked = await walk.next(gone); walked; walked = await walk.next(gone)) {
          const page: MonitorCheckPage = {
            id: randomUUID(),
            targetId: target.id!,
            url: walked.url,
            status: "same",
            createdAt: new Date().toISOString(),
          };
          if ("error" in walked) Object.assign(page, { status: "error", error: walked.error.message });
          else Object.assign(page, compared(seen, walked.url, walked.page.document));
          check.pages.push(page);
        }
      }
    }
    const pagesRead = check.pages.filter(({ status }) => status !== "error").length;
    account.remainingCredits -= pagesRead;
    Object.assign(check, {
      status: "completed",
      finishedAt: new Date().toISOString(),
      actualCredits: pagesRead,
      billingStatus: "confirmed",
      summary: summaryOf(check.pages),
    });
    monitor.currentCheckId = null;
    monitor.lastRunAt = check.finishedAt!;
    monitor.lastCheckSummary = check.summary;
  };
  return app;
}

function withIds(targets: z.output<typeof target>[]): MonitorTarget[] {
  return targets.map((each) => ({ ...each, id: each.id ?? randomUUID() }) as MonitorTarget);
}

/** A schedule in words becomes a cron expression, as the API answers it. */
function normalized({ cron, text, timezone }: z.output<typeof schedule>): Monitor["schedule"] {
  const minutes = /every (\d+) minutes/i.exec(text ?? "")?.[1];
  const words = minutes ? `*/${minutes} * * * *` : /daily/i.test(text ?? "") ? "0 9 * * *" : "0 * * * *";
  return { cron: cron ?? words, timezone: timezone ?? "UTC" };
}

function compared(
  seen: Kept["seen"],
  url: string,
  document: { markdown?: string; metadata?: { [key: string]: unknown } },
) {
  const markdown = document.markdown ?? "";
  const scrapeId = String(document.metadata?.scrapeId);
  const before = seen.get(url);
  seen.set(url, { markdown, scrapeId });
  const statusCode = document.metadata?.statusCode;
  const shared = {
    previousScrapeId: before?.scrapeId ?? null,
    currentScrapeId: scrapeId,
    statusCode,
    metadata: document.metadata,
  };
  if (!before) return { ...shared, status: "new" };
  if (before.markdown === markdown) return { ...shared, status: "same" };
  return { ...shared, status: "changed", diff: { text: lineDiff(before.markdown, markdown) } };
}

/** Lines that went, and lines that came. */
function lineDiff(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `-${line}`);
  const came = now.filter((line) => !old.includes(line)).map((line) => `+${line}`);
  return [...gone, ...came].join("\n");
}

function summaryOf(pages: MonitorCheckPage[]): MonitorSummary {
  const count = (status: MonitorCheckPage["status"]) => pages.filter((page) => page.status === status).length;
  return {
    totalPages: pages.length,
    same: count("same"),
    changed: count("changed"),
    new: count("new"),
    removed: count("removed"),
    error: count("error"),
  };
}
