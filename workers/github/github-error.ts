import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";

/** What Octokit throws when GitHub answers with an error; without `response`, of what `fetch` threw, its cause. */
interface HttpError extends Error {
  name: "HttpError";
  status: number;
  response?: { data: unknown; headers: Record<string, string | number | undefined> };
}

/** What Octokit throws when a GraphQL query was answered with errors, which comes with HTTP 200. */
interface GraphqlError extends Error {
  name: "GraphqlResponseError";
  headers: Record<string, string | number | undefined>;
  errors: { type?: string; message: string }[] | undefined;
}

/** The HTTP status that REST has for a GraphQL error's type. */
const STATUS_OF_TYPE: Record<string, number> = {
  FORBIDDEN: 403,
  INSUFFICIENT_SCOPES: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  RATE_LIMIT: 429,
  UNPROCESSABLE: 422,
};

/** GitHub's form of an error; `errors` comes with a 422. */
interface ErrorBody {
  message?: string;
  errors?: (string | { field?: string; code?: string; message?: string; value?: unknown })[];
}

/** What to do when a request got no answer, by default: nothing has happened, or nothing that matters. */
export const TRY_AGAIN = "Try again in a while.";

/**
 * Turns what Octokit throws into an error that tells a model what to do next
 * (https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api).
 *
 * @param error anything that was thrown
 * @param unanswered what to do when there was no answer, or one that leaves open whether it was done
 * @returns an {@link UpstreamError}, or the error itself when it does not come from a request
 */
export function explained(error: unknown, unanswered = TRY_AGAIN): unknown {
  if (!(error instanceof Error)) return error;
  if (isGraphqlError(error)) return explainedGraphql(error, unanswered);
  if (!isHttpError(error)) return isLostConnection(error) ? noAnswer(error, unanswered) : error;
  if (!error.response) return error.cause;

  const { status, response } = error;
  const body = (typeof response.data === "object" && response.data !== null ? response.data : {}) as ErrorBody;
  const header = (name: string) => response.headers[name]?.toString();
  const wait = secondsToWait(status, body.message ?? "", header);
  const next = wait === undefined ? nextStep(status, header, unanswered) : limited(wait, header);
  const reason = [body.message ?? "no reason given", fieldErrors(body)].filter(Boolean).join(": ");
  return new UpstreamError(`GitHub answered ${status}: ${reason.replace(/[.\s]+$/, "")}. ${next}`, status, wait);
}

/** @see https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api */
function explainedGraphql({ headers, errors = [] }: GraphqlError, unanswered: string): UpstreamError {
  const header = (name: string) => headers[name]?.toString();
  // Of an error without a type nobody knows how far it came, as of a 500.
  const status = errors.map(({ type }) => STATUS_OF_TYPE[type ?? ""]).find(Boolean) ?? 500;
  const reason = errors.map(({ message }) => message.replace(/[.\s]+$/, "")).join("; ") || "no reason given";
  const wait = status === 429 ? secondsToWait(status, reason, header) : undefined;
  const next = wait === undefined ? nextStep(status, header, unanswered) : limited(wait, header);
  return new UpstreamError(`GitHub answered with an error: ${reason}. ${next}`, status, wait);
}

type Header = (name: string) => string | undefined;

function isGraphqlError(error: Error): error is GraphqlError {
  return error.name === "GraphqlResponseError";
}

function isHttpError(error: Error): error is HttpError {
  return error.name === "HttpError";
}

/** The connection broke, or time was up, while a body was read as it came. */
function isLostConnection(error: Error): boolean {
  // Workers say "Network connection lost.", Node says "terminated".
  return error.name === "TimeoutError" || /^(?:network connection lost|terminated)/i.test(error.message);
}

function noAnswer(cause: Error, next: string): UpstreamError {
  const why = cause.name === "TimeoutError" ? "it took too long" : "unreachable";
  return new UpstreamError(`GitHub did not answer (${why}). ${next}`);
}

/**
 * How long to wait after a rate limit: what GitHub says, else until the hour's count starts anew, else a minute
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
 * @returns seconds; undefined when the answer is no rate limit
 */
function secondsToWait(status: number, message: string, header: Header): number | undefined {
  const retryAfter = Number(header("retry-after"));
  if (retryAfter > 0) return retryAfter;
  if (status !== 403 && status !== 429) return undefined;
  if (header("x-ratelimit-remaining") === "0") {
    return Math.max(1, Math.ceil(Number(header("x-ratelimit-reset")) - Date.now() / 1000)) || 60;
  }
  return status === 429 || /rate limit/i.test(message) ? 60 : undefined;
}

function limited(wait: number, header: Header): string {
  const at = header("retry-after") ? undefined : Number(header("x-ratelimit-reset"));
  const isHourly = header("x-ratelimit-remaining") === "0" && at;
  const until = isHourly ? `, at ${new Date(at * 1000).toISOString().replace(".000Z", "Z")}` : "";
  return `Do not call GitHub again before that: try again in ${wait} s${until}.`;
}

function nextStep(status: number, header: Header, unanswered: string): string {
  if (status === 401) return "The connection has ended or was taken back.";
  if (status === 403) {
    return `The connected account may not do this. ${lacking(header) ?? "Ask the person, or an owner of the repository, for access"}.`;
  }
  if (status === 404) {
    const scopes = lacking(header);
    return [
      "It does not exist, or the connected account may not see it: check the spelling of owner, repository, path and ref; get_me tells whose account it is.",
      ...(scopes ? [`${scopes}.`] : []),
    ].join(" ");
  }
  if (status === 406) return "Look at the files one by one, with get_commit or list_pull_request_files.";
  if (status === 410) {
    return "It was deleted or has expired, or issues are switched off in this repository. Do not try again.";
  }
  if (status === 422) return "Correct what is named and try again.";
  if (status >= 500) return unanswered;
  return "Trying again will not help as it is.";
}

/** Which permission the connection lacks, where GitHub's headers tell. */
function lacking(header: Header): string | undefined {
  const permissions = header("x-accepted-github-permissions");
  const connectAgain = "ask the person to connect GitHub again and to allow it";
  if (permissions && permissions !== "metadata=read") return `It needs the permission ${permissions}: ${connectAgain}`;
  const accepted = list(header("x-accepted-oauth-scopes"));
  const granted = header("x-oauth-scopes");
  if (accepted.length === 0 || granted === undefined) return undefined;
  if (accepted.some((scope) => list(granted).includes(scope))) return undefined;
  return `The connection lacks a scope (it has ${granted || "none"}; one of ${accepted.join(", ")} is needed): ${connectAgain}`;
}

function list(header: string | undefined): string[] {
  return (header ?? "").split(",").flatMap((each) => each.trim() || []);
}

function fieldErrors({ errors }: ErrorBody): string {
  if (!Array.isArray(errors)) return "";
  return errors
    .map((error) => {
      if (typeof error === "string") return error;
      const { field, code, message, value } = error;
      const words = message ?? (code ?? "").replaceAll("_", " ");
      return [field, value === undefined ? "" : JSON.stringify(value), words].filter(Boolean).join(" ");
    })
    .join("; ");
}
