import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { BrokerEnv, ProviderName } from "../config.ts";
import { newHandle, sha256, storageKey } from "../secret-handle.ts";
import { SignInError, type SignInProvider } from "./provider.ts";

/** How long a person may take at the provider, in seconds. */
const TTL = 600;

interface Transaction {
  provider: ProviderName;
  /** Path on the broker to go back to. */
  returnTo: string;
  codeVerifier: string;
  nonce: string;
}

type Ctx = Context<{ Bindings: BrokerEnv }>;

/**
 * Sends a browser to a provider. The state (RFC 6749 section 10.12) works once, for ten minutes, in this browser only: a
 * cookie that is named after it has to come back with it.
 */
export async function beginSignIn(
  context: Ctx,
  name: ProviderName,
  provider: SignInProvider,
  returnTo: string,
): Promise<Response> {
  const [state, codeVerifier, nonce] = [newHandle(), newHandle(), newHandle()];
  const transaction: Transaction = { provider: name, returnTo, codeVerifier, nonce };
  const { OAUTH_KV } = context.env;
  await OAUTH_KV.put(await storageKey("sign-in", state), JSON.stringify(transaction), { expirationTtl: TTL });
  setCookie(context, await cookieName(state), "1", {
    prefix: "host",
    secure: true,
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: TTL,
  });
  const redirectUri = callbackUrl(context, name);
  const url = provider.authorizeUrl({ redirectUri, state, codeChallenge: await sha256(codeVerifier), nonce });
  return context.redirect(url.toString());
}

/**
 * Takes up the sign-in that a callback belongs to.
 *
 * @throws {SignInError} when the state is unknown, used, expired, of another browser or of another provider
 */
export async function resumeSignIn(context: Ctx, name: ProviderName): Promise<Transaction> {
  const state = context.req.query("state") ?? "";
  const cookie = await cookieName(state);
  const key = await storageKey("sign-in", state);
  const transaction = getCookie(context, cookie, "host")
    ? await context.env.OAUTH_KV.get<Transaction>(key, "json")
    : undefined;
  if (transaction?.provider !== name) {
    throw new SignInError("This sign-in has expired, was used, or was started in another browser. Start again.");
  }
  await context.env.OAUTH_KV.delete(key);
  deleteCookie(context, cookie, { prefix: "host", secure: true, path: "/" });
  return transaction;
}

export function callbackUrl(context: Ctx, name: ProviderName): string {
  return `${context.env.BROKER_CONFIG.issuer}/callback/${name}`;
}

async function cookieName(state: string): Promise<string> {
  return `sign-in-${(await sha256(state)).slice(0, 12)}`;
}
