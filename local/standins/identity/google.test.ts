import { createHash } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { BASE, type Body, CALLBACK, GOOGLE, OAUTH_APP, testIdentity } from "./test-identity.ts";

const ISSUER = `${BASE}/google`;
const SCOPE = "openid email profile";
const LONG_SCOPE =
  "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile";
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const ADA = { sub: "101815121000000000001", hd: "example.com", email: "ada@example.com", email_verified: true };

let identity: ReturnType<typeof testIdentity>;
beforeEach(() => {
  identity = testIdentity();
});

const url = (parameters: Record<string, string> = {}) =>
  identity.authorizeUrl("google", { client_id: "google-client", response_type: "code", scope: SCOPE, ...parameters });
const code = (person: string, parameters: Record<string, string> = {}) =>
  identity.code(GOOGLE, person, { scope: SCOPE, ...parameters });
const tokens = (person: string, parameters: Record<string, string> = {}) =>
  identity.tokens(GOOGLE, person, { scope: SCOPE, ...parameters });
const json = async (path: string) => (await (await identity.send(path)).json()) as Body;

/** As a client does it: endpoint of the keys from the discovery document, signature and claims checked. */
async function verified(token: string): Promise<Body> {
  const { issuer, jwks_uri } = await json("/google/.well-known/openid-configuration");
  const { payload } = await jwtVerify(token, createLocalJWKSet(await json(jwks_uri)), {
    issuer,
    audience: "google-client",
    algorithms: ["RS256"],
    currentDate: new Date(identity.clock.now),
  });
  return payload;
}

describe("Google's discovery document", () => {
  it("names endpoints below the issuer, which is where it was found", async () => {
    const document = await json("/google/.well-known/openid-configuration");
    expect(document).toMatchObject({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/o/oauth2/v2/auth`,
      token_endpoint: `${ISSUER}/token`,
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    });
  });

  it("keeps to the public URL, wherever it is asked", async () => {
    const publicUrl = "http://localhost:8782/identity";
    identity = testIdentity({ publicUrl });
    expect((await json("/google/.well-known/openid-configuration")).issuer).toBe(`${publicUrl}/google`);
    const location = await identity.choose(url(), { person: "ada" });
    expect(location.searchParams.get("iss")).toBe(`${publicUrl}/google`);
  });

  it("leads to public keys only", async () => {
    const { keys } = await json("/google/oauth2/v3/certs");
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  });
});

describe("Google's authorization endpoint", () => {
  it("sends the person that was chosen back with a code, the state and the issuer", async () => {
    const location = await identity.choose(url(), { person: "ada" });
    expect(location.origin + location.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      code: expect.stringMatching(/^4\/0/),
      state: "s/1 2",
      iss: ISSUER,
      scope: LONG_SCOPE,
      authuser: "0",
      hd: "example.com",
      prompt: "none",
    });
  });

  it("says access_denied with the state when the person cancels", async () => {
    const location = await identity.choose(url(), { cancel: "on" });
    expect(Object.fromEntries(location.searchParams)).toEqual({ error: "access_denied", state: "s/1 2", iss: ISSUER });
  });

  it.each([
    [401, "invalid_client", { client_id: "oauth-app" }],
    [400, "redirect_uri_mismatch", { redirect_uri: "http://localhost:1234/callback/github" }],
    [400, "redirect_uri_mismatch", { redirect_uri: `${CALLBACK}/` }],
    [400, "unsupported_response_type", { response_type: "token" }],
    [400, "invalid_request", { scope: "" }],
    [400, "invalid_scope", { scope: "openid mail" }],
    [400, "invalid_request", { code_challenge: CHALLENGE, code_challenge_method: "plain" }],
    [400, "invalid_request", { access_type: "always" }],
    [400, "invalid_request", { prompt: "none consent" }],
  ])("shows a page with %s %s, and never redirects, for %j", async (status, error, parameters) => {
    for (const init of [{}, { method: "POST", body: new URLSearchParams({ person: "ada" }) }]) {
      const response = await identity.send(url(parameters as Record<string, string>), init);
      expect(response.status).toBe(status);
      expect(response.headers.get("location")).toBeNull();
      expect(await response.text()).toContain(`Error ${status}: ${error}`);
    }
  });

  it("lists only accounts of the domain that is asked for, which a person can get round", async () => {
    const listed = async (hd: string) =>
      [...(await (await identity.send(url({ hd }))).text()).matchAll(/name="person" value="([^"]+)"/g)].map(
        ([, person]) => person,
      );
    expect(await listed("example.com")).toEqual(["ada", "grace"]);
    expect(await listed("*")).toEqual(["ada", "grace", "mallory"]);
    const { id_token } = await tokens("mallory", { hd: "example.com" });
    expect((await verified(id_token)).hd).toBe("evil.example");
  });

  it("shows nothing when it must not, but tells that it would have to", async () => {
    const response = await identity.send(url({ prompt: "none" }));
    expect(new URL(response.headers.get("location")!).searchParams.get("error")).toBe("interaction_required");
  });
});

describe("Google's ID token", () => {
  it("tells who the person is, to that client, with the nonce, for an hour", async () => {
    const body = await tokens("ada", { nonce: "n-1" });
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      scope: LONG_SCOPE,
      token_type: "Bearer",
      id_token: expect.any(String),
    });
    const now = identity.clock.now / 1000;
    const hash = createHash("sha256").update(body.access_token).digest().subarray(0, 16).toString("base64url");
    expect(await verified(body.id_token)).toEqual({
      iss: ISSUER,
      azp: "google-client",
      aud: "google-client",
      ...ADA,
      at_hash: hash,
      nonce: "n-1",
      name: "Ada Lovelace",
      given_name: "Ada",
      family_name: "Lovelace",
      picture: `${ISSUER}/picture/${ADA.sub}`,
      iat: now,
      exp: now + 3600,
    });
    identity.clock.now += 3_600_000;
    await expect(verified(body.id_token)).rejects.toThrow("exp");
  });

  it("has what the scopes give, and no more", async () => {
    const { id_token } = await tokens("margaret", { scope: "openid email" });
    const claims = await verified(id_token);
    expect(claims).toMatchObject({ email: "margaret@example.net", email_verified: true });
    for (const absent of ["name", "picture", "hd", "nonce"]) expect(claims).not.toHaveProperty(absent);
    expect(await tokens("ada", { scope: "email" })).not.toHaveProperty("id_token");
    expect(await verified((await tokens("ada", { scope: "openid" })).id_token)).not.toHaveProperty("email");
  });

  it("cannot be changed", async () => {
    const [header, , signature] = (await tokens("mallory")).id_token.split(".");
    const [, payload] = (await tokens("ada")).id_token.split(".");
    await expect(verified(`${header}.${payload}.${signature}`)).rejects.toThrow("signature");
  });
});

describe("Google's token endpoint", () => {
  const exchange = (parameters: Record<string, string>) =>
    identity.token("google", {
      ...identity.credentials(GOOGLE),
      grant_type: "authorization_code",
      redirect_uri: CALLBACK,
      ...parameters,
    });

  it("takes a code once, within ten minutes, from the client that it was given to", async () => {
    const used = await code("ada");
    expect((await exchange({ code: used })).status).toBe(200);
    expect(await exchange({ code: used })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    const late = await code("ada");
    identity.clock.now += 600_000;
    expect(await exchange({ code: late })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    const github = await identity.code(OAUTH_APP, "ada");
    expect(await exchange({ code: github })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("takes the client's secret in the body or as Basic, and no wrong one", async () => {
    expect(await exchange({ code: await code("ada"), client_secret: "wrong" })).toEqual({
      status: 401,
      body: { error: "invalid_client", error_description: "Unauthorized" },
    });
    expect((await exchange({ client_id: "oauth-app" })).body.error_description).toBe("The OAuth client was not found.");
    const basic = await identity.send("/google/token", {
      method: "POST",
      headers: { authorization: `Basic ${btoa("google-client:google-client-secret")}` },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        redirect_uri: CALLBACK,
        code: await code("ada"),
      }),
    });
    expect(basic.status).toBe(200);
    expect(basic.headers.get("cache-control")).toBe("no-store");
  });

  it("wants the redirect_uri again, the same one", async () => {
    const other = await exchange({ code: await code("ada"), redirect_uri: "https://auth.example.com/" });
    expect(other).toMatchObject({ status: 400, body: { error: "redirect_uri_mismatch" } });
  });

  it("asks for the verifier of a challenge", async () => {
    const pkce = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
    const missing = await exchange({ code: await code("ada", pkce) });
    expect(missing).toMatchObject({ status: 400, body: { error_description: "Missing code verifier." } });
    const wrong = await exchange({ code: await code("ada", pkce), code_verifier: CHALLENGE });
    expect(wrong).toMatchObject({ status: 400, body: { error_description: "Invalid code verifier." } });
    expect((await exchange({ code: await code("ada", pkce), code_verifier: VERIFIER })).status).toBe(200);
  });

  it("refuses other grant types", async () => {
    const { status, body } = await exchange({ grant_type: "password" });
    expect([status, body.error]).toEqual([400, "unsupported_grant_type"]);
  });

  it("gives a refresh token for offline access, the first time only unless the person is asked again", async () => {
    const offline = { access_type: "offline" };
    expect(await tokens("ada")).not.toHaveProperty("refresh_token");
    expect(await tokens("ada", offline)).toHaveProperty("refresh_token");
    expect(await tokens("ada", offline)).not.toHaveProperty("refresh_token");
    expect(await tokens("ada", { ...offline, prompt: "consent" })).toHaveProperty("refresh_token");
    expect(await tokens("grace", offline)).toHaveProperty("refresh_token");
  });

  it("refreshes with a token that stays good", async () => {
    const { refresh_token } = await tokens("ada", { access_type: "offline" });
    for (const wait of [0, 3_600_000, 200 * 86_400_000]) {
      identity.clock.now += wait;
      const { status, body } = await identity.refresh(GOOGLE, refresh_token);
      expect(status).toBe(200);
      expect(body).not.toHaveProperty("refresh_token");
      expect((await verified(body.id_token)).sub).toBe(ADA.sub);
      expect((await identity.userinfo(body.access_token)).status).toBe(200);
    }
    expect(identity.standIn.stats()).toMatchObject([{ provider: "google", refreshes: 3, live: true }]);
    const unknown = await identity.refresh(GOOGLE, "1//0unknown");
    expect(unknown).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });
});

describe("Google's userinfo endpoint", () => {
  it("tells what the scopes give, until the token expires", async () => {
    const { access_token } = await tokens("ada");
    const { body } = await identity.userinfo(access_token);
    expect(body).toMatchObject({ ...ADA, name: "Ada Lovelace" });
    const narrow = await identity.userinfo((await tokens("ada", { scope: "openid" })).access_token);
    expect(narrow.body).toEqual({ sub: ADA.sub, hd: "example.com" });
    identity.clock.now += 3_599_000;
    const late = await identity.userinfo(access_token);
    expect(late.status).toBe(401);
    expect(late.headers.get("www-authenticate")).toContain("invalid_token");
  });
});

describe("Google's revocation endpoint", () => {
  it("ends the application's whole access with any token of it", async () => {
    const first = await tokens("ada", { access_type: "offline" });
    const second = await tokens("ada");
    const grace = await tokens("grace", { access_type: "offline" });
    const revoke = (token: string) =>
      identity.send("/google/revoke", { method: "POST", body: new URLSearchParams({ token }) });
    expect((await revoke(second.access_token)).status).toBe(200);

    expect((await identity.userinfo(first.access_token)).status).toBe(401);
    expect(await identity.refresh(GOOGLE, first.refresh_token)).toEqual({
      status: 400,
      body: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
    });
    const again = await revoke(first.refresh_token);
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ error: "invalid_token" });
    expect((await identity.refresh(GOOGLE, grace.refresh_token)).status).toBe(200);
    expect(await tokens("ada", { access_type: "offline" })).toHaveProperty("refresh_token");
  });
});
