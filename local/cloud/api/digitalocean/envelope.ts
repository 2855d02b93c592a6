import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** A refusal as the DigitalOcean API writes it: `{id, message, request_id}`; thrown by handlers. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  /** What kind of refusal, such as `not_found`. */
  readonly id: string;

  constructor(status: ContentfulStatusCode, id: string, message: string) {
    super(message);
    this.status = status;
    this.id = id;
  }
}

export function notFound(): ApiError {
  return new ApiError(404, "not_found", "The resource you were accessing could not be found.");
}

export function unprocessable(message: string): ApiError {
  return new ApiError(422, "unprocessable_entity", message);
}

export function conflict(message: string): ApiError {
  return new ApiError(409, "conflict", message);
}

/** Requests without a page size get this many. */
const pageSize = { default: 20, max: 200 };

/**
 * One page of a list under `name`, with `links` to the other pages and `meta.total` (DigitalOcean API, "Links & Pagination").
 */
export function page(c: Context, name: string, items: unknown[]): Response {
  const size = Math.min(positive(c.req.query("per_page")) ?? pageSize.default, pageSize.max);
  const current = positive(c.req.query("page")) ?? 1;
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (number: number): string => {
    const url = new URL(c.req.url);
    url.searchParams.set("page", String(number));
    url.searchParams.set("per_page", String(size));
    return url.href;
  };
  const pages = {
    ...(current > 1 ? { first: link(1), prev: link(current - 1) } : {}),
    ...(current < last ? { next: link(current + 1), last: link(last) } : {}),
  };
  return c.json({
    [name]: items.slice((current - 1) * size, current * size),
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: items.length },
  });
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
