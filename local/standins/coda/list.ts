import { CodaError } from "./error.ts";

/** One page of a list, as the client asked for it. */
export interface ListRequest {
  /** The list's path below the API's base. */
  path: string;
  /** This very request, for `href`. */
  href: string;
  /** The API's base URL as the client dialled it. */
  base: string;
  /** The query of the first page: a page token implies all of it. */
  query: URLSearchParams;
  limit: number;
  offset: number;
}

/** `limit` in the published description. */
const DEFAULT_LIMIT = 25;

/**
 * Reads `limit` and `pageToken`. "You don't need to pass any of the parameters from your original request, as they are
 * all implied by the pageToken. Any other parameters provided alongside a pageToken will be ignored."
 * @param url the request's URL
 * @param base the API's base URL, a prefix of it
 * @param maxLimit a larger `limit` gets this many results
 * @throws {CodaError} 400 for a limit that is not a positive integer, or a token that is not of this list
 */
export function listRequest(url: URL, base: string, maxLimit: number): ListRequest {
  const path = `${url.origin}${url.pathname}`.slice(base.length);
  const common = { path, base, href: url.href };
  const token = url.searchParams.get("pageToken");
  if (token !== null) {
    const parsed = parseToken(token);
    if (parsed?.path !== path) throw new CodaError(400, "The pageToken is not valid for this list.");
    return { ...common, query: new URLSearchParams(parsed.query), limit: parsed.limit, offset: parsed.offset };
  }
  const limit = Number(url.searchParams.get("limit") ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1) throw new CodaError(400, "limit must be an integer of at least 1.");
  const query = new URLSearchParams(url.searchParams);
  query.delete("limit");
  return { ...common, query, limit: Math.min(limit, maxLimit), offset: 0 };
}

/**
 * Cuts the page out of the whole list.
 * @param all the list that `request.query` describes
 * @param toItem makes the API's resource of an entry
 */
export function listPage<T>(request: ListRequest, all: T[], toItem: (entry: T) => unknown) {
  const end = request.offset + request.limit;
  const items = all.slice(request.offset, end).map(toItem);
  if (end >= all.length) return { items, href: request.href };
  const nextPageToken = Buffer.from(
    JSON.stringify({ limit: request.limit, offset: end, path: request.path, query: request.query.toString() }),
  ).toString("base64url");
  return {
    items,
    href: request.href,
    nextPageToken,
    nextPageLink: `${request.base}${request.path}?pageToken=${nextPageToken}`,
  };
}

function parseToken(token: string): { limit: number; offset: number; path: string; query: string } | undefined {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined;
  }
}
