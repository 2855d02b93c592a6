import { z } from "zod";
import { defineTool, type Schemas } from "../api.ts";
import { docInput, listInput, nextCursor, pathPart, queryInput } from "./input.ts";
import { listed } from "./listed.ts";

const period = {
  since: z.iso.date().optional().describe("First day, e.g. 2026-11-01"),
  until: z.iso.date().optional().describe("Last day, e.g. 2026-11-30"),
};

const ORDERS = {
  date: "date",
  title: "title",
  created: "createdAt",
  published: "publishedAt",
  views: "views",
  copies: "copies",
  likes: "likes",
  sessions: "totalSessions",
  ai_credits: "aiCredits",
} as const satisfies Record<string, Schemas["DocAnalyticsOrderBy"]>;

export const listDocAnalytics = defineTool({
  name: "list_doc_analytics",
  title: "Get the use of docs",
  description:
    "Tells how often Coda docs were viewed, copied and liked, by day or as a sum. Coda counts a day after it has ended: get_analytics_date tells up to when.",
  scope: "coda:read",
  toolset: "analytics",
  readOnly: true,
  input: z.strictObject({
    docs: z
      .array(pathPart.regex(/^[^,]+$/))
      .min(1)
      .max(50)
      .optional()
      .describe("Only the docs with these ids"),
    query: queryInput.describe("Only docs that match these words"),
    workspace: pathPart.optional().describe("Only docs of the workspace with this id"),
    published: z.boolean().optional().describe("Only published docs, or only others"),
    ...period,
    by_day: z.boolean().default(false).describe("Numbers of each day, in place of their sum"),
    order_by: z
      .enum(Object.keys(ORDERS) as [keyof typeof ORDERS])
      .optional()
      .describe("What the order of docs goes by"),
    descending: z.boolean().default(false).describe("The largest or latest first"),
    ...listInput,
    limit: listInput.limit.default(25),
  }),
  output: z.object({
    docs: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        metrics: z.array(
          z.object({
            date: z.string(),
            views: z.number(),
            sessions: z.number().describe("Visitors: by phone, by computer and others together"),
            mobile_sessions: z.number(),
            copies: z.number(),
            likes: z.number(),
            ai_credits: z.number().optional(),
          }),
        ),
      }),
    ),
    next_cursor: nextCursor,
  }),
  async run(args, { upstream, signal }) {
    const { docs, query, workspace, published, since, until, by_day, order_by, descending, limit, cursor } = args;
    const filter = {
      docIds: docs,
      query,
      workspaceId: workspace,
      isPublished: published,
      sinceDate: since,
      untilDate: until,
      scale: by_day ? ("daily" as const) : ("cumulative" as const),
      ...(order_by && {
        orderBy: ORDERS[order_by],
        direction: descending ? ("descending" as const) : ("ascending" as const),
      }),
    };
    const ask = (asked: object) => upstream.get("/analytics/docs", {}, { ...filter, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, docMetrics, { limit, cursor });
    return { docs: items, next_cursor };
  },
});

function docMetrics({ doc, metrics }: Schemas["DocAnalyticsItem"]) {
  return {
    id: doc.id,
    title: doc.title,
    metrics: metrics.map((day) => ({
      date: day.date,
      views: day.views,
      sessions: day.totalSessions,
      mobile_sessions: day.sessionsMobile,
      copies: day.copies,
      likes: day.likes,
      ai_credits: day.aiCredits,
    })),
  };
}

export const listPageAnalytics = defineTool({
  name: "list_page_analytics",
  title: "Get the use of pages",
  description: "Tells how often the pages of a Coda doc were viewed, by day, and for how long.",
  scope: "coda:read",
  toolset: "analytics",
  readOnly: true,
  input: z.strictObject({ ...docInput, ...period, ...listInput, limit: listInput.limit.default(25) }),
  output: z.object({
    pages: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        metrics: z.array(
          z.object({
            date: z.string(),
            views: z.number(),
            sessions: z.number().describe("Browsers"),
            people: z.number().describe("Who have a Coda account"),
            median_seconds: z.number().describe("Median time of a view"),
          }),
        ),
      }),
    ),
    next_cursor: nextCursor,
  }),
  async run({ doc, since, until, ...page }, { upstream, signal }) {
    const filter = { sinceDate: since, untilDate: until };
    const ask = (asked: object) =>
      upstream.get("/analytics/docs/{docId}/pages", { docId: doc }, { ...filter, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, pageMetrics, page);
    return { pages: items, next_cursor };
  },
});

function pageMetrics({ page, metrics }: Schemas["PageAnalyticsItem"]) {
  return {
    id: page.id,
    name: page.name,
    metrics: metrics.map((day) => ({
      date: day.date,
      views: day.views,
      sessions: day.sessions,
      people: day.users,
      median_seconds: day.medianSecondsViewed,
    })),
  };
}

export const getAnalyticsSummary = defineTool({
  name: "get_analytics_summary",
  title: "Sum up the use of docs",
  description: "Tells how many sessions all of your Coda docs had together in a period.",
  scope: "coda:read",
  toolset: "analytics",
  readOnly: true,
  input: z.strictObject({
    workspace: pathPart.optional().describe("Only docs of the workspace with this id"),
    published: z.boolean().optional().describe("Only published docs, or only others"),
    ...period,
  }),
  output: z.object({ sessions: z.number() }),
  async run({ workspace, published, since, until }, { upstream, signal }) {
    const query = { workspaceId: workspace, isPublished: published, sinceDate: since, untilDate: until };
    const { totalSessions } = await upstream.get("/analytics/docs/summary", {}, query, signal);
    return { sessions: totalSessions };
  },
});

export const getAnalyticsDate = defineTool({
  name: "get_analytics_date",
  title: "Get the date of analytics",
  description: "Tells the last day of which Coda has analytics of docs and pages.",
  scope: "coda:read",
  toolset: "analytics",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({ until: z.string().describe("The last day") }),
  async run(_, { upstream, signal }) {
    const { docAnalyticsLastUpdated } = await upstream.get("/analytics/updated", {}, {}, signal);
    return { until: docAnalyticsLastUpdated };
  },
});
