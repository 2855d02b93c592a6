import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Firecrawl, SdkError } from "firecrawl";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type StandInServer, serveStandIns } from "../serve.ts";
import { LARGE_PAGE_SECTIONS } from "./site.ts";
import { createFirecrawlStandIn } from "./stand-in.ts";

const KEY = "fc-a-key-for-the-test";
const logged: string[] = [];
const log = (line: string) => void logged.push(line);

// The pages are served by one stand-in and scraped by another, which has to know their port.
let pages: StandInServer;
let server: StandInServer;
let standIn: ReturnType<typeof createFirecrawlStandIn>;
let site: string;
let firecrawl: Firecrawl;

const client = (apiKey: string) => new Firecrawl({ apiKey, apiUrl: `${server.origin}/firecrawl`, maxRetries: 1 });

beforeAll(async () => {
  const siteOnly = createFirecrawlStandIn({ keys: [{ key: "none" }], allowedHosts: [], log, slowMs: 30_000 });
  pages = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl: siteOnly.handler } });
  standIn = createFirecrawlStandIn({
    keys: [{ key: KEY }, { key: "fc-poor", credits: 1 }],
    allowedHosts: [`127.0.0.1:${pages.port}`, "no-such-host.invalid:80", "127.0.0.1:9"],
    log,
  });
  server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl: standIn.handler } });
  site = `${pages.origin}/firecrawl/site/`;
  firecrawl = client(KEY);
});
afterAll(() => Promise.all([server.close(), pages.close()]));
afterEach(() => standIn.faults.clear());

/** What the SDK throws for an answer that is not a success. */
async function failure(call: Promise<unknown>) {
  const error = await call.then(
    () => expect.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SdkError);
  const { status, code, message } = error as SdkError;
  return { status, code, message };
}

async function post(body: string, key = KEY) {
  const response = await fetch(`${server.origin}/firecrawl/v2/scrape`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body,
  });
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  return { status: response.status, body: (await response.json()) as any };
}

describe("scraping with the firecrawl SDK", () => {
  it("gives markdown of the main content with absolute links, and metadata, when nothing else is asked for", async () => {
    const document = await firecrawl.scrape(site);
    expect(document.markdown).toBe(`# Harbour Handbook

Northport has **three piers** and a _dry dock_. Read [how to arrive](${site}guides/arriving), look at the [tides](${site}tides), or see [who runs the harbour](${site}about).

## Rules

1.  Call the harbour master on channel 12.
2.  Keep below 5 knots.
3.  Moor where you are told to.

![The long pier](${site}pier.png) Write to [the office](mailto:office@northport.example).`);
    expect(document.metadata).toMatchObject({
      title: "Harbour Handbook",
      description: "How the harbour of Northport works, for its crews and guests",
      language: "en",
      ogSiteName: "Northport",
      favicon: `${pages.origin}/favicon.ico`,
      statusCode: 200,
      sourceURL: site,
      url: site,
      contentType: "text/html; charset=UTF-8",
    });
    expect(Object.keys(document).sort()).toEqual(["markdown", "metadata"]);
  });

  it("gives tables, code and quotes as markdown", async () => {
    const tides = await firecrawl.scrape(`${site}tides`);
    expect(tides.markdown).toContain(
      "| Day | High water | Low water |\n| --- | --- | --- |\n| Monday | 04:12 | 10:31 |",
    );
    const arriving = await firecrawl.scrape(`${site}guides/arriving`);
    expect(arriving.markdown).toContain("```text\nNORTHPORT, this is");
    expect((await firecrawl.scrape(`${site}about`)).markdown).toContain("> A good berth is worth a short wait.");
  });

  it("gives every format that is asked for, by name or as an object", async () => {
    const formats = ["html", { type: "rawHtml" as const }, "links"] as const;
    const document = await firecrawl.scrape(site, { formats: [...formats], maxAge: 0, timeout: 10_000 });
    expect(document.rawHtml).toContain("<script>");
    expect(document.html).toContain("<h1>Harbour Handbook</h1>");
    expect(document.html).not.toMatch(/<script|<style|Weather/);
    expect(document.links).toEqual([
      `${site}guides/arriving`,
      `${site}tides`,
      `${site}about`,
      "mailto:office@northport.example",
    ]);
    expect(document.markdown).toBeUndefined();
  });

  it("keeps what is around the main content when told to, and picks elements by selector", async () => {
    const whole = await firecrawl.scrape(site, { onlyMainContent: false, formats: ["markdown", "links"] });
    expect(whole.markdown).toContain("Weather: fair");
    expect(whole.links).toContain("https://northport.example/shop");
    const picked = await firecrawl.scrape(site, { includeTags: ["ol"], excludeTags: ["li:first-child"] });
    expect(picked.markdown).toBe("1.  Keep below 5 knots.\n2.  Moor where you are told to.");
  });

  it("follows a redirect and tells where it led", async () => {
    const document = await firecrawl.scrape(`${site}old-about`);
    expect(document.metadata).toMatchObject({ sourceURL: `${site}old-about`, url: `${site}about`, statusCode: 200 });
    expect(document.markdown).toContain("Maren Olsen");
  });

  it("gives the page of an error, with its status", async () => {
    const document = await firecrawl.scrape(`${site}missing`);
    expect(document.metadata).toMatchObject({ statusCode: 404, error: "Not Found" });
    expect(document.markdown).toContain("There is no such page.");
  });

  it("gives a large page whole", async () => {
    const { markdown } = await firecrawl.scrape(`${site}large`);
    expect(markdown!.length).toBeGreaterThan(250_000);
    expect(markdown!.match(/^## Entry /gm)).toHaveLength(LARGE_PAGE_SECTIONS);
  });

  it("shows JSON as code", async () => {
    expect((await firecrawl.scrape(`${site}data.json`)).markdown).toBe('```json\n{"piers":3}\n```');
  });
});

describe("what fails", () => {
  it("is a page that takes longer than the timeout", async () => {
    const failed = await failure(firecrawl.scrape(`${site}slow`, { timeout: 1000, autoResume: false }));
    expect(failed).toMatchObject({ status: 408, code: "SCRAPE_TIMEOUT" });
  });

  it("is a host that is not allowed, by a redirect too", async () => {
    const other = createServer((_, response) => response.end("secret"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const secret = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    try {
      for (const url of [
        secret,
        `${site}redirect?to=${encodeURIComponent(secret)}`,
        `http://localhost:${pages.port}/`,
      ]) {
        const failed = await failure(firecrawl.scrape(url));
        expect(failed, url).toMatchObject({ status: 403, code: "UNSUPPORTED_SITE" });
        expect(failed.message).toContain("fetches only pages of the local stack");
      }
    } finally {
      other.close();
    }
  });

  it("is a redirect that never ends", async () => {
    const failed = await failure(firecrawl.scrape(`${site}loop`));
    expect(failed).toMatchObject({ status: 500, code: "SCRAPE_SITE_ERROR" });
  });

  it("is a name that does not resolve, which the API answers with 200", async () => {
    const { status, body } = await post(JSON.stringify({ url: "http://no-such-host.invalid/" }));
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: false, code: "SCRAPE_DNS_RESOLUTION_ERROR" });
    expect((await failure(firecrawl.scrape("http://no-such-host.invalid/"))).code).toBe("SCRAPE_DNS_RESOLUTION_ERROR");
  });

  it("is a port where nobody listens, and a file that is no text", async () => {
    const closed = await failure(firecrawl.scrape("http://127.0.0.1:9/"));
    expect(closed).toMatchObject({ status: 500, code: "SCRAPE_ALL_ENGINES_FAILED" });
    const image = await failure(firecrawl.scrape(`${site}pier.png`));
    expect(image).toMatchObject({ status: 500, code: "SCRAPE_UNSUPPORTED_FILE_ERROR" });
  });

  it.each([
    ["no JSON", "BAD_REQUEST_INVALID_JSON", "malformed"],
    ["{}", "BAD_REQUEST", "url"],
    ['{"url": "ftp://example.com/"}', "BAD_REQUEST", "unsupported protocol"],
    ['{"url": "http://["}', "BAD_REQUEST", "Invalid URL"],
    ['{"url": "http://a.example", "surprise": 1}', "BAD_REQUEST", "surprise"],
    ['{"url": "http://a.example", "timeout": 10}', "BAD_REQUEST", "timeout"],
    ['{"url": "http://a.example", "waitFor": 2000, "timeout": 3000}', "BAD_REQUEST", "waitFor"],
    ['{"url": "http://a.example", "formats": ["screenshot"]}', "BAD_REQUEST", 'no format "screenshot"'],
  ])("is the request %s", async (request, code, words) => {
    const { status, body } = await post(request);
    expect(status).toBe(400);
    expect(body).toMatchObject({ success: false, code });
    expect(body.error).toContain(words);
  });
});

describe("the account", () => {
  it("is refused with 401 for a key that is not known, and without one", async () => {
    const unknown = { status: 401, message: "Unauthorized: Invalid token" };
    expect(await failure(client("fc-wrong").scrape(site))).toMatchObject(unknown);
    const response = await fetch(`${server.origin}/firecrawl/v2/scrape`, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ success: false, error: "Unauthorized: Invalid token" });
  });

  it("pays one credit for a page that was read, none for one that was not, and is refused with 402 without any", async () => {
    const poor = client("fc-poor");
    await failure(poor.scrape("http://127.0.0.1:9/"));
    expect(await poor.getCreditUsage()).toMatchObject({ planCredits: 1, remainingCredits: 1 });
    await poor.scrape(site);
    expect(await poor.getCreditUsage()).toMatchObject({ remainingCredits: 0 });
    expect(await failure(poor.scrape(site))).toMatchObject({ status: 402 });
  });

  it("meets faults in the API's own form, while the site goes on", async () => {
    standIn.faults.set({ failNext: { status: 429, times: 1, retryAfterSeconds: 9 } });
    expect((await fetch(`${server.origin}/firecrawl/site/`)).status).toBe(200);
    expect(await failure(firecrawl.scrape(site))).toMatchObject({ status: 429, message: "Rate limit exceeded" });
    standIn.faults.set({ failNext: { status: 503, times: 1 } });
    expect(await failure(firecrawl.scrape(site))).toMatchObject({ status: 503, code: "UNKNOWN_ERROR" });
    expect((await firecrawl.scrape(site)).metadata?.statusCode).toBe(200);
  });

  it("is told about an endpoint that the stand-in does not have, and so is the log", async () => {
    const response = await fetch(`${server.origin}/firecrawl/v2/team/activity`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(logged).toContain("Firecrawl stand-in: no such endpoint: GET /firecrawl/v2/team/activity");
  });
});
