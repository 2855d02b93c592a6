import type { AuthorizationRequest } from "../authorize-url.ts";
/** What an upstream gave for a person, as it comes from its token endpoint or from the person. */
export interface UpstreamToken {
  accessToken: string;
  /** Renews the access token; some upstreams take each only once. */
  refreshToken?: string;
  /** Lifetime of the access token in seconds; undefined: until it is revoked. */
  expiresIn?: number;
}

/** An upstream that the person is sent to, and that answers with tokens (RFC 6749). */
export interface OAuthUpstream {
  kind: "oauth";
  /** Name for people. */
  title: string;
  authorizeUrl(request: AuthorizationRequest): URL;
  /** @throws {UpstreamFailure} */
  exchange(result: { code: string; redirectUri: string; codeVerifier: string }): Promise<UpstreamToken>;
  /** @throws {UpstreamFailure} `refused` when the person has to connect again */
  refresh(refreshToken: string, signal: AbortSignal): Promise<UpstreamToken>;
  /**
   * @returns whose account it is, for people
   * @throws {UpstreamFailure}
   */
  account(accessToken: string): Promise<string>;
  /** Ends a token at the upstream. @throws {UpstreamFailure} */
  revoke(token: UpstreamToken): Promise<void>;
}

/** An upstream of which the person pastes a token. It has no way to end one: the person does that where it was made. */
export interface TokenUpstream {
  kind: "token";
  /** Name for people. */
  title: string;
  /** Where a person finds a token, in a sentence. */
  where: string;
  /** `N_A` (RFC 8693 section 2.2.1) for one that is not sent as `Authorization: Bearer`. */
  tokenType: "Bearer" | "N_A";
  /**
   * Asks the upstream whether it takes a token.
   *
   * @returns whose account it is, for people; undefined where the upstream does not tell
   * @throws {UpstreamFailure}
   */
  check(token: string): Promise<string | undefined>;
}

export type Upstream = OAuthUpstream | TokenUpstream;

/**
 * - `refused`: the upstream does not take this credential, and will not later;
 * - `unavailable`: no answer just now, worth another try;
 * - `misconfigured`: an answer that another try does not change and that is not the person's doing.
 */
export type FailureKind = "refused" | "unavailable" | "misconfigured";

/** An upstream did not do what it was asked for. The message has no part of a credential. */
export class UpstreamFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Longest wait for one answer, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 4_000;

/**
 * Asks an upstream, and does not follow redirects: the credential is for this address alone.
 *
 * @returns the answer's status and JSON body; undefined for a body that is not JSON
 * @throws {UpstreamFailure} `unavailable` for no answer in time, 429 and 5xx
 */
export async function askUpstream(
  title: string,
  url: string | URL,
  init: RequestInit & { signal?: AbortSignal } = {},
): Promise<{ status: number; body: unknown }> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    response = await fetch(url, { ...init, redirect: "manual", signal });
    text = await response.text();
  } catch {
    throw new UpstreamFailure("unavailable", `${title} did not answer.`);
  }
  if (response.status === 429 || response.status >= 500) {
    throw new UpstreamFailure("unavailable", `${title} answered ${response.status}.`);
  }
  return { status: response.status, body: json(text) };
}

/**
 * Asks an upstream for something with a credential.
 *
 * @returns the JSON body
 * @throws {UpstreamFailure} `refused` for 401 and 403
 */
export async function askWithCredential<Body>(
  title: string,
  url: string,
  headers: Record<string, string>,
): Promise<Body> {
  const { status, body } = await askUpstream(title, url, { headers: { accept: "application/json", ...headers } });
  if (status === 401 || status === 403) throw new UpstreamFailure("refused", `${title} answered ${status}.`);
  if (status !== 200 || body === undefined) {
    throw new UpstreamFailure("misconfigured", `${title} answered ${status} with something else than was asked for.`);
  }
  return body as Body;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
