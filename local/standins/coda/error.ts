import { STATUS_CODES } from "node:http";

/** An answer of the API that is not a success. */
export class CodaError extends Error {
  readonly status: number;

  /**
   * @param status HTTP status
   * @param message what was wrong, for the `message` field
   */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The body of every error of the API: `{statusCode, statusMessage, message}` (the published description's
 * `UnauthorizedError`, `NotFoundError` and the others).
 * @param status HTTP status
 * @param message default: the status's own words
 */
export function codaErrorResponse(status: number, message?: string): Response {
  const statusMessage = STATUS_CODES[status] ?? "Error";
  return Response.json({ statusCode: status, statusMessage, message: message ?? statusMessage }, { status });
}
