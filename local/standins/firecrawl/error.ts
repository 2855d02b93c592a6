import { STATUS_CODES } from "node:http";

/** The codes of the API's errors that the stand-in uses. https://docs.firecrawl.dev/api-reference/errors */
export type FirecrawlErrorCode =
  | "BAD_REQUEST"
  | "BAD_REQUEST_INVALID_JSON"
  | "SCRAPE_ALL_ENGINES_FAILED"
  | "SCRAPE_DNS_RESOLUTION_ERROR"
  | "SCRAPE_SITE_ERROR"
  | "SCRAPE_SSL_ERROR"
  | "SCRAPE_TIMEOUT"
  | "SCRAPE_UNSUPPORTED_FILE_ERROR"
  | "UNKNOWN_ERROR"
  | "UNSUPPORTED_SITE";

/** An answer of the API that is not a success. */
export class FirecrawlError extends Error {
  readonly status: number;
  readonly code: FirecrawlErrorCode | undefined;
  readonly details: unknown;

  /**
   * @param status HTTP status; 200 for a hostname that does not resolve, as in the API
   * @param message what was wrong, for the `error` field
   * @param code for the `code` field; errors of the account have none
   * @param details for the `details` field, e.g. what is wrong with which field of the request
   */
  constructor(status: number, message: string, code?: FirecrawlErrorCode, details?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

const accountErrors: Record<number, string> = {
  401: "Unauthorized: Invalid token",
  402: "Payment Required: Insufficient credits",
  429: "Rate limit exceeded",
};

/** The API's own error with this HTTP status, where it has one. */
export function firecrawlError(status: number): FirecrawlError {
  const code = status === 400 ? "BAD_REQUEST" : status === 408 ? "SCRAPE_TIMEOUT" : undefined;
  return new FirecrawlError(
    status,
    accountErrors[status] ?? STATUS_CODES[status] ?? "Error",
    status >= 500 ? "UNKNOWN_ERROR" : code,
  );
}

/** The body of every error of the API: `{success: false, error, code?, details?}`. */
export function firecrawlErrorResponse({ status, message, code, details }: FirecrawlError): Response {
  return Response.json(
    { success: false, ...(code && { code }), error: message, ...(details !== undefined && { details }) },
    { status },
  );
}
