import { FirecrawlError } from "./error.ts";
import type { ReadPage, ReadPageFunction } from "./read-page.ts";
import type { ScrapeOptionsGiven } from "./scrape-request.ts";

/** Which links of a site are followed, in the words of the API's crawl. */
export interface WalkOptions {
  includePaths?: readonly string[] | null | undefined;
  excludePaths?: readonly string[] | null | undefined;
  /** Links away from the start; it is at 0. */
  maxDiscoveryDepth?: number | null | undefined;
  limit: number;
  /** Not only pages below the start's folder. */
  crawlEntireDomain?: boolean | undefined;
  allowExternalLinks?: boolean | undefined;
  ignoreQueryParameters?: boolean | undefined;
}

/** What came of a page. */
export type Walked = { url: string; page: ReadPage } | { url: string; error: FirecrawlError };

/** Walks over pages one at a time, breadth first, by their links. */
export class SiteWalk {
  readonly #read: ReadPageFunction;
  readonly #scrape: ScrapeOptionsGiven;
  readonly #options: WalkOptions;
  readonly #start: URL;
  readonly #queue: { url: URL; depth: number }[];
  readonly #seen: Set<string>;
  #taken = 0;

  constructor(start: URL, scrape: ScrapeOptionsGiven, options: WalkOptions, read: ReadPageFunction) {
    this.#read = read;
    this.#scrape = scrape;
    this.#options = options;
    this.#start = start;
    this.#queue = [{ url: start, depth: 0 }];
    this.#seen = new Set([this.#key(start)]);
  }

  /** How many pages are known and not read yet, within the limit. */
  get waiting(): number {
    return Math.min(this.#queue.length, this.#options.limit - this.#taken);
  }

  /** Reads the next page. @returns undefined when there is none left */
  async next(gone: AbortSignal): Promise<Walked | undefined> {
    if (this.waiting <= 0) return undefined;
    const { url, depth } = this.#queue.shift()!;
    this.#taken++;
    const request = { ...this.#scrape, url };
    try {
      const page = await this.#read(request, gone);
      if (depth < (this.#options.maxDiscoveryDepth ?? Number.POSITIVE_INFINITY)) {
        for (const link of page.links) this.#meet(link, depth + 1);
      }
      return { url: url.href, page };
    } catch (error) {
      if (!(error instanceof FirecrawlError)) throw error;
      return { url: url.href, error };
    }
  }

  #meet(link: string, depth: number): void {
    if (!/^https?:/.test(link)) return;
    const url = new URL(link);
    const key = this.#key(url);
    if (this.#seen.has(key) || !this.#wanted(url)) return;
    this.#seen.add(key);
    this.#queue.push({ url, depth });
  }

  #wanted(url: URL): boolean {
    const { allowExternalLinks, crawlEntireDomain, includePaths, excludePaths } = this.#options;
    if (url.host !== this.#start.host) return allowExternalLinks ?? false;
    const folder = this.#start.pathname.replace(/[^/]*$/, "");
    if (!crawlEntireDomain && !url.pathname.startsWith(folder)) return false;
    const fits = (patterns: readonly string[]) => patterns.some((pattern) => new RegExp(pattern).test(url.pathname));
    if (includePaths && includePaths.length > 0 && !fits(includePaths)) return false;
    return !(excludePaths && fits(excludePaths));
  }

  /** A page is one page whatever its fragment. */
  #key(url: URL): string {
    const key = new URL(url);
    key.hash = "";
    if (this.#options.ignoreQueryParameters) key.search = "";
    return key.href;
  }
}
