import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { AuthorizationRequest } from "../authorize-url.ts";
import type { Ctx, ProviderName } from "../config.ts";
import { newHandle, sha256, storageKey } from "../secret-handle.ts";
import { SignInError, type SignInProvider } from "./provider.ts";

/** How long a person may take at the provider, in seconds. */
const TTL = 600;

/** What a redirect to a provider is for. */
export type Purpose =
  | { purpose: "sign-in" }
  /** A person connects their account at an upstream; only while they are still the one who is signed in. */
  | { purpose: "connection"; userId: string };

/** Where a redirect goes, and where it ends. */
export interface Journey {
  /** The provider or service: the last part of the callback's path. */
  name: string;
  /** Path on the broker to go back to. */
  returnTo: string;
}

/** What is kept of a redirect while the person is away. */
export type Transaction = Purpose & Journey & { codeVerifier: string; nonce: string };

/** Sends a browser to a provider to sign in. */
export async function beginSignIn(
  c: Ctx,
  name: ProviderName,
  provider: SignInProvider,
  returnTo: string,
): Promise<Response> {
  const begun = await beginTransaction(c, { purpose: "sign-in", name, returnTo });
  return c.redirect(provider.authorizeUrl(begun).toString());
}

/**
 * Begins something that ends with a redirect back from a provider. The state (RFC 6749 section 10.12) works once, for ten
 * minutes, in this browser only: a cookie that is named after it has to come back with it.
 */
export async function beginTransaction(c: Ctx, about: Purpose & Journey): Promise<AuthorizationRequest> {
  const [state, codeVerifier, nonce] = [newHandle(), newHandle(), newHandle()];
  const transaction: Transaction = { ...about, codeVerifier, nonce };
  const { OAUTH_KV } = c.env;
  await OAUTH_KV.put(await storageKey("transaction", state), JSON.stringify(transaction), { expirationTtl: TTL });
  setCookie(c, await cookieName(state), "1", {
    prefix: "host",
    secure: true,
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: TTL,
  });
  return { state, nonce, redirectUri: callbackUrl(c, about.name), codeChallenge: await sha256(codeVerifier) };
}

/**
 * Takes up what a callback belongs to.
 *
 * @param name last part of the callback's path
 * @throws {SignInError} when the state is unknown, used, expired, of another browser or of another provider
 */
export async function resumeTransaction(c: Ctx, name: string): Promise<Transaction> {
  const state = c.req.query("state") ?? "";
  const cookie = await cookieName(state);
  const key = await storageKey("transaction", state);
  const transaction = getCookie(c, cookie, "host") ? await c.env.OAUTH_KV.get<Transaction>(key, "json") : undefined;
  if (transaction?.name !== name) {
    throw new SignInError("This has expired, was used, or was started in another browser. Start again.");
  }
  await c.env.OAUTH_KV.delete(key);
  deleteCookie(c, cookie, { prefix: "host", secure: true, path: "/" });
  return transaction;
}

/** Where a provider sends the browser back to. */
export function callbackUrl(c: Ctx, name: string): string {
  return `${c.env.BROKER_CONFIG.issuer}/callback/${name}`;
}

async function cookieName(state: string): Promise<string> {
  return `transaction-${(await sha256(state)).slice(0, 12)}`;
}
