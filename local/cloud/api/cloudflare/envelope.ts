import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** One entry of `errors` in a Cloudflare v4 answer. */
export interface ApiErrorDetail {
  code: number;
  message: string;
  error_chain?: ApiErrorDetail[];
}

/** An answer with `success: false`; thrown by handlers, written by the app's error handler. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly detail: ApiErrorDetail;

  constructor(status: ContentfulStatusCode, code: number, message: string, chain?: ApiErrorDetail[]) {
    super(message);
    this.status = status;
    this.detail = chain ? { code, message, error_chain: chain } : { code, message };
  }
}

/** The v4 envelope of a success (Cloudflare API, "Making API calls", responses). */
export function success(c: Context, result: unknown, resultInfo?: Record<string, unknown>): Response {
  const envelope = { result, success: true, errors: [], messages: [] };
  return c.json(resultInfo ? { ...envelope, result_info: resultInfo } : envelope);
}

/** The v4 envelope of a failure. */
export function failure(c: Context, error: ApiError): Response {
  return c.json({ result: null, success: false, errors: [error.detail], messages: [] }, error.status);
}

/**
 * One page of a list, by `page` and `per_page`; a page behind the last one is empty, which is how clients find the end.
 * @param perPage what counts without `per_page`, and the most that it may ask for
 */
export function page(c: Context, items: unknown[], perPage: { default: number; max: number }): Response {
  const size = Math.min(positive(c.req.query("per_page")) ?? perPage.default, perPage.max);
  const number = positive(c.req.query("page")) ?? 1;
  const shown = items.slice((number - 1) * size, number * size);
  return success(c, shown, {
    page: number,
    per_page: size,
    count: shown.length,
    total_count: items.length,
    total_pages: Math.ceil(items.length / size),
  });
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}
