import type { ActiveCrawlsResponse, CrawlOptions } from "firecrawl";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { checked, needCredits, Owned, readBody, type StandInEnv } from "./account.ts";
import { FirecrawlError } from "./error.ts";
import { PageJob } from "./page-job.ts";
import type { ReadPageFunction } from "./read-page.ts";
import { relevanceOf } from "./relevant-sentences.ts";
import { batchScrapeRequest, pageUrl, scrapeOptions } from "./scrape-request.ts";
import { SiteWalk, type Walked } from "./walk-site.ts";

const ignored = z.unknown().optional();

const pattern = z.string().refine((text) => {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}, "Invalid regular expression");

/** The body of `POST /v2/crawl`. Webhooks are taken, and not called. */
const crawlRequest = z.strictObject({
  url: pageUrl,
  prompt: z.string().nullish(),
  includePaths: z.array(pattern).nullish(),
  excludePaths: z.array(pattern).nullish(),
  maxDiscoveryDepth: z.int().min(0).nullish(),
  limit: z.int().min(1).max(10_000).nullish(),
  crawlEntireDomain: z.boolean().default(false),
  allowExternalLinks: z.boolean().default(false),
  ignoreQueryParameters: z.boolean().default(false),
  scrapeOptions: scrapeOptions.nullish(),
  sitemap: ignored,
  allowSubdomains: ignored,
  delay: ignored,
  maxConcurrency: ignored,
  webhook: ignored,
  regexOnFullURL: ignored,
  deduplicateSimilarURLs: ignored,
  zeroDataRetention: ignored,
  integration: ignored,
});

const paging = z.object({
  skip: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Pages of a list of URLs. */
class UrlList {
  readonly #left: URL[];
  readonly #read: (url: URL, gone: AbortSignal) => Promise<Walked>;

  constructor(urls: URL[], read: (url: URL, gone: AbortSignal) => Promise<Walked>) {
    this.#left = urls;
    this.#read = read;
  }

  get waiting(): number {
    return this.#left.length;
  }

  async next(gone: AbortSignal): Promise<Walked | undefined> {
    const url = this.#left.shift();
    return url && this.#read(url, gone);
  }
}

/**
 * Crawls and batches: `/v2/crawl…` and `/v2/batch/scrape…`.
 * @param pagesPerLook how many pages a job gets on with when its status is asked for
 */
export function jobRoutes(read: ReadPageFunction, pagesPerLook: number): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();
  const crawls = new Owned<PageJob>("Job");
  const batches = new Owned<PageJob>("Job");

  app.post("/v2/crawl/params-preview", async (c) => {
    const { url, prompt } = await readBody(z.strictObject({ url: pageUrl, prompt: z.string().max(10_000) }), c.req.raw);
    const walk = new SiteWalk(url, scrapeOptions.parse({}), { limit: 50 }, read);
    const paths: string[] = [];
    for (let each = await walk.next(c.req.raw.signal); each; each = await walk.next(c.req.raw.signal)) {
      const { pathname } = new URL(each.url);
      if (relevanceOf(pathname, prompt) > 0) paths.push(`^${pathname}$`);
    }
    const limit = /\b(\d{1,4})\b/.exec(prompt)?.[1];
    const data: CrawlOptions & { url: string } = {
      url: url.href,
      ...(paths.length > 0 && { includePaths: paths }),
      ...(limit && { limit: Number(limit) }),
      crawlEntireDomain: /entire|whole/i.test(prompt),
    };
    return c.json({ success: true, data });
  });

  app.post("/v2/crawl", async (c) => {
    const account = c.get("account");
    const { url, scrapeOptions: given, ...options } = await readBody(crawlRequest, c.req.raw);
    needCredits(account, 1);
    const limit = options.limit ?? 10_000;
    const walk = new SiteWalk(url, given ?? scrapeOptions.parse({}), { ...options, limit }, read);
    const job = crawls.add(new PageJob(account, url.href, { limit }, walk));
    return c.json({ success: true, id: job.id, url: `${addressOf(c)}/${job.id}` });
  });

  app.get("/v2/crawl/active", (c) => {
    const active = crawls.of(c.get("account")).filter(({ status }) => status === "scraping");
    const running = active.map(({ id, account, url, options }) => ({ id, teamId: account.teamId, url, options }));
    return c.json({ success: true, crawls: running } satisfies ActiveCrawlsResponse);
  });

  app.post("/v2/batch/scrape", async (c) => {
    const account = c.get("account");
    const { urls, ignoreInvalidURLs, ...body } = await readBody(batchScrapeRequest, c.req.raw);
    const { maxConcurrency: _, webhook: __, ...options } = body;
    const valid = urls.flatMap((text) => pageUrl.safeParse(text).data ?? []);
    const invalidURLs = urls.filter((text) => !pageUrl.safeParse(text).success);
    if (valid.length === 0 || (invalidURLs.length > 0 && !ignoreInvalidURLs)) {
      throw new FirecrawlError(400, `Bad Request: Invalid URL ${invalidURLs[0]}`, "BAD_REQUEST");
    }
    needCredits(account, valid.length);
    const list = new UrlList([...valid], async (url, gone) => {
      try {
        return { url: url.href, page: await read({ ...options, url }, gone) };
      } catch (error) {
        if (!(error instanceof FirecrawlError)) throw error;
        return { url: url.href, error };
      }
    });
    const job = batches.add(new PageJob(account, valid[0]!.href, {}, list));
    return c.json({
      success: true,
      id: job.id,
      url: `${addressOf(c)}/${job.id}`,
      ...(invalidURLs.length > 0 && { invalidURLs }),
    });
  });

  for (const [path, jobs, word] of [
    ["/v2/crawl/:id", crawls, "Crawl"],
    ["/v2/batch/scrape/:id", batches, "Batch scrape"],
  ] as const) {
    app.get(path, async (c) => {
      const job = jobs.get(c.req.param("id"), c.get("account"));
      const { skip, limit } = checked(paging, c.req.query());
      await job.advance(pagesPerLook, c.req.raw.signal);
      return c.json(job.answer(addressOf(c), skip, limit));
    });
    app.get(`${path}/errors`, (c) => c.json(jobs.get(c.req.param("id"), c.get("account")).errors));
    app.delete(path, (c) => {
      const job = jobs.get(c.req.param("id"), c.get("account"));
      if (job.status !== "scraping") throw new FirecrawlError(409, `${word} is already ${job.status}`);
      job.cancel();
      return c.json({ status: "cancelled" });
    });
  }
  return app;
}

/** The address that was dialled, without the query. */
function addressOf(c: Context): string {
  const { origin, pathname } = new URL(c.req.url);
  return `${origin}${pathname}`;
}
