import { authorizeUrl } from "../../authorize-url.ts";
import type { GitHubProvider } from "../../config.ts";
import { askUpstream, askWithCredential, type OAuthUpstream, UpstreamFailure } from "../upstream.ts";
import { requestToken } from "./token-endpoint.ts";

const TITLE = "GitHub";
/** What the GitHub tools need of an OAuth app; user tokens of a GitHub App have the app's permissions instead. */
const SCOPES = "repo read:user read:org gist notifications project";

/**
 * GitHub as an upstream: an OAuth app, whose tokens live until they are revoked, or a GitHub App, whose user tokens expire
 * and come with a refresh token that works once
 * (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens).
 */
export function github(config: GitHubProvider, clientSecret: string): OAuthUpstream {
  const client = { client_id: config.clientId, client_secret: clientSecret };
  const tokenUrl = `${config.siteUrl}/login/oauth/access_token`;
  return {
    kind: "oauth",
    title: TITLE,
    authorizeUrl: (begun) =>
      authorizeUrl(`${config.siteUrl}/login/oauth/authorize`, { client_id: config.clientId, scope: SCOPES }, begun),
    exchange: ({ code, redirectUri, codeVerifier }) =>
      requestToken(TITLE, tokenUrl, { ...client, code, redirect_uri: redirectUri, code_verifier: codeVerifier }),
    refresh: (refreshToken, signal) =>
      requestToken(TITLE, tokenUrl, { ...client, grant_type: "refresh_token", refresh_token: refreshToken }, signal),
    async account(accessToken) {
      const { login } = await askWithCredential<{ login: string }>(TITLE, `${config.apiUrl}/user`, {
        authorization: `Bearer ${accessToken}`,
        accept: "application/vnd.github+json",
        "user-agent": "hybrid-mcp",
      });
      return login;
    },
    /** https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token */
    async revoke({ accessToken }) {
      const { status } = await askUpstream(TITLE, `${config.apiUrl}/applications/${config.clientId}/token`, {
        method: "DELETE",
        headers: {
          authorization: `Basic ${btoa(`${config.clientId}:${clientSecret}`)}`,
          accept: "application/vnd.github+json",
          "user-agent": "hybrid-mcp",
        },
        body: JSON.stringify({ access_token: accessToken }),
      });
      if (status !== 204) throw new UpstreamFailure("misconfigured", `GitHub answered ${status} to a revocation.`);
    },
  };
}
