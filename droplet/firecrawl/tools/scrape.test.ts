import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Page {
  scrape: string;
  content: { format: string; text: string }[];
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const scrape = async (args: Record<string, unknown>) => {
  const { content } = await firecrawl.call<Page>("scrape", { url: site, ...args });
  return Object.fromEntries(content.map(({ format, text }) => [format, text]));
};

test("scrape: takes data by a schema, and answers a question, beside the page itself", async () => {
  const schema = { type: "object", properties: { piers: { type: "number" }, rules: { type: "array" } } };
  const page = await scrape({ json: { schema }, question: "On which channel is the harbour master?" });
  expect(Object.keys(page)).toEqual(["markdown", "json", "answer"]);
  expect(JSON.parse(page.json!)).toMatchObject({ piers: 3, rules: expect.arrayContaining(["Keep below 5 knots."]) });
  expect(page.answer).toContain("channel 12");
});

test("scrape: picks and leaves out elements by selector, and gives images and a summary", async () => {
  const picked = await scrape({ includeTags: ["ol"], excludeTags: ["li:first-child"] });
  expect(picked.markdown).toBe("1.  Keep below 5 knots.\n2.  Moor where you are told to.");
  const page = await scrape({ formats: ["images", "summary"] });
  expect(page).toEqual({ images: `${site}pier.png`, summary: expect.stringMatching(/^Northport has/) });
});

test("scrape: sends every option in the API's own words", async () => {
  const page = await scrape({ waitFor: 10, mobile: true, country: "NO", maxAge: 0, onlyMainContent: false });
  expect(page.markdown).toContain("Weather: fair");
});

test("scrape: data needs a schema or a prompt", async () => {
  expect(await firecrawl.refused("scrape", { url: site, json: {} })).toContain("json needs a prompt or a schema");
});

/** Every way in which a model can name an address, with one in it. */
const waysIn: [string, (url: string) => Record<string, unknown>][] = [
  ["scrape", (url) => ({ url })],
  ["map", (url) => ({ url })],
  ["search", (url) => ({ query: "x", includeDomains: [new URL(url).host] })],
  ["crawl", (url) => ({ url })],
  ["crawl", (url) => ({ url: "https://example.com/", webhook: { url } })],
  ["crawl", (url) => ({ url: "https://example.com/", prompt: `Begin at ${url}` })],
  ["preview_crawl", (url) => ({ url, prompt: "All" })],
  ["preview_crawl", (url) => ({ url: "https://example.com/", prompt: `Begin at ${url}` })],
  ["batch_scrape", (url) => ({ urls: ["https://example.com/", url] })],
  ["batch_scrape", (url) => ({ urls: ["https://example.com/"], webhook: { url } })],
  ["extract", (url) => ({ urls: [url], prompt: "x" })],
  ["extract", (url) => ({ urls: [`${url}*`], prompt: "x" })],
  ["extract", (url) => ({ prompt: `Look at ${url}` })],
  ["extract", (url) => ({ prompt: "x", webhook: { url } })],
  ["agent", (url) => ({ prompt: "x", urls: [url] })],
  ["agent", (url) => ({ prompt: `Look at ${url}` })],
  ["agent", (url) => ({ prompt: "x", webhook: { url } })],
  ["interact", (url) => ({ scrape: "some-scrape", prompt: `Open ${url}` })],
  ["interact", (url) => ({ scrape: "some-scrape", code: `await page.goto("${url}")` })],
  ["run_in_browser", (url) => ({ browser: "some-browser", code: `await page.goto("${url}")` })],
  ["create_monitor", (url) => monitor({ targets: [{ type: "scrape", urls: [url] }] })],
  ["create_monitor", (url) => monitor({ targets: [{ type: "crawl", url }] })],
  ["create_monitor", (url) => monitor({ webhook: { url } })],
  ["update_monitor", (url) => ({ monitor: "some-monitor", targets: [{ type: "scrape", urls: [url] }] })],
  ["update_monitor", (url) => ({ monitor: "some-monitor", webhook: { url } })],
  ["send_feedback", (url) => ({ of: "search", id: "some-search", rating: "good", valuable_urls: [url] })],
];

const monitor = (more: object) => ({
  name: "x",
  schedule: { text: "hourly" },
  targets: [{ type: "scrape", urls: ["https://example.com/"] }],
  ...more,
});

test.each(waysIn)(
  "%s: Firecrawl never hears of an address that is not public, however it is written (%#)",
  async (name, argsWith) => {
    firecrawl.harness.arrived.length = 0;
    for (const host of [
      "127.0.0.1:9",
      "2130706433",
      "0x7f.1",
      "0177.1",
      "[::1]",
      "[::ffff:a9fe:a9fe]",
      "10.0.0.1",
      "localhost",
    ]) {
      const told = await firecrawl.refused(name, argsWith(`http://${host}/`));
      expect(told, host).toMatch(/cannot be read: it is (not a public address|a local name)/);
    }
    expect(firecrawl.harness.arrived).toEqual([]);
  },
);
