import { Hono } from "hono";
import { html } from "hono/html";
import { avatar } from "./avatar.ts";
import { basicCredentials, type GoogleClient, hasSecret } from "./client.ts";
import { claimsOf, idToken, publicJwk } from "./id-token.ts";
import { page } from "./page.ts";
import { tokenParameters } from "./parameters.ts";
import { isVerifierOf, S256_CHALLENGE } from "./pkce.ts";
import { type SignInDialect, signIn } from "./sign-in.ts";
import { type Allowance, type Authorization, type IdentityStore, randomText } from "./store.ts";

/** Of an access token, in seconds, as Google's answers have it. */
const ACCESS_LIFETIME_S = 3599;

/** Scopes that Google answers under another name than they are asked for by. */
const LONG_NAMES: Record<string, string> = {
  email: "https://www.googleapis.com/auth/userinfo.email",
  profile: "https://www.googleapis.com/auth/userinfo.profile",
};

export interface GoogleOptions {
  clients: readonly GoogleClient[];
  store: IdentityStore;
  /** Of a request: the issuer, which is the base of every endpoint, and the path before the endpoint's own. */
  bases(request: Request): { issuer: string; path: string };
  log: (line: string) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Google as an OpenID Connect provider (https://developers.google.com/identity/openid-connect/reference), and its OAuth
 * for web server applications (https://developers.google.com/identity/protocols/oauth2/web-server): one refresh token,
 * which is given once and stays the same.
 */
export function google(options: GoogleOptions): Hono {
  const { clients, store, bases, log, now } = options;
  const app = new Hono({ getPath: (request) => new URL(request.url).pathname.slice(bases(request).path.length) });

  app.get("/.well-known/openid-configuration", (c) => {
    const { issuer } = bases(c.req.raw);
    return c.json({
      issuer,
      authorization_endpoint: `${issuer}/o/oauth2/v2/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/v1/userinfo`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/oauth2/v3/certs`,
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      authorization_response_iss_parameter_supported: true,
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      scopes_supported: ["openid", "email", "profile"],
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
      claims_supported: [
        ...["aud", "email", "email_verified", "exp", "family_name", "given_name"],
        ...["iat", "iss", "name", "picture", "sub"],
      ],
      code_challenge_methods_supported: ["S256"],
      grant_types_supported: ["authorization_code", "refresh_token"],
    });
  });

  app.get("/oauth2/v3/certs", (c) => {
    c.header("cache-control", "public, max-age=3600");
    return c.json({ keys: [publicJwk(store.key())] });
  });

  app.on(["GET", "POST"], "/o/oauth2/v2/auth", (c) => {
    const { issuer, path } = bases(c.req.raw);
    return signIn(c.req.raw, path, googleSignIn(clients, issuer), store);
  });

  app.post("/token", async (c) => {
    c.header("cache-control", "no-store");
    const parameters = await tokenParameters(c.req.raw);
    const refuse = (status: 400 | 401, error: string, error_description: string) =>
      c.json({ error, error_description }, status);

    const basic = basicCredentials(c.req.header("authorization"));
    const clientId = basic?.clientId ?? parameters.get("client_id");
    const client = clients.find((each) => each.clientId === clientId);
    if (!client) return refuse(401, "invalid_client", "The OAuth client was not found.");
    if (!hasSecret(client, basic?.secret ?? parameters.get("client_secret") ?? "")) {
      return refuse(401, "invalid_client", "Unauthorized");
    }

    const issue = (authorization: Authorization, more: { nonce?: string; refresh_token?: string }) => {
      const { nonce, ...rest } = more;
      const accessToken = `ya29.${randomText(60)}`;
      store.addToken(authorization, "access", accessToken, ACCESS_LIFETIME_S);
      const { scopes } = authorization;
      const { issuer } = bases(c.req.raw);
      const claims = claimsOf(store.person(authorization.personId)!, scopes, issuer);
      const about = { iss: issuer, aud: client.clientId, ...(nonce !== undefined && { nonce }), ...claims };
      return c.json({
        access_token: accessToken,
        expires_in: ACCESS_LIFETIME_S,
        ...rest,
        scope: scopes.map((scope) => LONG_NAMES[scope] ?? scope).join(" "),
        token_type: "Bearer",
        ...(scopes.includes("openid") && { id_token: idToken(store.key(), about, accessToken, now()) }),
      });
    };

    const grantType = parameters.get("grant_type");
    if (grantType === "refresh_token") {
      const found = store.find("google", "refresh", parameters.get("refresh_token") ?? "");
      if (found?.authorization.clientId !== client.clientId || !store.isLive(found.authorization, found.token)) {
        if (found) store.update(found.authorization, (each) => each.refusedRefreshes++);
        return refuse(400, "invalid_grant", found ? "Token has been expired or revoked." : "Bad Request");
      }
      store.update(found.authorization, (each) => {
        each.refreshes++;
        // Access tokens that have expired are of no use to anybody; the refresh token lives on.
        each.tokens = each.tokens.filter((token) => store.isLive(each, token));
      });
      return issue(found.authorization, {});
    }
    if (grantType !== "authorization_code") {
      return refuse(400, "unsupported_grant_type", `Invalid grant_type: ${grantType ?? ""}`);
    }

    const allowance = store.takeCode("google", client.clientId, parameters.get("code") ?? "");
    if (!allowance) return refuse(400, "invalid_grant", "Bad Request");
    if (parameters.get("redirect_uri") !== allowance.redirectUri) {
      return refuse(400, "redirect_uri_mismatch", "Bad Request");
    }
    if (allowance.codeChallenge !== undefined) {
      const verifier = parameters.get("code_verifier");
      if (verifier === null) return refuse(400, "invalid_grant", "Missing code verifier.");
      if (!isVerifierOf(allowance.codeChallenge, verifier)) {
        return refuse(400, "invalid_grant", "Invalid code verifier.");
      }
    }
    const wantsRefreshToken = allowance.offline && (allowance.asked || !hasRefreshToken(store, allowance));
    const authorization = store.start("google", allowance);
    const nonce = allowance.nonce === undefined ? {} : { nonce: allowance.nonce };
    if (!wantsRefreshToken) return issue(authorization, nonce);
    const refreshToken = `1//0${randomText(90)}`;
    store.addToken(authorization, "refresh", refreshToken);
    return issue(authorization, { ...nonce, refresh_token: refreshToken });
  });

  app.on(["GET", "POST"], "/v1/userinfo", (c) => {
    const token = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const found = token === undefined ? undefined : store.find("google", "access", token);
    if (!found || !store.isLive(found.authorization, found.token)) {
      c.header("www-authenticate", 'Bearer realm="https://accounts.google.com/", error="invalid_token"');
      return c.json({ error: "invalid_request", error_description: "Invalid Credentials" }, 401);
    }
    const person = store.person(found.authorization.personId)!;
    return c.json(claimsOf(person, found.authorization.scopes, bases(c.req.raw).issuer));
  });

  app.post("/revoke", async (c) => {
    const token = (await tokenParameters(c.req.raw)).get("token") ?? "";
    const found = store.find("google", "access", token) ?? store.find("google", "refresh", token);
    if (!found || !store.isLive(found.authorization, found.token)) {
      return c.json({ error: "invalid_token", error_description: "Token expired or revoked" }, 400);
    }
    // The person's whole consent to the application goes with any of its tokens.
    const { clientId, personId } = found.authorization;
    store.revoke((each) => each.provider === "google" && each.clientId === clientId && each.personId === personId);
    return c.json({});
  });

  app.get("/picture/:sub", (c) => {
    const person = store.people().find((each) => each.google?.sub === c.req.param("sub"));
    return person ? avatar(person.name) : c.notFound();
  });

  app.notFound((c) => {
    log(`Identity stand-in: Google has no such endpoint here: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return c.json({ error: { code: 404, message: "Not Found", status: "NOT_FOUND" } }, 404);
  });

  app.onError((error, c) => {
    log(`Identity stand-in: ${error.message}`);
    return c.json({ error: "internal_failure", error_description: "Internal error" }, 500);
  });

  return app;
}

/** Google gives a refresh token only the first time that a person lets an application have one. */
function hasRefreshToken(store: IdentityStore, { clientId, personId }: Allowance): boolean {
  return store
    .authorizations()
    .some(
      (each) =>
        each.provider === "google" &&
        each.clientId === clientId &&
        each.personId === personId &&
        each.tokens.some((token) => token.use === "refresh" && store.isLive(each, token)),
    );
}

function googleSignIn(clients: readonly GoogleClient[], issuer: string): SignInDialect {
  return {
    provider: "google",
    title: "Google",
    issuer,
    names: ({ google: account }) => (account ? [account.email, account.sub] : []),
    success: ({ scopes, asked }, person) => ({
      scope: scopes.map((scope) => LONG_NAMES[scope] ?? scope).join(" "),
      authuser: "0",
      ...(person.google?.hd && { hd: person.google.hd }),
      prompt: asked ? "consent" : "none",
    }),
    denied: () => ({ error: "access_denied" }),
    judge(url) {
      const query = url.searchParams;
      const blocked = (status: number, error: string, why: string) =>
        page(
          "Access blocked",
          html`<h1>Access blocked: authorization error</h1>
<p>${why}</p>
<p>Error ${status}: ${error}</p>`,
          status,
        );

      const client = clients.find((each) => each.clientId === query.get("client_id"));
      if (!client) return blocked(401, "invalid_client", "The OAuth client was not found.");
      const redirectUri = query.get("redirect_uri");
      if (redirectUri === null) return blocked(400, "invalid_request", "Missing required parameter: redirect_uri");
      if (!client.redirectUris.includes(redirectUri)) {
        return blocked(400, "redirect_uri_mismatch", `${redirectUri} is not a redirect URI of ${client.name}.`);
      }
      if (!query.has("response_type")) {
        return blocked(400, "invalid_request", "Required parameter is missing: response_type");
      }
      if (query.get("response_type") !== "code") {
        return blocked(400, "unsupported_response_type", "The only response_type here is code.");
      }

      const scopes = [...new Set((query.get("scope") ?? "").split(/\s+/).filter(Boolean).map(shortName))];
      if (scopes.length === 0) return blocked(400, "invalid_request", "Missing required parameter: scope");
      const invalid = scopes.filter((scope) => !isScope(scope));
      if (invalid.length > 0) {
        return blocked(400, "invalid_scope", `Some requested scopes were invalid: ${invalid.join(", ")}`);
      }

      const codeChallenge = query.get("code_challenge") ?? undefined;
      if (codeChallenge !== undefined || query.has("code_challenge_method")) {
        if (query.get("code_challenge_method") !== "S256" || !S256_CHALLENGE.test(codeChallenge ?? "")) {
          return blocked(400, "invalid_request", "code_challenge must be a SHA-256 hash, and its method S256.");
        }
      }
      const accessType = query.get("access_type") ?? "online";
      if (accessType !== "online" && accessType !== "offline") {
        return blocked(400, "invalid_request", `Invalid parameter value for access_type: ${accessType}`);
      }
      const prompts = (query.get("prompt") ?? "").split(/\s+/).filter(Boolean);
      const unknown = prompts.find((prompt) => !["none", "consent", "select_account"].includes(prompt));
      if (unknown !== undefined || (prompts.includes("none") && prompts.length > 1)) {
        return blocked(400, "invalid_request", `Invalid parameter value for prompt: ${query.get("prompt")}`);
      }

      const [state, nonce, hd, hint] = ["state", "nonce", "hd", "login_hint"].map(
        (name) => query.get(name) ?? undefined,
      );
      return {
        client,
        redirectUri,
        scopes,
        ...(state !== undefined && { state }),
        ...(nonce !== undefined && { nonce }),
        ...(codeChallenge !== undefined && { codeChallenge }),
        ...(hint !== undefined && { suggested: hint }),
        offline: accessType === "offline",
        asked: prompts.includes("consent"),
        choose: prompts.includes("select_account"),
        ...(prompts.includes("none") && { silent: { error: "interaction_required" } }),
        // "Don't rely on this UI optimization to control who can access your app": the client has to check the claim.
        ...(hd !== undefined && { lists: ({ google: of }) => (hd === "*" ? Boolean(of?.hd) : of?.hd === hd) }),
      };
    },
  };
}

function shortName(scope: string): string {
  return Object.keys(LONG_NAMES).find((short) => LONG_NAMES[short] === scope) ?? scope;
}

function isScope(scope: string): boolean {
  return ["openid", ...Object.keys(LONG_NAMES)].includes(scope) || scope.startsWith("https://www.googleapis.com/auth/");
}
