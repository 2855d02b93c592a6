/** What a redirect to a provider carries of what was begun here. */
export interface AuthorizationRequest {
  redirectUri: string;
  state: string;
  /** S256 challenge (RFC 7636). */
  codeChallenge: string;
  /** For an ID token (OpenID Connect Core section 3.1.2.1). */
  nonce: string;
}

/**
 * Where a browser is sent to sign in or to connect an account: an authorization request (RFC 6749 section 4.1.1) with a PKCE
 * challenge (RFC 7636 section 4.3).
 *
 * @param endpoint of the provider
 * @param own what the provider wants besides, `client_id` and `scope` among it
 */
export function authorizeUrl(
  endpoint: string,
  own: { client_id: string; scope: string } & Record<string, string>,
  { redirectUri, state, codeChallenge }: Omit<AuthorizationRequest, "nonce">,
): URL {
  const url = new URL(endpoint);
  url.search = new URLSearchParams({
    ...own,
    redirect_uri: redirectUri,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
  }).toString();
  return url;
}
