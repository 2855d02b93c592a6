import { STATUS_CODES } from "node:http";
import { FirecrawlError } from "./error.ts";

/** A page as its site sent it. */
export interface FetchedPage {
  /** Where it was at last, after redirects. */
  url: string;
  status: number;
  /** The status in words. */
  statusText: string;
  /** The whole `Content-Type`. */
  contentType: string;
  body: string;
}

export interface FetchPageOptions {
  /** `host:port` of everything that may be fetched; a redirect to anywhere else is refused too. */
  allowedHosts: readonly string[];
  headers: Record<string, string>;
  signal: AbortSignal;
}

const MAX_REDIRECTS = 10;
const READABLE = /^(?:text\/|application\/(?:xhtml\+xml|xml|json))/i;

/**
 * Fetches a page and follows its redirects.
 * @throws {FirecrawlError} for a host that is not allowed, a site that does not answer, or what is not text
 */
export async function fetchPage(url: URL, options: FetchPageOptions): Promise<FetchedPage> {
  let current = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    refuseOther(current, options.allowedHosts);
    const response = await load(current, options);
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location && URL.canParse(location, current.href)) {
      await response.body?.cancel();
      current = new URL(location, current.href);
      continue;
    }
    const contentType = response.headers.get("content-type") ?? "text/html";
    if (!READABLE.test(contentType)) {
      await response.body?.cancel();
      const message = `The URL leads to a file of the type ${contentType}, which cannot be read.`;
      throw new FirecrawlError(500, message, "SCRAPE_UNSUPPORTED_FILE_ERROR");
    }
    return {
      url: current.href,
      status: response.status,
      statusText: response.statusText || STATUS_CODES[response.status] || "Error",
      contentType,
      body: decode(await response.arrayBuffer(), contentType),
    };
  }
  throw new FirecrawlError(500, "The page has too many redirects.", "SCRAPE_SITE_ERROR");
}

function refuseOther(url: URL, allowedHosts: readonly string[]): void {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  if (/^https?:$/.test(url.protocol) && allowedHosts.includes(`${url.hostname}:${port}`)) return;
  const allowed = allowedHosts.length === 0 ? "nothing" : allowedHosts.join(", ");
  throw new FirecrawlError(
    403,
    `This stand-in of Firecrawl fetches only pages of the local stack (${allowed}), not from ${url.host}.`,
    "UNSUPPORTED_SITE",
  );
}

async function load(url: URL, { headers, signal }: FetchPageOptions): Promise<Response> {
  try {
    return await fetch(url, { headers, signal, redirect: "manual" });
  } catch (error) {
    if (signal.aborted) throw error;
    const code = String(((error as Error).cause as { code?: unknown } | undefined)?.code ?? "");
    if (/^(ENOTFOUND|EAI_)/.test(code)) {
      // The API answers 200 to this one.
      const message = `DNS resolution failed for the hostname "${url.hostname}".`;
      throw new FirecrawlError(200, message, "SCRAPE_DNS_RESOLUTION_ERROR");
    }
    if (/CERT|SSL|TLS/.test(code)) {
      throw new FirecrawlError(500, `The certificate of ${url.host} is not valid (${code}).`, "SCRAPE_SSL_ERROR");
    }
    throw new FirecrawlError(500, `${url.host} does not answer (${code || "no reason"}).`, "SCRAPE_ALL_ENGINES_FAILED");
  }
}

/** Text in the charset that the content type names; UTF-8 without one, or with one that is not known. */
function decode(bytes: ArrayBuffer, contentType: string): string {
  const charset = /charset="?([^";\s]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
