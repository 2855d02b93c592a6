import { Firecrawl, SdkError } from "firecrawl";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StandInServer, serveStandIns } from "../serve.ts";
import { describedBy, operationAt, publishedDescription } from "./published-description.ts";
import { createFirecrawlStandIn } from "./stand-in.ts";

const problems: string[] = [];
const description = publishedDescription();
let server: StandInServer;
let site: string;
let firecrawl: Firecrawl;

beforeAll(async () => {
  const allowedHosts: string[] = [];
  const standIn = createFirecrawlStandIn({
    keys: [{ key: "fc-key" }, { key: "fc-poor", credits: 2 }],
    allowedHosts,
    log: () => {},
    pagesPerLook: 2,
  });
  const handler = describedBy(description, standIn.handler, problems);
  server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl: handler } });
  allowedHosts.push(`127.0.0.1:${server.port}`);
  site = `${server.origin}/firecrawl/site/`;
  firecrawl = client("fc-key");
});
afterAll(() => server?.close());

const client = (apiKey: string) => new Firecrawl({ apiKey, apiUrl: `${server.origin}/firecrawl`, maxRetries: 1 });
const once = { autoPaginate: false };

describe("the types that the SDK publishes", () => {
  test("find what they do not have, and take what they have", () => {
    const request = (value: unknown) => description.problems("startAgent", "request", value);
    expect(request({ prompt: "Who?", urls: ["https://example.com/"] })).toEqual([]);
    expect(request({ prompt: "Who?", surprise: 1 })).toEqual([
      "startAgent request must NOT have additional properties",
    ]);
    expect(request({})).toEqual(["startAgent request must have required property 'prompt'"]);
    expect(description.problems("crawlStatus", "query", { skip: "10" })).toEqual([]);
    expect(description.problems("crawlStatus", "query", { skip: "ten" })).not.toEqual([]);
    expect(description.problems("crawlStatus", "request", { any: 1 })).toEqual(["crawlStatus has no request"]);
    const answer = { success: true, status: "scraping", total: 1, completed: 0, data: [{ markdown: "Hello" }] };
    expect(description.problems("crawlStatus", "response", answer)).toEqual([]);
    const wrong = { ...answer, status: "running" };
    expect(description.problems("crawlStatus", "response", wrong)).toEqual([
      "crawlStatus response/status must be equal to one of the allowed values",
    ]);
  });

  test("know every endpoint by its path, one with a name before one with an id", () => {
    expect(operationAt("GET", "/v2/crawl/active")).toBe("activeCrawls");
    expect(operationAt("GET", "/v2/crawl/some-id")).toBe("crawlStatus");
    expect(operationAt("PUT", "/v2/crawl/some-id")).toBeUndefined();
  });

  test("are asked about every exchange with the stand-in", async () => {
    const seen: string[] = [];
    const odd = describedBy(description, async () => Response.json({ success: true, odd: 1 }), seen);
    await odd(new Request("http://localhost/firecrawl/v2/scrape", { method: "POST", body: '{"url":"x","odd":2}' }));
    expect(seen).toEqual([
      "scrape response must have required property 'data'",
      "scrape response must NOT have additional properties",
      "scrape request must NOT have additional properties",
    ]);
  });
});

describe("with the SDK's client", () => {
  test("formats that need a model come from plain rules", async () => {
    const document = await firecrawl.scrape(site, {
      formats: [
        "summary",
        "images",
        { type: "question", question: "On which channel is the harbour master?" },
        {
          type: "json",
          schema: { type: "object", properties: { piers: { type: "number" }, rules: { type: "array" } } },
        },
      ],
    });
    expect(document.summary).toMatch(/^Northport has/);
    expect(document.images).toEqual([`${site}pier.png`]);
    expect(document.answer).toContain("channel 12");
    expect(document.json).toEqual({ piers: 3, rules: expect.arrayContaining(["Keep below 5 knots."]) });
  });

  test("a map finds the links of a site, and those about something", async () => {
    const { links } = await firecrawl.map(site);
    expect(links.map(({ url }) => url)).toEqual([site, `${site}guides/arriving`, `${site}tides`, `${site}about`]);
    const about = await firecrawl.map(site, { search: "tide water", limit: 1 });
    expect(about.links).toEqual([
      { url: `${site}tides`, title: "Tides", description: "High and low water at Northport" },
    ]);
  });

  test("a search ranks the pages of the site, and can read them", async () => {
    const { web } = await firecrawl.search("harbour master", { limit: 2 });
    expect(web).toHaveLength(2);
    expect(web![0]).toMatchObject({ position: 1, url: expect.stringContaining(site) });
    const read = await firecrawl.search("harbour master", { limit: 1, scrapeOptions: { formats: ["markdown"] } });
    expect(read.web![0]).toMatchObject({ markdown: expect.stringContaining("harbour"), metadata: { statusCode: 200 } });
    const other = await firecrawl.search("pier", { sources: ["images", "news"] });
    expect(other.images![0]).toMatchObject({ imageUrl: `${site}pier.png` });
    expect(other.news!.length).toBeGreaterThan(0);
  });

  test("a crawl goes on when it is looked at, gives its pages in parts and ends", async () => {
    const { id } = await firecrawl.startCrawl(site, { limit: 4 });
    expect((await firecrawl.getActiveCrawls()).crawls.map((crawl) => crawl.id)).toContain(id);
    const first = await firecrawl.getCrawlStatus(id, once);
    expect(first).toMatchObject({ status: "scraping", completed: 2, data: { length: 2 } });
    const second = await firecrawl.getCrawlStatus(id, once);
    expect(second).toMatchObject({ status: "completed", completed: 4, total: 4, creditsUsed: 4 });
    const headers = { authorization: "Bearer fc-key" };
    const part = await fetch(`${server.origin}/firecrawl/v2/crawl/${id}?skip=1&limit=2`, { headers });
    expect(await part.json()).toMatchObject({ data: { length: 2 }, next: expect.stringContaining("skip=3&limit=2") });
    expect(await firecrawl.crawl(site, { limit: 3, pollInterval: 1 })).toMatchObject({ data: { length: 3 } });
  });

  test("a crawl keeps to the paths and the depth that it is given", async () => {
    const paths = async (options: Parameters<Firecrawl["startCrawl"]>[1]) => {
      const { data } = await firecrawl.crawl(site, { ...options, pollInterval: 1 });
      return data.map(({ metadata }) => metadata!.url!.replace(site, ""));
    };
    expect(await paths({ maxDiscoveryDepth: 0 })).toEqual([""]);
    expect(await paths({ includePaths: ["/guides/"] })).toEqual(["", "guides/arriving"]);
    expect(await paths({ excludePaths: ["about$", "tides$"] })).toEqual(["", "guides/arriving"]);
  });

  test("what a crawl could not read is among its errors", async () => {
    const { data, id } = await firecrawl.crawl(`${site}traps/`, { pollInterval: 1 });
    expect(data.map(({ metadata }) => metadata!.title)).toEqual(["Traps", "A safe page"]);
    const { errors, robotsBlocked } = await firecrawl.getCrawlErrors(id);
    expect(errors.map(({ code }) => code)).toEqual([
      "UNSUPPORTED_SITE",
      "SCRAPE_UNSUPPORTED_FILE_ERROR",
      "SCRAPE_SITE_ERROR",
    ]);
    expect(robotsBlocked).toEqual([]);
  });

  test("a crawl that is cancelled keeps what it has, and is cancelled once", async () => {
    const { id } = await firecrawl.startCrawl(site);
    await firecrawl.getCrawlStatus(id, once);
    expect(await firecrawl.cancelCrawl(id)).toBe(true);
    expect(await firecrawl.getCrawlStatus(id)).toMatchObject({ status: "cancelled", data: { length: 2 } });
    await expect(firecrawl.cancelCrawl(id)).rejects.toMatchObject({ status: 409 });
    await expect(client("fc-poor").getCrawlStatus(id)).rejects.toMatchObject({ status: 404 });
  });

  test("a crawl fails when the credits are used up", async () => {
    const poor = client("fc-poor");
    const job = await poor.crawl(site, { pollInterval: 1 });
    expect(job).toMatchObject({ status: "failed", data: { length: 2 } });
    await expect(poor.startCrawl(site)).rejects.toBeInstanceOf(SdkError);
  });

  test("options of a crawl are made of words", async () => {
    const options = await firecrawl.crawlParamsPreview(site, "At most 5 pages, only guides");
    expect(options).toMatchObject({ limit: 5, includePaths: [expect.stringContaining("guides")] });
  });

  test("a batch reads its list, and tells which URLs are none", async () => {
    const started = await firecrawl.startBatchScrape([site, "ftp://nowhere", `${site}pier.png`], {
      options: { formats: ["links"] },
    });
    expect(started.invalidURLs).toEqual(["ftp://nowhere"]);
    const job = await firecrawl.getBatchScrapeStatus(started.id);
    expect(job).toMatchObject({ status: "completed", total: 2, data: [{ links: expect.any(Array) }] });
    expect((await firecrawl.getBatchScrapeErrors(started.id)).errors).toHaveLength(1);
    await expect(firecrawl.cancelBatchScrape(started.id)).rejects.toMatchObject({ status: 409 });
  });

  test("an extraction fills a schema from several pages, and says from which", async () => {
    const schema = { type: "object", properties: { harbour_master: { type: "string" }, piers: { type: "number" } } };
    const result = await firecrawl.extract({ urls: [`${site}*`], schema, showSources: true, pollInterval: 1 });
    expect(result).toMatchObject({ status: "completed", data: { harbour_master: "Maren Olsen", piers: 3 } });
    expect(result.sources).toMatchObject({ harbour_master: [`${site}about`] });
  });

  test("an agent finds an answer on the site, in a thread that can be gone on with", async () => {
    const run = await firecrawl.agent({ prompt: "Who is the harbour master?", mode: "chat", pollInterval: 1 });
    expect(run).toMatchObject({ status: "completed", message: expect.stringContaining("Maren Olsen"), threadTurn: 1 });
    const { events } = await firecrawl.getAgentTrace((await firecrawl.listAgents()).agents![0]!.id);
    expect(events!.at(-1)).toMatchObject({ type: "run.finished", outcome: "succeeded" });
    const next = await firecrawl.startAgent({ prompt: "When is high water?", threadId: run.threadId! });
    expect(next.threadTurn).toBe(2);
    expect(await firecrawl.cancelAgent(next.id)).toBe(true);
    const { thread } = await firecrawl.getAgentThread(run.threadId!);
    expect(thread!.runs.map(({ status }) => status)).toEqual(["succeeded", "cancelled"]);
    expect((await firecrawl.listAgents()).agents).toHaveLength(2);
  });

  test("a browser goes where it is told to, until it is closed", async () => {
    const { metadata } = await firecrawl.scrape(site);
    const clicked = await firecrawl.interact(metadata!.scrapeId!, {
      prompt: "Click the tides, then tell the low water",
    });
    expect(clicked).toMatchObject({ success: true, output: expect.stringMatching(/low water/i) });
    expect(await firecrawl.interact(metadata!.scrapeId!, { code: "page.title()" })).toMatchObject({ result: "Tides" });
    expect(await firecrawl.stopInteraction(metadata!.scrapeId!)).toMatchObject({ success: true });
    const { id } = await firecrawl.browser({ ttl: 60 });
    expect(await firecrawl.browserExecute(id!, { code: "rm -rf /" })).toMatchObject({ success: false, exitCode: 1 });
    expect((await firecrawl.listBrowsers({ status: "active" })).sessions).toHaveLength(1);
    await firecrawl.deleteBrowser(id!);
    expect((await firecrawl.listBrowsers({ status: "active" })).sessions).toHaveLength(0);
  });

  test("a monitor tells which pages changed since its check before", async () => {
    const monitor = await firecrawl.createMonitor({
      name: "Tides",
      schedule: { text: "every 30 minutes" },
      targets: [{ type: "scrape", urls: [`${site}tides`, site] }],
    });
    expect(monitor.schedule.cron).toBe("*/30 * * * *");
    const check = async () => firecrawl.getMonitorCheck(monitor.id, (await firecrawl.runMonitor(monitor.id)).id);
    expect((await check()).summary).toMatchObject({ totalPages: 2, new: 2 });
    await fetch(`${site}tides`, { method: "PUT", body: "Spring tide on Friday" });
    const { summary, pages } = await check();
    await fetch(`${site}tides`, { method: "PUT", body: "" });
    expect(summary).toMatchObject({ same: 1, changed: 1 });
    expect(pages[0]).toMatchObject({ status: "changed", diff: { text: "+Spring tide on Friday" } });
    expect(await firecrawl.listMonitorChecks(monitor.id, { limit: 1 })).toHaveLength(1);
    await firecrawl.updateMonitor(monitor.id, { status: "paused" });
    await expect(firecrawl.runMonitor(monitor.id)).rejects.toMatchObject({ status: 409 });
    await firecrawl.deleteMonitor(monitor.id);
    expect(await firecrawl.listMonitors()).toEqual([]);
  });

  test("papers and developers' sources are searched", async () => {
    const { results } = await firecrawl.research.searchPapers("tides in harbours", { authors: ["olsen"] });
    expect(results.map(({ primaryId }) => primaryId)).toEqual(["arxiv:2401.00001"]);
    const paper = await firecrawl.research.getPaper("arxiv:2401.00001", { query: "gauge at the pier" });
    expect(paper.passages.map(({ text }) => text)).toContain("A tide gauge stands at the long pier.");
    const similar = await firecrawl.research.similarPapers("101", { intent: "pilots", mode: "citers" });
    expect(similar.results.map(({ paperId }) => paperId)).toEqual(["103"]);
    const found = await firecrawl.developerSearch("tide table", { types: ["issue"] });
    expect(found.results.map(({ id }) => id)).toEqual(["issue:northport/tides#4"]);
  });

  test("what is used is counted, and feedback gives a credit back once", async () => {
    const { remainingCredits } = await firecrawl.getCreditUsage();
    await firecrawl.scrape(site);
    expect((await firecrawl.getCreditUsage()).remainingCredits).toBe(remainingCredits - 1);
    const feedback = { endpoint: "scrape", jobId: "some-scrape", rating: "good" } as const;
    expect(await firecrawl.feedback(feedback)).toMatchObject({ creditsRefunded: 1 });
    expect(await firecrawl.feedback(feedback)).toMatchObject({ creditsRefunded: 0, alreadySubmitted: true });
    expect((await firecrawl.getTokenUsage()).remainingTokens).toBe(remainingCredits * 15);
    expect((await firecrawl.getCreditUsageHistorical(true)).periods[0]).toMatchObject({ apiKey: "Default" });
    expect((await firecrawl.getTokenUsageHistorical()).periods).toHaveLength(1);
    expect(await firecrawl.getQueueStatus()).toMatchObject({ maxConcurrency: 2 });
    expect(await firecrawl.getConcurrency()).toEqual({ concurrency: 0, maxConcurrency: 2 });
  });
});

test("everything that was sent and answered is as the SDK's types say", () => {
  expect(problems).toEqual([]);
});
