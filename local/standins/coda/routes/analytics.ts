import { daysIn, docAnalytics, lastDay, pageAnalytics } from "../analytics.ts";
import { type Call, type CodaApp, listOf, queryOf } from "../call.ts";
import { listPage } from "../list.ts";
import { booleanParameter, choiceParameter } from "../parameter.ts";
import type { Parts } from "../parts.ts";
import { resources, WORKSPACE } from "../resources.ts";

/** `maximum` of the limit of analytics. */
const MAX_ANALYTICS = 5000;

/** How often docs and pages were used. */
export function addAnalytics(app: CodaApp, { store, now, mayAccess, docOf }: Parts): void {
  app.get("/analytics/updated", (c) => {
    const day = lastDay(now());
    return c.json({
      docAnalyticsLastUpdated: day,
      packAnalyticsLastUpdated: day,
      packFormulaAnalyticsLastUpdated: day,
    });
  });

  /** The docs that analytics are about, with their numbers. */
  const analysed = (c: Call, query: URLSearchParams) => {
    const ids = query.get("docIds")?.split(",");
    const search = query.get("query")?.toLowerCase();
    const isPublished = booleanParameter(query, "isPublished");
    const cumulative = choiceParameter(query, "scale", ["daily", "cumulative"]) === "cumulative";
    return store
      .docs()
      .filter(
        (doc) =>
          mayAccess(c, doc) &&
          (ids === undefined || ids.includes(doc.id)) &&
          (search === undefined || doc.name.toLowerCase().includes(search)) &&
          (isPublished === undefined || (doc.published !== undefined) === isPublished) &&
          (query.get("workspaceId") ?? WORKSPACE.id) === WORKSPACE.id,
      )
      .map((doc) => docAnalytics(doc, daysIn(query, now()), cumulative, resources(c.get("base"))));
  };

  app.get("/analytics/docs/summary", (c) => {
    const items = analysed(c, queryOf(c));
    const sessions = items.flatMap(({ metrics }) => metrics.map(({ totalSessions }) => totalSessions));
    return c.json({ totalSessions: sessions.reduce((sum, each) => sum + each, 0) });
  });

  app.get("/analytics/docs", (c) => {
    const request = listOf(c, MAX_ANALYTICS);
    const items = analysed(c, request.query);
    const total = ({ metrics }: (typeof items)[number]) => metrics.reduce((sum, { views }) => sum + views, 0);
    if (request.query.get("orderBy") === "views") {
      const sign = request.query.get("direction") === "descending" ? -1 : 1;
      items.sort((a, b) => sign * (total(a) - total(b)));
    }
    const { href: _, ...page } = listPage(request, items, (item) => item);
    return c.json(page);
  });

  app.get("/analytics/docs/:docId/pages", (c) => {
    const doc = docOf(c);
    const request = listOf(c, MAX_ANALYTICS);
    const days = daysIn(request.query, now());
    const { href: _, ...page } = listPage(request, doc.pages, (each) => pageAnalytics(each, days));
    return c.json(page);
  });
}
