import { Hono } from "hono";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { accountFor, accountOf, type FirecrawlKey, needCredits, Owned, readBody, type StandInEnv } from "./account.ts";
import { accountRoutes } from "./account-routes.ts";
import { browserRoutes, type Scraped } from "./browser-routes.ts";
import { dataRoutes } from "./data-routes.ts";
import { FirecrawlError, firecrawlError, firecrawlErrorResponse } from "./error.ts";
import { jobRoutes } from "./job-routes.ts";
import { monitorRoutes } from "./monitor-routes.ts";
import { pageReader } from "./read-page.ts";
import { researchRoutes } from "./research-routes.ts";
import { scrapeRequest } from "./scrape-request.ts";
import { searchRoutes } from "./search-routes.ts";
import { createSite } from "./site.ts";

export interface FirecrawlStandInOptions {
  keys: FirecrawlKey[];
  /** `host:port` of everything that the stand-in may fetch, its own site included; looked at for each page. */
  allowedHosts: readonly string[];
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
  /** Milliseconds that the page `site/slow` takes; default 5000. */
  slowMs?: number;
  /** How many pages a job gets on with each time that its status is asked for; default 5. */
  pagesPerLook?: number;
}

/**
 * A stand-in of the Firecrawl API v2 (https://docs.firecrawl.dev/api-reference/introduction; `/v2/…` below wherever it is
 * mounted) that really fetches pages, follows their links and converts them, and a small site of its own at `/site/…`. Where
 * the API asks a language model, plain rules answer. What it does not have is answered 404 and logged.
 * @returns `handler` answers requests; `faults` makes the API, not the site, fail on purpose (also over HTTP, at `…/_control`)
 * @throws {Error} when no key is given
 */
export function createFirecrawlStandIn(options: FirecrawlStandInOptions): { handler: Handler; faults: Faults } {
  if (options.keys.length === 0) throw new Error("The Firecrawl stand-in needs at least one key.");
  const accounts = options.keys.map(accountOf);
  const read = pageReader(options.allowedHosts);
  const scraped = new Owned<Scraped>("Job");

  const app = new Hono<StandInEnv>({ getPath: belowMount });

  app.use(async (c, next) => {
    c.set("account", accountFor(accounts, c.req.header("authorization")));
    await next();
  });

  app.post("/v2/scrape", async (c) => {
    const account = c.get("account");
    const request = await readBody(scrapeRequest, c.req.raw);
    needCredits(account, 1);
    const { document } = await read(request, c.req.raw.signal);
    account.remainingCredits--;
    scraped.add({ id: document.metadata!.scrapeId!, account, url: request.url });
    return c.json({ success: true, data: document });
  });

  // The site is at the address that was dialled, unless that is not one to be fetched.
  const siteUrl = (dialled: string) => {
    const { host, pathname } = new URL(dialled);
    const known = options.allowedHosts.includes(host) ? host : options.allowedHosts[0];
    return `http://${known}${pathname.replace(/\/v2\/.*$/, "")}/site/`;
  };
  const { pagesPerLook = 5 } = options;
  for (const routes of [
    jobRoutes(read, pagesPerLook),
    searchRoutes(read, siteUrl),
    dataRoutes(read, siteUrl, pagesPerLook),
    browserRoutes(read, scraped),
    monitorRoutes(read),
    researchRoutes(),
    accountRoutes(),
  ]) {
    app.route("/", routes);
  }

  app.notFound((c) => {
    options.log(`Firecrawl stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    // As Express answers in an engine that is too old, or set up without the endpoint.
    return c.html(`<!DOCTYPE html><pre>Cannot ${c.req.method} ${new URL(c.req.url).pathname}</pre>`, 404);
  });

  app.onError((error, c) => {
    if (error instanceof FirecrawlError) return firecrawlErrorResponse(error);
    if (!c.req.raw.signal.aborted) options.log(`Firecrawl stand-in: ${error.message}`);
    return firecrawlErrorResponse(firecrawlError(500));
  });

  const api = withFaults(
    async (request) => app.fetch(request),
    (status) => firecrawlErrorResponse(firecrawlError(status)),
  );
  const site = createSite({ slowMs: options.slowMs ?? 5000 });
  return {
    handler: async (request) => {
      return belowMount(request).startsWith("/site/") ? site.fetch(request) : api.handler(request);
    },
    faults: api.faults,
  };
}

/** The path without the name under which the stand-in is mounted. */
function belowMount(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/[^/]+(?=\/)/, "");
}
