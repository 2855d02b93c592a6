import { randomUUID } from "node:crypto";
import type { BrowserExecuteResponse, BrowserSession } from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { type Account, checked, Owned, readBody, type StandInEnv } from "./account.ts";
import { FirecrawlError } from "./error.ts";
import type { ReadPage, ReadPageFunction } from "./read-page.ts";
import { relevanceOf, relevantSentences } from "./relevant-sentences.ts";
import { scrapeOptions } from "./scrape-request.ts";

const ignored = z.unknown().optional();

const interactRequest = z
  .strictObject({
    code: z.string().min(1).max(100_000).optional(),
    prompt: z.string().min(1).max(10_000).optional(),
    language: z.enum(["python", "node", "bash"]).default("node"),
    timeout: z.number().min(1).max(300).default(30),
  })
  .refine(
    ({ code, prompt }) => code !== undefined || prompt !== undefined,
    "Either 'code' or 'prompt' must be provided.",
  );

const openRequest = z.strictObject({
  ttl: z.number().min(30).max(3600).default(600),
  activityTtl: z.number().min(10).max(3600).default(300),
  streamWebView: z.boolean().default(true),
  integration: ignored,
});

const executeRequest = z.strictObject({
  code: z.string().min(1).max(100_000),
  language: z.enum(["python", "node", "bash"]).default("bash"),
  timeout: z.number().min(1).max(300).default(30),
});

interface Browser {
  id: string;
  account: Account;
  status: "active" | "destroyed";
  createdAt: Date;
  lastActivity: Date;
  streamWebView: boolean;
  page: ReadPage | undefined;
}

/** What a scrape leaves behind to go on with. */
export interface Scraped {
  id: string;
  account: Account;
  url: URL;
}

/**
 * Browsers, `/v2/browser…` and `/v2/scrape/:id/interact`. There is none here: a page is fetched, not rendered. Of code,
 * `page.goto("…")`, `page.title()`, `page.url()` and `page.content()` are understood, one a line, with the last one's value as the
 * result; a prompt follows the link that fits it best when it says "click", and is answered from the page.
 */
export function browserRoutes(read: ReadPageFunction, scraped: Owned<Scraped>): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();
  const browsers = new Owned<Browser>("Browser session");
  const ofScrape = new Map<string, Browser>();

  const open = (account: Account, streamWebView: boolean): Browser => {
    const now = new Date();
    return browsers.add({
      id: randomUUID(),
      account,
      status: "active",
      createdAt: now,
      lastActivity: now,
      streamWebView,
      page: undefined,
    });
  };

  const goto = async (browser: Browser, url: string, gone: AbortSignal) => {
    browser.page = await read(
      { ...scrapeOptions.parse({ formats: ["markdown", "rawHtml"] }), url: new URL(url) },
      gone,
    );
  };

  const run = async (browser: Browser, code: string, gone: AbortSignal): Promise<BrowserExecuteResponse> => {
    browser.lastActivity = new Date();
    let result = "";
    for (const line of code.split(/[;\n]/).filter((each) => each.trim() !== "")) {
      const to = /page\.goto\(["'`]([^"'`]+)["'`]/.exec(line)?.[1];
      const what = /page\.(title|url|content)\(\)/.exec(line)?.[1];
      if (to !== undefined && URL.canParse(to)) await goto(browser, to, gone);
      else if (what === undefined)
        return failed(`This stand-in of a browser does not run ${JSON.stringify(line.trim())}.`);
      const { metadata, rawHtml = "" } = browser.page?.document ?? {};
      if (what) result = { title: metadata?.title ?? "", url: metadata?.url ?? "about:blank", content: rawHtml }[what]!;
    }
    return { success: true, ...views(browser), stdout: "", result, stderr: "", exitCode: 0, killed: false };
  };

  const answer = async (browser: Browser, prompt: string, gone: AbortSignal): Promise<BrowserExecuteResponse> => {
    browser.lastActivity = new Date();
    if (/\b(click|open|follow)\b/i.test(prompt)) {
      const links = (browser.page?.links ?? []).filter((link) => /^https?:/.test(link));
      const [best] = links.toSorted((a, b) => relevanceOf(b, prompt) - relevanceOf(a, prompt));
      if (best) await goto(browser, best, gone);
    }
    const { markdown = "", metadata } = browser.page?.document ?? {};
    const output = relevantSentences(markdown, prompt).join(" ") || `The page is ${metadata?.title}.`;
    return { success: true, ...views(browser), output, stdout: "", result: "", stderr: "", exitCode: 0, killed: false };
  };

  const close = (browser: Browser) => {
    browser.status = "destroyed";
    const sessionDurationMs = Date.now() - browser.createdAt.getTime();
    browser.account.remainingCredits--;
    return { success: true, sessionDurationMs, creditsBilled: 1 };
  };

  const active = (id: string, account: Account): Browser => {
    const browser = browsers.get(id, account);
    if (browser.status === "destroyed") throw new FirecrawlError(410, "Browser session has been destroyed.");
    return browser;
  };

  app.post("/v2/scrape/:id/interact", async (c) => {
    const { code, prompt } = await readBody(interactRequest, c.req.raw);
    const { signal } = c.req.raw;
    const { id, url, account } = scraped.get(c.req.param("id"), c.get("account"));
    let browser = ofScrape.get(id);
    if (!browser) {
      browser = open(account, true);
      await goto(browser, url.href, signal);
      ofScrape.set(id, browser);
    }
    if (browser.status === "destroyed") throw new FirecrawlError(410, "Browser session has been destroyed.");
    return c.json(code === undefined ? await answer(browser, prompt!, signal) : await run(browser, code, signal));
  });

  app.delete("/v2/scrape/:id/interact", (c) => {
    const browser = ofScrape.get(c.req.param("id"));
    if (browser?.account !== c.get("account") || browser.status === "destroyed") {
      throw new FirecrawlError(404, "Browser session not found.");
    }
    return c.json(close(browser));
  });

  app.post("/v2/browser", async (c) => {
    const { ttl, streamWebView } = await readBody(openRequest, c.req.raw);
    const browser = open(c.get("account"), streamWebView);
    const expiresAt = new Date(browser.createdAt.getTime() + ttl * 1000).toISOString();
    return c.json({ success: true, id: browser.id, ...views(browser), expiresAt });
  });

  app.get("/v2/browser", (c) => {
    const query = z.object({ status: z.enum(["active", "destroyed"]).optional() });
    const { status } = checked(query, c.req.query());
    const found = browsers.of(c.get("account")).filter((each) => status === undefined || each.status === status);
    return c.json({ success: true, sessions: found.map(sessionOf) });
  });

  app.post("/v2/browser/:id/execute", async (c) => {
    const { code } = await readBody(executeRequest, c.req.raw);
    return c.json(await run(active(c.req.param("id"), c.get("account")), code, c.req.raw.signal));
  });

  app.delete("/v2/browser/:id", (c) => c.json(close(active(c.req.param("id"), c.get("account")))));
  return app;
}

function failed(message: string): BrowserExecuteResponse {
  return { success: false, stdout: "", result: "", stderr: message, exitCode: 1, killed: false, error: message };
}

/** Where a session could be watched and driven, if it were a real one. */
function views({ id }: Browser) {
  return {
    cdpUrl: `wss://browser.firecrawl.invalid/${id}?token=secret-of-${id}`,
    liveViewUrl: `https://liveview.firecrawl.invalid/${id}`,
    interactiveLiveViewUrl: `https://liveview.firecrawl.invalid/${id}/interactive`,
  };
}

function sessionOf(browser: Browser): BrowserSession {
  return {
    id: browser.id,
    status: browser.status,
    ...views(browser),
    streamWebView: browser.streamWebView,
    createdAt: browser.createdAt.toISOString(),
    lastActivity: browser.lastActivity.toISOString(),
  };
}
