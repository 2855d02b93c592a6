import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CreditUsage, Document } from "firecrawl";
import { Hono } from "hono";
import { z } from "zod";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { convertPage } from "./convert-page.ts";
import { FirecrawlError, firecrawlError, firecrawlErrorResponse } from "./error.ts";
import { fetchPage } from "./fetch-page.ts";
import { type ScrapeRequest, scrapeRequest } from "./scrape-request.ts";
import { createSite } from "./site.ts";

export interface FirecrawlKey {
  /** What the client sends as `Authorization: Bearer`. */
  key: string;
  /** How many pages the plan pays for, each costs one; default 1,000,000. Not kept over a restart. */
  credits?: number;
}

export interface FirecrawlStandInOptions {
  keys: FirecrawlKey[];
  /** `host:port` of everything that the stand-in may fetch, its own site included. */
  allowedHosts: readonly string[];
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
  /** Milliseconds that the page `site/slow` takes; default 5000. */
  slowMs?: number;
}

interface Account {
  digest: Buffer;
  planCredits: number;
  remainingCredits: number;
}

type Env = { Variables: { account: Account } };

/**
 * A stand-in of the Firecrawl API v2 (https://docs.firecrawl.dev/api-reference/introduction; `/v2/…` below wherever it is
 * mounted) that really fetches pages and converts them, and a small site of its own to scrape at `/site/…`. It has
 * `POST /v2/scrape` and `GET /v2/team/credit-usage`; what it does not have is answered 404 and logged.
 * @returns `handler` answers requests; `faults` makes the API, not the site, fail on purpose (also over HTTP, at `…/_control`)
 * @throws {Error} when no key is given
 */
export function createFirecrawlStandIn(options: FirecrawlStandInOptions): { handler: Handler; faults: Faults } {
  if (options.keys.length === 0) throw new Error("The Firecrawl stand-in needs at least one key.");
  const accounts = options.keys.map(({ key, credits = 1_000_000 }): Account => {
    return { digest: digest(key), planCredits: credits, remainingCredits: credits };
  });

  const app = new Hono<Env>({ getPath: belowMount });

  app.use(async (c, next) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const sent = digest(bearer ?? "");
    const account = accounts.find((each) => timingSafeEqual(each.digest, sent));
    if (!account) throw firecrawlError(401);
    c.set("account", account);
    await next();
  });

  app.post("/v2/scrape", async (c) => {
    const account = c.get("account");
    const request = await read(c.req.raw);
    if (account.remainingCredits < 1) throw firecrawlError(402);
    const document = await scrape(request, c.req.raw.signal);
    account.remainingCredits--;
    return c.json({ success: true, data: document });
  });

  app.get("/v2/team/credit-usage", (c) => {
    const { planCredits, remainingCredits } = c.get("account");
    const data: CreditUsage = { remainingCredits, planCredits, billingPeriodStart: null, billingPeriodEnd: null };
    return c.json({ success: true, data });
  });

  app.notFound((c) => {
    options.log(`Firecrawl stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return firecrawlErrorResponse(firecrawlError(404));
  });

  app.onError((error, c) => {
    if (error instanceof FirecrawlError) return firecrawlErrorResponse(error);
    if (!c.req.raw.signal.aborted) options.log(`Firecrawl stand-in: ${error.message}`);
    return firecrawlErrorResponse(firecrawlError(500));
  });

  const scrape = async (request: ScrapeRequest, gone: AbortSignal): Promise<Document> => {
    const late = AbortSignal.timeout(request.timeout);
    const signal = AbortSignal.any([gone, late]);
    const { allowedHosts } = options;
    try {
      const page = await fetchPage(request.url, { allowedHosts, headers: request.headers, signal });
      await sleep(request.waitFor, undefined, { signal });
      return convertPage(page, request, randomUUID());
    } catch (error) {
      if (!late.aborted || gone.aborted) throw error;
      throw new FirecrawlError(408, `The page was not loaded within ${request.timeout} ms.`, "SCRAPE_TIMEOUT");
    }
  };

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

async function read(request: Request): Promise<ScrapeRequest> {
  const body: unknown = await request.json().catch(() => {
    throw new FirecrawlError(400, "Bad request, malformed JSON", "BAD_REQUEST_INVALID_JSON");
  });
  const parsed = scrapeRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new FirecrawlError(400, `Bad Request: ${z.prettifyError(parsed.error)}`, "BAD_REQUEST", parsed.error.issues);
}

/** Digests have one length, so comparing them tells nothing about the key's. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
