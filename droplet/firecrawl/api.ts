import { ToolError, toolsFor, UpstreamError } from "@hybrid-mcp/service-kit";
import type { Document, ScrapeOptions } from "firecrawl";
import { publicUrl } from "./public-url.ts";

/** Milliseconds that Firecrawl has beyond the page's own timeout: for its queue and for converting. */
const MARGIN_MS = 10_000;

/** Most bytes of an answer: it is kept in memory, of which a Worker has 128 MB. */
const MAX_ANSWER_BYTES = 10_000_000;

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
  readonly #key: string;
  readonly #allowedHosts: ReadonlySet<string>;

  /**
   * @param baseUrl e.g. `https://api.firecrawl.dev`, without `/v2`
   * @param key an API key; empty for an engine of one's own that asks for none
   * @param allowedHosts `host:port` of what may be read though it is not public
   */
  constructor(baseUrl: string, key: string, allowedHosts: ReadonlySet<string>) {
    this.#baseUrl = baseUrl.replace(/\/$/, "");
    this.#key = key;
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
    const { status, retryAfter, body } = await this.#post(
      "/v2/scrape",
      { url: target.href, ...options },
      options,
      signal,
    );
    // A hostname that does not resolve is answered 200 with `success: false`.
    if (status !== 200 || !body.success || !body.data) throw explain(target, status, body, options.timeout, retryAfter);
    const led = body.data.metadata?.url;
    if (led) publicUrl(led, this.#allowedHosts);
    return body.data;
  }

  async #post(path: string, request: object, { timeout }: { timeout: number }, signal: AbortSignal) {
    const deadline = AbortSignal.timeout(timeout + MARGIN_MS);
    try {
      const response = await fetch(this.#baseUrl + path, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(this.#key && { authorization: `Bearer ${this.#key}` }),
        },
        body: JSON.stringify(request),
        signal: AbortSignal.any([signal, deadline]),
      });
      const seconds = Number(response.headers.get("retry-after"));
      return {
        status: response.status,
        retryAfter: seconds > 0 ? seconds : undefined,
        body: asAnswer(await textOf(response), response.status),
      };
    } catch (error) {
      if (signal.aborted || error instanceof UpstreamError || error instanceof ToolError) throw error;
      const why = deadline.aborted ? `no answer in ${timeout + MARGIN_MS} ms` : "unreachable";
      throw new UpstreamError(`Firecrawl did not answer (${why}). Try again in a while.`);
    }
  }
}

export const defineTool = toolsFor<FirecrawlApi>();

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new ToolError(
        `The page has more than ${MAX_ANSWER_BYTES} bytes in these formats. Ask for markdown alone, with onlyMainContent.`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function asAnswer(text: string, status: number): Answer {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new UpstreamError(
    `Firecrawl answered ${status} with something that is not its own. Try again in a while.`,
    status,
  );
}

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
      return answered(
        "Its API key is wrong or was revoked: ask the person to give a new one; trying again does not help.",
      );
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
