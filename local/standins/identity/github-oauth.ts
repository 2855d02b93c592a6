import { html } from "hono/html";
import { type GitHubClient, hasSecret, mayRedirectFromGitHub } from "./client.ts";
import { normalizedScopes } from "./github-scopes.ts";
import { page } from "./page.ts";
import { tokenParameters } from "./parameters.ts";
import { isVerifierOf, S256_CHALLENGE } from "./pkce.ts";
import { redirectBack, type SignInDialect } from "./sign-in.ts";
import { type Authorization, type IdentityStore, randomText } from "./store.ts";

/** Of a user token of a GitHub App, in seconds: 8 hours ("Generating a user access token for a GitHub App"). */
const ACCESS_LIFETIME_S = 28_800;
/** Of its refresh token, in seconds: 6 months. */
const REFRESH_LIFETIME_S = 15_897_600;
/** Of more tokens of an OAuth app for the same person and scopes, the oldest end ("Creating multiple tokens"). */
const TOKENS_PER_SCOPES = 10;

const DOCS = "https://docs.github.com/apps/managing-oauth-apps";
const TOKEN_ERRORS = `${DOCS}/troubleshooting-oauth-app-access-token-request-errors/`;
const REQUEST_ERRORS = `${DOCS}/troubleshooting-authorization-request-errors/`;

/**
 * `GET /login/oauth/authorize` of GitHub
 * (https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps and, for GitHub Apps,
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app).
 * @param issuer what answers carry as `iss`, which GitHub sends since April 2026
 */
export function githubSignIn(clients: readonly GitHubClient[], issuer: string): SignInDialect {
  return {
    provider: "github",
    title: "GitHub",
    issuer,
    names: ({ github }) =>
      github ? [`@${github.login}`, github.login, ...github.emails.map((each) => each.email)] : [],
    success: () => ({}),
    denied: () => ({
      error: "access_denied",
      error_description: "The user has denied your application access.",
      error_uri: `${REQUEST_ERRORS}#access-denied`,
    }),
    judge(url) {
      const query = url.searchParams;
      const client = clients.find((each) => each.clientId === query.get("client_id"));
      if (!client) return page("Not found", html`<h1>404: there is no application with this client_id</h1>`, 404);
      const state = query.get("state") ?? undefined;
      const back = { redirectUri: client.redirectUris[0], ...(state !== undefined && { state }) };
      const refuse = (error: string, error_description: string, error_uri: string) =>
        Promise.resolve(redirectBack(back, { error, error_description, error_uri, iss: issuer }));

      const redirectUri = query.get("redirect_uri") ?? client.redirectUris[0];
      if (!mayRedirectFromGitHub(client, redirectUri)) {
        return refuse(
          "redirect_uri_mismatch",
          "The redirect_uri MUST match the registered callback URL for this application.",
          `${REQUEST_ERRORS}#redirect-uri-mismatch`,
        );
      }
      back.redirectUri = redirectUri;

      const codeChallenge = query.get("code_challenge") ?? undefined;
      if (codeChallenge !== undefined || query.has("code_challenge_method")) {
        if (query.get("code_challenge_method") !== "S256" || !S256_CHALLENGE.test(codeChallenge ?? "")) {
          return refuse(
            "invalid_request",
            "code_challenge must be a SHA-256 hash of 43 characters, and code_challenge_method S256.",
            REQUEST_ERRORS,
          );
        }
      }

      // User tokens of a GitHub App have its permissions, whatever scopes are asked for.
      const asked = client.kind === "github-app" ? [] : (query.get("scope") ?? "").split(/[\s,]+/).filter(Boolean);
      const { scopes, invalid } = normalizedScopes(asked);
      if (invalid.length > 0) {
        return refuse("invalid_scope", `The scopes requested are invalid: ${invalid.join(", ")}.`, REQUEST_ERRORS);
      }
      const login = query.get("login");
      return {
        client,
        ...back,
        scopes,
        ...(codeChallenge !== undefined && { codeChallenge }),
        ...(login && { suggested: login }),
        choose: query.get("prompt") === "select_account",
      };
    },
  };
}

/**
 * `POST /login/oauth/access_token` of GitHub. Errors have status 200 too
 * (https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors).
 */
export async function githubToken(
  request: Request,
  clients: readonly GitHubClient[],
  store: IdentityStore,
): Promise<Response> {
  const parameters = await tokenParameters(request);
  const wantsJson = /\bjson\b/i.test(request.headers.get("accept") ?? "");
  const answer = (fields: Record<string, string | number>) => {
    const headers = { "cache-control": "no-store" };
    if (wantsJson) return Response.json(fields, { headers });
    const form = new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return new Response(form.toString(), {
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    });
  };
  const refuse = (error: string, error_description: string, anchor: string) =>
    answer({ error, error_description, error_uri: `${TOKEN_ERRORS}#${anchor}` });

  const client = clients.find((each) => each.clientId === parameters.get("client_id"));
  if (!client || !hasSecret(client, parameters.get("client_secret") ?? "")) {
    return refuse(
      "incorrect_client_credentials",
      "The client_id and/or client_secret passed are incorrect.",
      "incorrect-client-credentials",
    );
  }

  const issue = (authorization: Authorization) => {
    const app = client.kind === "github-app";
    const accessToken = (app ? "ghu_" : "gho_") + randomText(36);
    store.addToken(authorization, "access", accessToken, app ? ACCESS_LIFETIME_S : undefined);
    const scope = authorization.scopes.join(",");
    if (!app) return answer({ access_token: accessToken, scope, token_type: "bearer" });
    const refreshToken = `ghr_${randomText(76)}`;
    store.addToken(authorization, "refresh", refreshToken, REFRESH_LIFETIME_S);
    return answer({
      access_token: accessToken,
      expires_in: ACCESS_LIFETIME_S,
      refresh_token: refreshToken,
      refresh_token_expires_in: REFRESH_LIFETIME_S,
      scope,
      token_type: "bearer",
    });
  };

  const grantType = parameters.get("grant_type") ?? "authorization_code";
  if (grantType === "refresh_token") {
    const found = store.find("github", "refresh", parameters.get("refresh_token") ?? "");
    if (found?.authorization.clientId !== client.clientId || !store.isLive(found.authorization, found.token)) {
      if (found) store.update(found.authorization, (each) => each.refusedRefreshes++);
      return refuse("bad_refresh_token", "The refresh token passed is incorrect or expired.", "bad-verification-code");
    }
    // "Once you use a refresh token, that refresh token and the old user access token will no longer work."
    store.update(found.authorization, (each) => {
      each.refreshes++;
      for (const token of each.tokens) token.spent = true;
    });
    return issue(found.authorization);
  }
  if (grantType !== "authorization_code") {
    return refuse("unsupported_grant_type", "The grant type is not supported.", "unsupported-grant-type");
  }

  const allowance = store.takeCode("github", client.clientId, parameters.get("code") ?? "");
  const verifier = parameters.get("code_verifier");
  const proven =
    allowance?.codeChallenge === undefined || (verifier !== null && isVerifierOf(allowance.codeChallenge, verifier));
  if (!allowance || !proven) {
    return refuse("bad_verification_code", "The code passed is incorrect or expired.", "bad-verification-code");
  }
  if ((parameters.get("redirect_uri") ?? allowance.redirectUri) !== allowance.redirectUri) {
    return refuse(
      "redirect_uri_mismatch",
      "The redirect_uri MUST match the registered callback URL for this application.",
      "redirect-uri-mismatch2",
    );
  }
  const person = store.person(allowance.personId);
  if (!person?.github?.emails.some((each) => each.primary && each.verified)) {
    return refuse("unverified_user_email", "The user must have a verified primary email.", "unverified-user-email");
  }
  if (client.kind === "github-app") return issue(store.start("github", allowance));

  const earlier = store
    .authorizations()
    .filter(
      (each) =>
        each.provider === "github" &&
        each.clientId === client.clientId &&
        each.personId === person.id &&
        each.tokens.some((token) => store.isLive(each, token)),
    );
  // Who asks for no scopes gets those that the person has allowed the application before.
  const scopes =
    allowance.scopes.length > 0 ? allowance.scopes : normalizedScopes(earlier.flatMap((each) => each.scopes)).scopes;
  const same = earlier.filter((each) => each.scopes.join() === scopes.join());
  const oldest = same.slice(0, Math.max(0, same.length + 1 - TOKENS_PER_SCOPES));
  store.revoke((each) => oldest.includes(each));
  return issue(store.start("github", { ...allowance, scopes }));
}
