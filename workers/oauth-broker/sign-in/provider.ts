import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { AuthorizationRequest } from "../authorize-url.ts";

/** A sign-in that did not work out; the message is for the person. */
export class SignInError extends Error {}

/** What comes back with the redirect, and what was kept for it. */
export interface SignInResult {
  code: string;
  redirectUri: string;
  codeVerifier: string;
  nonce: string;
}

/** One way to find out who somebody is. */
export interface SignInProvider {
  title: string;
  authorizeUrl(request: AuthorizationRequest): URL;
  /** @throws {SignInError} when the provider refuses, does not answer, or vouches for nobody */
  person(result: SignInResult): Promise<Person>;
}

/** Longest wait for one answer of a provider, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Asks a provider for JSON. @throws {SignInError} when it gives none */
export async function providerJson<Body>(title: string, url: string | URL, init: RequestInit = {}): Promise<Body> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  } catch {
    throw new SignInError(`${title} did not answer. Try again in a while.`);
  }
  const body = await response.json().catch(() => undefined);
  if (!response.ok || body === undefined)
    throw new SignInError(`${title} refused the sign-in (HTTP ${response.status}).`);
  return body as Body;
}
