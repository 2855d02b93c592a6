import { authorizeUrl } from "../../authorize-url.ts";
import type { GoogleConnection } from "../../config.ts";
import { askUpstream, askWithCredential, type OAuthUpstream, UpstreamFailure } from "../upstream.ts";
import { requestToken } from "./token-endpoint.ts";

const TITLE = "Google";

/**
 * Google as an upstream: tokens for an hour, and one refresh token that stays the same
 * (https://developers.google.com/identity/protocols/oauth2/web-server).
 */
export function google(config: GoogleConnection, clientSecret: string): OAuthUpstream {
  const client = { client_id: config.clientId, client_secret: clientSecret };
  return {
    kind: "oauth",
    title: TITLE,
    authorizeUrl(begun) {
      const own = {
        response_type: "code",
        client_id: config.clientId,
        scope: "openid email",
        access_type: "offline",
        // Without being asked again, a person who has connected before gets no refresh token.
        prompt: "consent",
      };
      return authorizeUrl(config.authorizeUrl, own, begun);
    },
    exchange: ({ code, redirectUri, codeVerifier }) =>
      requestToken(TITLE, config.tokenUrl, {
        ...client,
        grant_type: "authorization_code",
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      }),
    refresh: (refreshToken, signal) =>
      requestToken(
        TITLE,
        config.tokenUrl,
        { ...client, grant_type: "refresh_token", refresh_token: refreshToken },
        signal,
      ),
    async account(accessToken) {
      const { email, sub } = await askWithCredential<{ email?: string; sub: string }>(TITLE, config.userInfoUrl, {
        authorization: `Bearer ${accessToken}`,
      });
      return email ?? sub;
    },
    /** https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke */
    async revoke({ accessToken, refreshToken }) {
      const { status } = await askUpstream(TITLE, config.revokeUrl, {
        method: "POST",
        // The access token may have expired; Google ends the whole consent by either.
        body: new URLSearchParams({ token: refreshToken ?? accessToken }),
      });
      if (status !== 200) throw new UpstreamFailure("misconfigured", `Google answered ${status} to a revocation.`);
    },
  };
}
