import { STATUS_CODES } from "node:http";

/** What was wrong with one field (https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed). */
export interface FieldError {
  resource: string;
  field: string;
  code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable" | "custom";
  value?: string | number | string[];
  message?: string;
}

/** An answer of the API that is not a success. */
export class GithubError extends Error {
  readonly status: number;
  readonly errors: FieldError[] | undefined;

  /**
   * @param status HTTP status
   * @param message for the `message` field
   * @param errors for the `errors` field, of a 422
   */
  constructor(status: number, message: string, errors?: FieldError[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** The 422 that names what was wrong field by field. */
export function validationFailed(...errors: FieldError[]): GithubError {
  return new GithubError(422, "Validation Failed", errors);
}

/** The form of every error of the API: schemas `basic-error` and `validation-error` of the published description. */
export function githubErrorResponse(error: GithubError): Response {
  const { status, message, errors } = error;
  return Response.json(
    { message, ...(errors && { errors }), documentation_url: "https://docs.github.com/rest", status: String(status) },
    { status, headers: { "content-type": "application/json; charset=utf-8" } },
  );
}

/**
 * The error that a fault asks for: 403 and 429 are the secondary rate limit
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits).
 */
export function faultResponse(status: number): Response {
  const message =
    status === 403 || status === 429
      ? "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
      : (STATUS_CODES[status] ?? "Error");
  return githubErrorResponse(new GithubError(status, message));
}
