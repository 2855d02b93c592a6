import type { IdentityClient } from "./client.ts";
import { signInPage } from "./page.ts";
import type { Person, Provider } from "./people.ts";
import { type IdentityStore, SESSION_LIFETIME_S } from "./store.ts";

/** An authorization request that may be put before a person. */
export interface SignInRequest {
  client: IdentityClient;
  redirectUri: string;
  state?: string;
  scopes: string[];
  codeChallenge?: string;
  nonce?: string;
  offline?: boolean;
  asked?: boolean;
  /** The person is to choose an account even where one is remembered. */
  choose?: boolean;
  /** Nothing may be shown: go on with the remembered account, or answer this error. */
  silent?: { error: string };
  /** Login, address or id of the account that the client suggests: comes first. */
  suggested?: string;
  /** Which people are listed; default everybody with an account. It is no check: any of them can be sent. */
  lists?: (person: Person) => boolean;
}

/** What is different between providers when a person signs in. */
export interface SignInDialect {
  provider: Provider;
  /** Of every answer: `iss` (RFC 9207). */
  issuer: string;
  /** The provider's name, as people know it. */
  title: string;
  /** Judges a request; what cannot go on is answered as the provider does. */
  judge(url: URL): SignInRequest | Promise<Response>;
  /** How an account is named on the page, e.g. its address; the first is shown. Empty: the person has none here. */
  names(person: Person): string[];
  /** Parameters that go back beside `state`, with `code` or `error`. */
  success(request: SignInRequest, person: Person): Record<string, string>;
  denied(request: SignInRequest): Record<string, string>;
}

/**
 * Takes a person through an authorization request: `GET` shows the sign-in page, `POST` is its form.
 * @param path where the cookie of a remembered sign-in is sent: the provider's part of the stand-in
 */
export async function signIn(
  request: Request,
  path: string,
  dialect: SignInDialect,
  store: IdentityStore,
): Promise<Response> {
  const judged = await dialect.judge(new URL(request.url));
  if (judged instanceof Response) return judged;
  const { provider } = dialect;
  const cookieName = `stand-in-${provider}`;
  const cookie = cookieOf(request, cookieName);
  const attributes = `Path=${path}; HttpOnly; SameSite=Lax`;

  const goOn = (person: Person, setCookie?: string) => {
    const code = store.newCode(provider, {
      clientId: judged.client.clientId,
      personId: person.id,
      scopes: judged.scopes,
      redirectUri: judged.redirectUri,
      ...(judged.codeChallenge !== undefined && { codeChallenge: judged.codeChallenge }),
      ...(judged.nonce !== undefined && { nonce: judged.nonce }),
      ...(judged.offline && { offline: true }),
      ...(judged.asked && { asked: true }),
    });
    const parameters = { code, ...dialect.success(judged, person), iss: dialect.issuer };
    return redirectBack(judged, parameters, setCookie);
  };

  if (request.method === "POST") {
    const form = new URLSearchParams(await request.text());
    if (form.has("cancel")) return redirectBack(judged, { ...dialect.denied(judged), iss: dialect.issuer });
    const person = store.person(form.get("person") ?? "");
    if (person && dialect.names(person).length > 0) {
      if (cookie !== undefined) store.endSession(provider, cookie);
      const remember = form.get("remember") === "on";
      return goOn(
        person,
        remember
          ? `${cookieName}=${store.newSession(provider, person.id)}; ${attributes}; Max-Age=${SESSION_LIFETIME_S}`
          : `${cookieName}=; ${attributes}; Max-Age=0`,
      );
    }
  }

  const remembered = cookie === undefined ? undefined : store.session(provider, cookie);
  if (remembered && !judged.choose && dialect.names(remembered).length > 0) return goOn(remembered);
  if (judged.silent) return redirectBack(judged, { ...judged.silent, iss: dialect.issuer });
  return signInPage(dialect.title, judged.client.name, choices(judged, dialect, store));
}

function choices(request: SignInRequest, dialect: SignInDialect, store: IdentityStore) {
  const suggested = (person: Person) =>
    request.suggested !== undefined && dialect.names(person).includes(request.suggested) ? 0 : 1;
  return store
    .people()
    .filter((person) => dialect.names(person).length > 0 && (request.lists?.(person) ?? true))
    .sort((a, b) => suggested(a) - suggested(b))
    .map((person) => ({ personId: person.id, name: person.name, account: dialect.names(person)[0]! }));
}

/** Sends the browser to the client; what its URL has in its query stays. */
export function redirectBack(
  to: { redirectUri: string; state?: string },
  parameters: Record<string, string>,
  setCookie?: string,
): Response {
  const url = new URL(to.redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (to.state !== undefined) url.searchParams.set("state", to.state);
  const headers = new Headers({ location: url.href, "cache-control": "no-store", "referrer-policy": "no-referrer" });
  if (setCookie !== undefined) headers.set("set-cookie", setCookie);
  return new Response(null, { status: 302, headers });
}

function cookieOf(request: Request, name: string): string | undefined {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [key, value] = pair.trim().split("=");
    if (key === name && value) return value;
  }
  return undefined;
}
