import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

let firecrawl: FirecrawlHarness;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const credits = async () => (await firecrawl.call<{ remaining_credits: number }>("credit_usage")).remaining_credits;

test("credit_usage: goes down with every page", async () => {
  const before = await credits();
  await firecrawl.call("scrape", { url: firecrawl.site });
  expect(await credits()).toBe(before - 1);
  expect(await firecrawl.call("credit_usage")).toMatchObject({ plan_credits: 1_000_000 });
});

test("token_usage: tells what is left of the plan", async () => {
  expect(await firecrawl.call("token_usage")).toEqual({
    remaining_tokens: (await credits()) * 15,
    plan_tokens: 15_000_000,
  });
});

test("usage_history: counts credits or tokens of each month, by key when it is told to", async () => {
  const used = 1_000_000 - (await credits());
  const start = expect.stringMatching(/^\d{4}-\d{2}-01T/);
  expect(await firecrawl.call("usage_history")).toEqual({ months: [{ start, used }] });
  expect(await firecrawl.call("usage_history", { of: "tokens", by_key: true })).toEqual({
    months: [{ start, key: "Default", used: used * 15 }],
  });
});

test("queue_status: tells what is read and what waits", async () => {
  expect(await firecrawl.call("queue_status")).toEqual({ active: 0, waiting: 0, concurrency: 0, max_concurrency: 2 });
});

test("send_feedback: gives a credit back, once for each scrape", async () => {
  const { scrape } = await firecrawl.call<{ scrape: string }>("scrape", { url: firecrawl.site });
  const args = { of: "scrape", id: scrape, rating: "partial", note: "The table was missing" };
  const before = await credits();
  expect(await firecrawl.call("send_feedback", args)).toEqual({ feedback: expect.any(String), credits_refunded: 1 });
  expect(await credits()).toBe(before + 1);
  expect(await firecrawl.call("send_feedback", args)).toMatchObject({ credits_refunded: 0, note: expect.any(String) });
});

test("send_feedback: takes no address that is not public", async () => {
  const args = { of: "search", id: "some-search", rating: "good", valuable_urls: ["http://192.168.0.1/"] };
  expect(await firecrawl.refused("send_feedback", args)).toContain("not a public address");
});
