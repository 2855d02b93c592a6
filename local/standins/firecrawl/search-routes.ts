import { randomUUID } from "node:crypto";
import type { Document, MapData, SearchData, SearchResultWeb } from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { needCredits, readBody, type StandInEnv } from "./account.ts";
import type { ReadPage, ReadPageFunction } from "./read-page.ts";
import { relevanceOf, relevantSentences } from "./relevant-sentences.ts";
import { pageUrl, scrapeOptions } from "./scrape-request.ts";
import { SiteWalk } from "./walk-site.ts";

const ignored = z.unknown().optional();

/** The body of `POST /v2/map`. */
const mapRequest = z.strictObject({
  url: pageUrl,
  search: z.string().optional(),
  limit: z.int().min(1).max(100_000).default(5000),
  includeSubdomains: ignored,
  ignoreQueryParameters: z.boolean().default(true),
  sitemap: ignored,
  timeout: ignored,
  location: ignored,
  integration: ignored,
});

const source = z.enum(["web", "news", "images"]);
const domains = z.array(z.string()).default([]);

/** The body of `POST /v2/search`. */
const searchRequest = z
  .strictObject({
    query: z.string().trim().min(1),
    sources: z.array(source).default(["web"]),
    limit: z.int().min(1).max(100).default(10),
    includeDomains: domains,
    excludeDomains: domains,
    scrapeOptions: scrapeOptions.optional(),
    categories: ignored,
    tbs: ignored,
    location: ignored,
    country: ignored,
    ignoreInvalidURLs: ignored,
    timeout: ignored,
    highlights: ignored,
    integration: ignored,
  })
  .refine((body) => body.includeDomains.length === 0 || body.excludeDomains.length === 0, {
    error: "includeDomains and excludeDomains cannot both be specified",
  });

/** Most pages that are looked at for a map or a search. */
const MOST = 50;

/** Credits of a search, for what it finds; pages that it reads cost one each besides. */
const SEARCH_CREDITS = 2;

/**
 * `/v2/map` and `/v2/search`. The web that is searched is the stand-in's own site, its traps too.
 * @param siteUrl where the site is, given the address that was dialled
 */
export function searchRoutes(read: ReadPageFunction, siteUrl: (dialled: string) => string): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();

  app.post("/v2/map", async (c) => {
    const account = c.get("account");
    const { url, search, limit, ignoreQueryParameters } = await readBody(mapRequest, c.req.raw);
    needCredits(account, 1);
    const { pages, unread } = await pagesFrom(url, read, c.req.raw.signal, ignoreQueryParameters);
    const links: SearchResultWeb[] = [...pages.map(resultOf), ...unread.map((href) => ({ url: href }))];
    const text = ({ url, title, description }: SearchResultWeb) => `${url} ${title} ${description}`;
    const found = search
      ? links
          .map((link) => ({ link, score: relevanceOf(text(link), search) }))
          .filter(({ score }) => score > 0)
          .toSorted((a, b) => b.score - a.score)
          .map(({ link }) => link)
      : links;
    account.remainingCredits--;
    return c.json({ success: true, id: randomUUID(), links: found.slice(0, limit) } satisfies MapData & {
      success: true;
    });
  });

  app.post("/v2/search", async (c) => {
    const account = c.get("account");
    const request = await readBody(searchRequest, c.req.raw);
    needCredits(account, SEARCH_CREDITS);
    const { signal } = c.req.raw;
    const site = siteUrl(c.req.url);
    const { pages } = await pagesFrom(new URL(site), read, signal, true);
    pages.push(...(await pagesFrom(new URL("traps/", site), read, signal, true)).pages);
    const hosts = (list: readonly string[], url: string) => list.includes(new URL(url).hostname);
    const found = pages
      .filter(({ url }) => request.includeDomains.length === 0 || hosts(request.includeDomains, url))
      .filter(({ url }) => !hosts(request.excludeDomains, url))
      .map((page) => ({ page, score: relevanceOf(`${resultOf(page).title} ${markdownOf(page)}`, request.query) }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, request.limit)
      .map(({ page }) => page);
    const data: SearchData = {};
    if (request.sources.includes("web")) {
      data.web = found.map((page, index) => ({ ...resultOf(page), position: index + 1 }));
      if (request.scrapeOptions) data.web = await readAll(found, request.scrapeOptions, signal);
    }
    if (request.sources.includes("images")) {
      data.images = found.flatMap(({ url, read }) =>
        (read.document.images ?? []).map((imageUrl) => ({ imageUrl, url, title: read.document.metadata?.title ?? "" })),
      );
    }
    if (request.sources.includes("news")) {
      data.news = found.map((page, index) => ({
        url: page.url,
        title: resultOf(page).title ?? "",
        snippet: resultOf(page).title ? (relevantSentences(markdownOf(page), request.query, 1)[0] ?? "") : "",
        position: index + 1,
      }));
    }
    account.remainingCredits -= SEARCH_CREDITS + (request.scrapeOptions ? found.length : 0);
    return c.json({ success: true, id: randomUUID(), data });
  });

  const readAll = async (found: Found[], options: z.output<typeof scrapeOptions>, signal: AbortSignal) => {
    const documents: Document[] = [];
    for (const { url } of found) documents.push((await read({ ...options, url: new URL(url) }, signal)).document);
    return documents;
  };
  return app;
}

interface Found {
  url: string;
  read: ReadPage;
}

/** The pages of a site that can be read, and what else it links to on its own host. */
async function pagesFrom(start: URL, read: ReadPageFunction, gone: AbortSignal, ignoreQueryParameters: boolean) {
  const options = scrapeOptions.parse({ formats: ["markdown", "images"] });
  const walk = new SiteWalk(start, options, { limit: MOST, ignoreQueryParameters }, read);
  const pages: Found[] = [];
  const unread: string[] = [];
  for (let each = await walk.next(gone); each; each = await walk.next(gone)) {
    if ("page" in each) pages.push({ url: each.url, read: each.page });
    else if (each.url === start.href) throw each.error;
    else unread.push(each.url);
  }
  return { pages, unread };
}

/** What a page says of itself; nothing for one that led elsewhere. */
function resultOf({ url, read }: Found): SearchResultWeb {
  const { title, description, url: led } = read.document.metadata ?? {};
  return led === url && title !== undefined ? { url, title, description: description ?? "" } : { url };
}

const markdownOf = ({ read }: Found) => read.document.markdown ?? "";
