import { beforeAll, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

const harness = codaHarness({ now: () => Date.UTC(2026, 10, 25, 12) });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
  await call(client, "create_doc", { title: "Another doc" });
});

const days = { since: "2026-11-20", until: "2026-11-22" };
interface Metrics {
  date: string;
  views: number;
  sessions: number;
}
const analytics = async (args: object) =>
  (await call<{ docs: { id: string; metrics: Metrics[] }[] }>(client, "list_doc_analytics", { ...args })).docs;

test("list_doc_analytics: gives numbers by day, whose sum it gives too, and orders docs by them", async () => {
  const [daily] = await analytics({ docs: [DOC], ...days, by_day: true });
  expect(daily!.metrics.map(({ date }) => date)).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
  const [summed] = await analytics({ docs: [DOC], ...days });
  expect(summed!.metrics).toHaveLength(1);
  expect(summed!.metrics[0]!.views).toBe(daily!.metrics.reduce((sum, { views }) => sum + views, 0));
  const views = (await analytics({ ...days, order_by: "views", descending: true })).map(
    ({ metrics }) => metrics[0]!.views,
  );
  expect(views.length).toBeGreaterThan(1);
  expect(views).toEqual(views.toSorted((a, b) => b - a));
  expect(await refusal(client, "list_doc_analytics", { since: "last week" })).toMatch(/since/);
});

test("list_page_analytics: gives numbers of each page, page by page", async () => {
  const list = (args: object) =>
    call<{ pages: { name: string; metrics: Metrics[] }[]; next_cursor?: string }>(client, "list_page_analytics", {
      doc: DOC,
      ...days,
      ...args,
    });
  const first = await list({ limit: 2 });
  expect(first.pages.map(({ name, metrics }) => [name, metrics.length])).toEqual([
    ["Overview", 3],
    ["Task list", 3],
  ]);
  expect((await list({ limit: 2, cursor: first.next_cursor })).pages.map(({ name }) => name)).toEqual(["Team"]);
});

test("get_analytics_summary: sums up the sessions of all docs", async () => {
  const sum = (await analytics(days)).reduce((total, { metrics }) => total + metrics[0]!.sessions, 0);
  expect(await call(client, "get_analytics_summary", days)).toEqual({ sessions: sum });
});

test("get_analytics_date: tells the day up to which there is something", async () => {
  expect(await call(client, "get_analytics_date")).toEqual({ until: "2026-11-24" });
});
