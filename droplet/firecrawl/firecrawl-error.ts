import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";

/** What the API answers beside what was asked for: https://docs.firecrawl.dev/api-reference/errors */
export interface Answer {
  success?: boolean;
  error?: string;
  code?: string;
}

/** What was asked for, as far as an error tells of it. */
export interface Asked {
  method: string;
  /** Below the API's base, e.g. `/v2/scrape`. */
  path: string;
  /** The page, where it is about one. */
  url?: URL;
  /** Milliseconds that the page had. */
  timeout?: number;
  /** What the path names, for what there is not: "crawl". */
  what?: string;
}

/** Tells what is wrong and what to do next: with the page (a {@link ToolError}) or with Firecrawl ({@link UpstreamError}). */
export function explained(asked: Asked, status: number, { error, code }: Answer, retryAfter?: number): Error {
  const said = error
    ? ` It says: ${String(error)
        .slice(0, 300)
        .replace(/[.\s]+$/, "")}.`
    : "";
  const host = asked.url?.host ?? "The site";
  switch (code) {
    case "SCRAPE_TIMEOUT":
      return new ToolError(
        `${host} did not send the page ${asked.timeout === undefined ? "in time" : `within ${asked.timeout} ms`}. Call scrape again with a larger timeout, or try another page.`,
      );
    case "SCRAPE_DNS_RESOLUTION_ERROR":
      return new ToolError(
        `There is no host ${asked.url?.hostname ?? "of this name"}. Check the URL for a typing error, or search for the page.`,
      );
    case "SCRAPE_SSL_ERROR":
      return new ToolError(`The certificate of ${host} is not valid, so its pages are not read. Try another source.`);
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
    case 404:
      return answered(
        asked.what
          ? `There is no such ${asked.what}: check the id; what is long done is forgotten after a day or so.`
          : "Check the arguments; this engine may not have what this tool needs.",
      );
    case 408:
      return answered("Call it again with a larger timeout.");
    case 409:
      return answered("Look at its state first; this cannot be done in it.");
    case 410:
      return answered("It is over: begin a new one.");
    case 501:
      return answered("This engine is not set up for it: do without this tool.");
    default:
      return answered(retryAfter ? `Try again in ${retryAfter} s.` : "Try again in a while.");
  }
}

/** Something was started, and nobody can ask for it. @param list the tool that lists what was started */
export function withoutId(list: string): UpstreamError {
  return new UpstreamError(`Firecrawl answered 200 without an id. Look at ${list} before you try again.`, 200);
}

/** An engine of one's own has not every endpoint of the hosted API: then whatever serves it answers 404 in its own words. */
export function endpointMissing({ method, path }: Asked): UpstreamError {
  return new UpstreamError(
    `Firecrawl answered 404: the engine behind this server does not have ${method} ${path}. Do without this tool; trying again does not help.`,
    404,
  );
}

/** Access does not take this server's own credential: nothing that the person connects would change that. */
export function notLetIn(status: number): UpstreamError {
  return new UpstreamError(
    `The Firecrawl engine did not let this server in (Cloudflare Access answered ${status}). Tell the person that the operator has to run an update; trying again does not help.`,
  );
}
