import { ToolError, toolsFor } from "@hybrid-mcp/service-kit/tool";
import { type UpstreamCall, UpstreamClient, UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import type { Document, ScrapeOptions } from "firecrawl";
import { publicUrl } from "./public-url.ts";

/** Milliseconds that Firecrawl has beyond the page's own timeout: for its queue and for converting. */
const MARGIN_MS = 10_000;

/** An answer of the API: https://docs.firecrawl.dev/api-reference/errors */
interface Answer {
  success?: boolean;
  data?: Document;
  error?: string;
  code?: string;
}

/**
 * The Firecrawl API v2 as far as the tools use it. Types are those of the `firecrawl` package, whose client is not used:
 * it cannot be told that the caller has gone, and it brings axios and a second zod along.
 */
export class FirecrawlApi {
  readonly #baseUrl: string;
  readonly #call: UpstreamCall;
  readonly #allowedHosts: ReadonlySet<string>;

  /**
   * @param baseUrl e.g. `https://api.firecrawl.dev`, without `/v2`
   * @param call with an API key; without a token for an engine of one's own that asks for none
   * @param allowedHosts `host:port` of what may be read though it is not public
   */
  constructor(baseUrl: string, call: UpstreamCall, allowedHosts: ReadonlySet<string>) {
    this.#baseUrl = baseUrl.replace(/\/$/, "");
    this.#call = call;
    this.#allowedHosts = allowedHosts;
  }

  /**
   * https://docs.firecrawl.dev/api-reference/endpoint/scrape
   *
   * @param url as it was given; one that is not public never reaches Firecrawl, and what a redirect to one brought is
   *   never returned
   * @param options `timeout` in milliseconds is needed for the deadline
   * @throws {ToolError} for a URL or a page that cannot be read
   * @throws {UpstreamError} when Firecrawl itself refuses or does not answer
   */
  async scrape(url: string, options: ScrapeOptions & { timeout: number }, signal: AbortSignal): Promise<Document> {
    const target = publicUrl(url, this.#allowedHosts);
    const deadline = options.timeout + MARGIN_MS;
    const client = new UpstreamClient({
      title: "Firecrawl",
      baseUrl: this.#baseUrl,
      call: this.#call,
      callTimeoutMs: deadline,
      tryTimeoutMs: deadline,
    });
    let answer: Answer;
    try {
      answer = await client.post<Answer>("/v2/scrape", { url: target.href, ...options }, signal, {
        unanswered: "Try again in a while.",
        tooLarge: "Ask for markdown alone, with onlyMainContent.",
      });
    } catch (error) {
      if (!(error instanceof UpstreamError) || !error.body) throw error;
      throw explain(target, error.status!, error.body, options.timeout, error.retryAfter);
    }
    // A hostname that does not resolve is answered 200 with `success: false`.
    if (!answer.success || !answer.data) throw explain(target, 200, answer, options.timeout);
    const led = answer.data.metadata?.url;
    if (led) publicUrl(led, this.#allowedHosts);
    return answer.data;
  }
}

export const defineTool = toolsFor<FirecrawlApi>();

/** Tells what is wrong and what to do next: with the page (a {@link ToolError}) or with Firecrawl ({@link UpstreamError}). */
function explain(url: URL, status: number, { error, code }: Answer, timeout: number, retryAfter?: number): Error {
  const said = error ? ` It says: ${error.slice(0, 300).replace(/[.\s]+$/, "")}.` : "";
  switch (code) {
    case "SCRAPE_TIMEOUT":
      return new ToolError(
        `${url.host} did not send the page within ${timeout} ms. Call scrape again with a larger timeout, or try another page.`,
      );
    case "SCRAPE_DNS_RESOLUTION_ERROR":
      return new ToolError(
        `There is no host ${url.hostname}. Check the URL for a typing error, or search for the page.`,
      );
    case "SCRAPE_SSL_ERROR":
      return new ToolError(
        `The certificate of ${url.host} is not valid, so its pages are not read. Try another source.`,
      );
    case "SCRAPE_SITE_ERROR":
    case "SCRAPE_ALL_ENGINES_FAILED":
      return new ToolError(
        `The page could not be loaded.${said} Check the URL; the site may be down or refuse readers like this one. Try another source.`,
      );
    case "SCRAPE_UNSUPPORTED_FILE_ERROR":
      return new ToolError(
        `The URL leads to a kind of file that Firecrawl cannot read.${said} Give the URL of a page.`,
      );
    case "UNSUPPORTED_SITE":
      return new ToolError(`Firecrawl does not read this site.${said} Try another source.`);
  }
  const answered = (next: string) =>
    new UpstreamError(`Firecrawl answered ${status}.${said} ${next}`, status, retryAfter);
  switch (status) {
    case 400:
      return answered("Change the arguments accordingly.");
    case 401:
      return answered("Its API key is wrong or was revoked.");
    case 402:
      return answered("The account has no credits left: ask the person to add some; trying again does not help.");
    case 403:
      return answered("The account may not do this: ask the person to check its plan, or try another page.");
    case 408:
      return answered("Call scrape again with a larger timeout.");
    default:
      return answered(retryAfter ? `Try again in ${retryAfter} s.` : "Try again in a while.");
  }
}
