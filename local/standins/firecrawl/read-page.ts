import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Document } from "firecrawl";
import { convertPage } from "./convert-page.ts";
import { FirecrawlError } from "./error.ts";
import { fetchPage } from "./fetch-page.ts";
import type { ScrapeRequest } from "./scrape-request.ts";

/** A page as the API gives it, and what is on it to go on with. */
export interface ReadPage {
  document: Document;
  /** Every link of the whole page, absolute. */
  links: string[];
}

/** Reads a page. @param gone aborted when nobody waits for it any more @throws {FirecrawlError} when it cannot be read */
export type ReadPageFunction = (request: ScrapeRequest, gone: AbortSignal) => Promise<ReadPage>;

/**
 * Fetches pages, really, and converts them.
 * @param allowedHosts `host:port` of everything that may be fetched; looked at for each page
 */
export function pageReader(allowedHosts: readonly string[]): ReadPageFunction {
  return async (request, gone) => {
    const late = AbortSignal.timeout(request.timeout);
    const signal = AbortSignal.any([gone, late]);
    try {
      const page = await fetchPage(request.url, { allowedHosts, headers: request.headers, signal });
      await sleep(request.waitFor, undefined, { signal });
      const all = { ...request, formats: ["links" as const], onlyMainContent: false, includeTags: [], excludeTags: [] };
      const links = convertPage(page, all, "").links ?? [];
      return { document: convertPage(page, request, randomUUID()), links };
    } catch (error) {
      if (!late.aborted || gone.aborted) throw error;
      throw new FirecrawlError(408, `The page was not loaded within ${request.timeout} ms.`, "SCRAPE_TIMEOUT");
    }
  };
}
