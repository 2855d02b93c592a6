import { createHash, randomBytes } from "node:crypto";
import { field, scopesOn, TestBrowser } from "../../workers/oauth-broker/testing/test-browser.ts";

export interface SignInOptions {
  /** Who signs in, one of the stand-in's people; default ada. */
  person?: string;
  provider?: "github" | "google";
  /** What the person leaves ticked; default all that is offered. */
  scopes?: string[];
  /** For https with a test certificate authority; default: the global one. */
  fetch?: typeof fetch;
}

/** What a client holds after the dance. */
export interface Grant {
  accessToken: string;
  refreshToken: string;
  clientId: string;
}

/** A client's redirect URI: nobody listens there, and only the URL counts. */
export const REDIRECT_URI = "http://localhost:9/callback";

/**
 * The whole dance of an MCP client, on the real pages: registers a client, signs in as somebody, allows what is asked, and
 * exchanges the code.
 *
 * @param issuer origin of the broker
 * @param resource URL of the service's MCP endpoint
 */
export async function grantFor(issuer: string, resource: string, options: SignInOptions = {}): Promise<Grant> {
  const send = options.fetch ?? fetch;
  const post = async (path: string, init: RequestInit) => {
    const response = await send(`${issuer}${path}`, { method: "POST", ...init });
    return (await response.json()) as Record<string, string>;
  };
  const { client_id } = await post("/oauth/register", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "e2e", redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: "none" }),
  });
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: client_id!,
    redirect_uri: REDIRECT_URI,
    resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const callback = await allow(`${issuer}/authorize?${query}`, options);
  const { access_token, refresh_token, error } = await post("/oauth/token", {
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: new URL(callback).searchParams.get("code")!,
      redirect_uri: REDIRECT_URI,
      client_id: client_id!,
      code_verifier: verifier,
    }),
  });
  if (!access_token) throw new Error(`the code was refused: ${error}`);
  return { accessToken: access_token, refreshToken: refresh_token!, clientId: client_id! };
}

/** The access token that the dance ends with. */
export async function accessToken(issuer: string, resource: string, options: SignInOptions = {}): Promise<string> {
  return (await grantFor(issuer, resource, options)).accessToken;
}

/**
 * Signs in as somebody in a new browser and allows what a client asks for.
 *
 * @param url of the authorization request
 * @returns where the browser is sent then: the client's redirect URI, with a code
 */
export async function allow(url: string, options: SignInOptions = {}): Promise<string> {
  const browser = new TestBrowser(new Map(), options.fetch ?? fetch);
  const consent = await browser.signIn(url, options.person ?? "ada", options.provider);
  const done = await browser.submit(url, {
    handle: field(consent.text, "handle"),
    decision: "approve",
    scope: options.scopes ?? scopesOn(consent.text).map(String),
  });
  return done.location;
}
