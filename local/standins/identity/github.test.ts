import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { beforeEach, describe, expect, it } from "vitest";
import { BASE, type Body, CALLBACK, GITHUB_APP, OAUTH_APP, testIdentity } from "./test-identity.ts";

const SCOPE = "read:user user:email read:org";
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const HOUR = 3_600_000;

let identity: ReturnType<typeof testIdentity>;
beforeEach(() => {
  identity = testIdentity();
});

const url = (parameters: Record<string, string> = {}) =>
  identity.authorizeUrl("github", { client_id: "oauth-app", scope: SCOPE, ...parameters });

describe("GitHub's authorization endpoint", () => {
  it("sends the person that was chosen back with a code, the state and the issuer", async () => {
    const location = await identity.choose(url(), { person: "ada" });
    expect(location.origin + location.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      code: expect.stringMatching(/^\w{40}$/),
      state: "s/1 2",
      iss: `${BASE}/github/login/oauth`,
    });
  });

  it("says access_denied with the state when the person cancels", async () => {
    const location = await identity.choose(url(), { cancel: "on" });
    expect(location.searchParams.get("error")).toBe("access_denied");
    expect(location.searchParams.get("state")).toBe("s/1 2");
    expect(location.searchParams.has("code")).toBe(false);
  });

  it("answers 404 for a client that is not registered, and does not take Google's", async () => {
    for (const clientId of ["unknown", "google-client"]) {
      const response = await identity.send(url({ client_id: clientId }));
      expect(response.status, clientId).toBe(404);
      expect(response.headers.get("location")).toBeNull();
    }
  });

  it("uses the first registered URL when the request names none", async () => {
    const query = new URLSearchParams({ client_id: "oauth-app" });
    const location = await identity.choose(`/github/login/oauth/authorize?${query}`, { person: "ada" });
    expect(location.href.startsWith(`${CALLBACK}?code=`)).toBe(true);
    expect(location.searchParams.has("state")).toBe(false);
  });

  it("keeps the query of the registered URL", async () => {
    const redirectUri = "https://auth.example.com/callback/github?from=x";
    const location = await identity.choose(url({ redirect_uri: redirectUri }), { person: "ada" });
    expect(location.href.startsWith(`${redirectUri}&code=`)).toBe(true);
  });

  it.each([
    "http://evil.example/callback/github",
    `${CALLBACK}/deeper`,
    `${CALLBACK}?more=1`,
    "http://127.0.0.1:8789/callback/github",
    "http://localhost.evil.example:8789/callback/github",
    "https://localhost:8789/callback/github",
    "https://auth.example.com:8443/callback/github?from=x",
    "javascript:alert(1)",
    "no url",
  ])("tells the registered URL, and no other, that %s does not match", async (redirectUri) => {
    for (const init of [{}, { method: "POST", body: new URLSearchParams({ person: "ada" }) }]) {
      const response = await identity.send(url({ redirect_uri: redirectUri }), init);
      const location = new URL(response.headers.get("location")!);
      expect(location.origin + location.pathname).toBe(CALLBACK);
      expect(location.searchParams.get("error")).toBe("redirect_uri_mismatch");
      expect(location.searchParams.has("code")).toBe(false);
    }
  });

  it("lets a loopback URL have any port", async () => {
    const redirectUri = "http://localhost:1234/callback/github";
    const location = await identity.choose(url({ redirect_uri: redirectUri }), { person: "ada" });
    expect(location.href.startsWith(`${redirectUri}?code=`)).toBe(true);
  });

  it("refuses scopes that do not exist, and a challenge that is not S256", async () => {
    const errorOf = async (parameters: Record<string, string>) =>
      (await identity.choose(url(parameters), { person: "ada" })).searchParams.get("error");
    expect(await errorOf({ scope: "read:user user.email" })).toBe("invalid_scope");
    expect(await errorOf({ code_challenge: VERIFIER, code_challenge_method: "plain" })).toBe("invalid_request");
    expect(await errorOf({ code_challenge: CHALLENGE })).toBe("invalid_request");
    expect(await errorOf({ code_challenge: "short", code_challenge_method: "S256" })).toBe("invalid_request");
  });
});

describe("GitHub's token endpoint", () => {
  const exchange = async (parameters: Record<string, string>) => {
    const { status, body } = await identity.token("github", { ...identity.credentials(OAUTH_APP), ...parameters });
    expect(status).toBe(200);
    return body as Body;
  };

  it("gives an OAuth app a token with the scopes as GitHub keeps them, which does not expire", async () => {
    const body = await identity.tokens(OAUTH_APP, "ada", { scope: "user user:email,read:org user" });
    expect(body).toEqual({
      access_token: expect.stringMatching(/^gho_\w{36}$/),
      scope: "read:org,user",
      token_type: "bearer",
    });
    identity.clock.now += 1000 * 24 * HOUR;
    expect((await identity.api("/user", body.access_token)).body.login).toBe("ada");
  });

  it("answers a form unless JSON is accepted, and takes JSON as well as a form", async () => {
    const body = { ...identity.credentials(OAUTH_APP), code: await identity.code(OAUTH_APP, "ada", { scope: SCOPE }) };
    const response = await identity.send("/github/login/oauth/access_token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.headers.get("content-type")).toContain("application/x-www-form-urlencoded");
    const form = new URLSearchParams(await response.text());
    expect(form.get("access_token")).toMatch(/^gho_/);
    expect(form.get("scope")).toBe("read:org,read:user,user:email");
  });

  it("takes a code once, within ten minutes, from the client that it was given to", async () => {
    const bad = { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." };
    const code = await identity.code(OAUTH_APP, "ada");
    expect(await exchange({ ...identity.credentials(GITHUB_APP), code })).toMatchObject(bad);
    expect(await exchange({ code })).toHaveProperty("access_token");
    expect(await exchange({ code })).toMatchObject(bad);
    expect(await exchange({})).toMatchObject({ ...bad, error_uri: expect.stringContaining("#bad-verification-code") });

    const late = await identity.code(OAUTH_APP, "ada");
    identity.clock.now += HOUR / 6;
    expect(await exchange({ code: late })).toMatchObject(bad);
  });

  it("refuses a wrong secret and an unknown client alike, and the code stays good", async () => {
    const code = await identity.code(OAUTH_APP, "ada");
    const wrongs: Record<string, string>[] = [
      { client_secret: "wrong" },
      { client_id: "unknown" },
      { client_secret: "" },
    ];
    for (const wrong of wrongs) {
      expect(await exchange({ code, ...wrong })).toMatchObject({ error: "incorrect_client_credentials" });
    }
    expect(await exchange({ code })).toHaveProperty("access_token");
  });

  it("refuses another redirect_uri than the one that the code was sent to", async () => {
    const code = await identity.code(OAUTH_APP, "ada");
    const body = await exchange({ code, redirect_uri: "https://auth.example.com/callback/github?from=x" });
    expect(body.error).toBe("redirect_uri_mismatch");
  });

  it("asks for the verifier of a challenge", async () => {
    const pkce = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
    for (const wrong of [{}, { code_verifier: "w".repeat(43) }, { code_verifier: CHALLENGE }]) {
      const code = await identity.code(OAUTH_APP, "ada", pkce);
      expect((await exchange({ code, ...wrong } as Record<string, string>)).error).toBe("bad_verification_code");
    }
    const code = await identity.code(OAUTH_APP, "ada", pkce);
    expect(await exchange({ code, code_verifier: VERIFIER })).toHaveProperty("access_token");
  });

  it("refuses a person whose primary address is not verified", async () => {
    const emails = [{ email: "linus@example.org", verified: false, primary: true }];
    identity.standIn.changePerson("linus", { github: { emails } });
    const body = await exchange({ code: await identity.code(OAUTH_APP, "linus") });
    expect(body.error).toBe("unverified_user_email");
  });

  it("gives who asks for no scopes those that the person allowed before", async () => {
    expect((await identity.tokens(OAUTH_APP, "ada")).scope).toBe("");
    await identity.tokens(OAUTH_APP, "ada", { scope: "read:org" });
    await identity.tokens(OAUTH_APP, "ada", { scope: "user:email" });
    await identity.tokens(OAUTH_APP, "grace", { scope: "repo" });
    expect((await identity.tokens(OAUTH_APP, "ada")).scope).toBe("read:org,user:email");
  });

  it("ends the oldest of more than ten tokens for the same person and scopes", async () => {
    const other = await identity.tokens(OAUTH_APP, "ada", { scope: "repo" });
    const tokens: string[] = [];
    for (let count = 0; count < 11; count++) {
      tokens.push((await identity.tokens(OAUTH_APP, "ada", { scope: SCOPE })).access_token);
    }
    const statuses = await Promise.all(tokens.map(async (token) => (await identity.api("/user", token)).status));
    expect(statuses).toEqual([401, ...Array(10).fill(200)]);
    expect((await identity.api("/user", other.access_token)).status).toBe(200);
  });
});

describe("user tokens of a GitHub App", () => {
  it("expire after eight hours and come with a refresh token", async () => {
    const body = await identity.tokens(GITHUB_APP, "ada", { scope: SCOPE });
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ghu_\w{36}$/),
      expires_in: 28800,
      refresh_token: expect.stringMatching(/^ghr_\w{76}$/),
      refresh_token_expires_in: 15897600,
      scope: "",
      token_type: "bearer",
    });
    identity.clock.now += 8 * HOUR - 1;
    expect((await identity.api("/user", body.access_token)).status).toBe(200);
    identity.clock.now += 1;
    expect((await identity.api("/user", body.access_token)).status).toBe(401);
  });

  it("are refreshed once with a refresh token, which ends the old access token", async () => {
    const first = await identity.tokens(GITHUB_APP, "ada");
    const second = await identity.refresh(GITHUB_APP, first.refresh_token);
    expect(second.body).toMatchObject({ expires_in: 28800, refresh_token: expect.stringMatching(/^ghr_/) });
    expect((await identity.api("/user", first.access_token)).status).toBe(401);
    expect((await identity.api("/user", second.body.access_token)).body.login).toBe("ada");

    const again = await identity.refresh(GITHUB_APP, first.refresh_token);
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({
      error: "bad_refresh_token",
      error_description: "The refresh token passed is incorrect or expired.",
    });
    expect((await identity.refresh(GITHUB_APP, second.body.refresh_token)).body).toHaveProperty("access_token");
    expect(identity.standIn.stats()).toEqual([
      expect.objectContaining({ personId: "ada", refreshes: 2, refusedRefreshes: 1, live: true }),
    ]);
  });

  it("are given to one only of those that race with one refresh token", async () => {
    const { refresh_token } = await identity.tokens(GITHUB_APP, "ada");
    const answers = await Promise.all(Array.from({ length: 5 }, () => identity.refresh(GITHUB_APP, refresh_token)));
    expect(answers.filter(({ body }) => body.access_token)).toHaveLength(1);
    expect(identity.standIn.stats()[0]).toMatchObject({ refreshes: 1, refusedRefreshes: 4 });
  });

  it("cannot be refreshed by another client, without the secret, or after six months", async () => {
    const { refresh_token } = await identity.tokens(GITHUB_APP, "ada");
    expect((await identity.refresh(OAUTH_APP, refresh_token)).body.error).toBe("bad_refresh_token");
    const wrong = await identity.refresh({ ...GITHUB_APP, clientSecret: "wrong" }, refresh_token);
    expect(wrong.body.error).toBe("incorrect_client_credentials");
    identity.clock.now += 15_897_600_000;
    expect((await identity.refresh(GITHUB_APP, refresh_token)).body.error).toBe("bad_refresh_token");
  });

  it("reach only what the app has permission for", async () => {
    identity = testIdentity({ clients: [{ ...GITHUB_APP, permissions: ["members"] } as typeof GITHUB_APP] });
    const { access_token } = await identity.tokens(GITHUB_APP, "ada");
    const emails = await identity.api("/user/emails", access_token);
    expect(emails.status).toBe(403);
    expect(emails.body.message).toBe("Resource not accessible by integration");
    expect((await identity.api("/user/teams", access_token)).body).toHaveLength(1);
  });
});

describe("GitHub's API", () => {
  const description = JSON.parse(
    readFileSync(
      createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.deref.json"),
      "utf8",
    ),
  ) as Body;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);

  /** Every answer is judged by GitHub's own description of it. */
  const get = async (path: string, token: string) => {
    const answer = await identity.api(path, token);
    const operation = description.paths[new URL(path, BASE).pathname].get;
    const schema = operation.responses[answer.status]?.content?.["application/json"]?.schema;
    expect(schema, `${path} ${answer.status}`).toBeDefined();
    expect(ajv.validate(schema, answer.body), `${path}: ${ajv.errorsText()}`).toBe(true);
    return answer;
  };
  const tokenOf = async (person: string, scope = SCOPE) =>
    (await identity.tokens(OAUTH_APP, person, { scope })).access_token as string;

  it("tells who the person is", async () => {
    const { body, headers } = await get("/user", await tokenOf("ada"));
    expect(body).toMatchObject({ login: "ada", id: 1815, name: "Ada Lovelace", email: null, collaborators: 0 });
    expect(headers.get("x-oauth-scopes")).toBe("read:org, read:user, user:email");
    const grace = await get("/user", await tokenOf("grace", "read:org"));
    expect(grace.body).toMatchObject({ login: "grace", email: "grace@example.com" });
    expect(grace.body).not.toHaveProperty("collaborators");
  });

  it("lists addresses with what is verified and primary, to who has the scope", async () => {
    const { body } = await get("/user/emails", await tokenOf("mallory"));
    expect(body).toEqual([
      { email: "ada@example.com", verified: false, primary: false, visibility: null },
      { email: "mallory@evil.example", verified: true, primary: true, visibility: "private" },
    ]);
    const refused = await get("/user/emails", await tokenOf("mallory", "read:user read:org"));
    expect(refused.status).toBe(404);
    expect(refused.headers.get("x-accepted-oauth-scopes")).toBe("user, user:email");
    expect((await get("/user/emails", await tokenOf("grace", "user"))).body).toHaveLength(2);
  });

  it("lists organisations, memberships and teams, to who has the scope", async () => {
    const token = await tokenOf("ada");
    expect((await get("/user/orgs", token)).body).toMatchObject([{ login: "analytical" }]);
    const [membership] = (await get("/user/memberships/orgs", token)).body;
    expect(membership).toMatchObject({
      state: "active",
      organization: { login: "analytical" },
      user: { login: "ada" },
    });
    expect((await get("/user/memberships/orgs?state=pending", token)).body).toEqual([]);
    const [team] = (await get("/user/teams", token)).body;
    expect(team).toMatchObject({ slug: "engines", organization: { login: "analytical" } });

    const narrow = await tokenOf("ada", "read:user");
    expect((await get("/user/orgs", narrow)).status).toBe(403);
    expect((await get("/user/memberships/orgs", narrow)).status).toBe(403);
    expect((await get("/user/teams", narrow)).status).toBe(404);
    expect((await get("/user/orgs", await tokenOf("linus"))).body).toEqual([]);
  });

  it("gives long lists in pages", async () => {
    const orgs = Array.from({ length: 35 }, (_, index) => `org-${index}`);
    identity.standIn.changePerson("ada", { github: { orgs } });
    const token = await tokenOf("ada");
    const first = await get("/user/orgs", token);
    expect(first.body).toHaveLength(30);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link")!)![1]!;
    const second = await identity.api(next, token);
    expect(second.body.map((org: Body) => org.login)).toEqual(orgs.slice(30));
    expect(second.headers.get("link")).not.toContain('rel="next"');
    expect((await get("/user/orgs?per_page=100", token)).headers.get("link")).toBeNull();
  });

  it("answers 401 for what is no token of its own", async () => {
    const google = await identity.api("/user", "ya29.x");
    expect(google).toMatchObject({ status: 401, body: { message: "Bad credentials", status: "401" } });
    const none = await identity.send("/github/api/user");
    expect(none.status).toBe(401);
    expect(await none.json()).toMatchObject({ message: "Requires authentication" });
  });

  it("refuses a request without a User-Agent", async () => {
    const response = await identity.send("/github/api/user", { headers: { "user-agent": "" } });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("User-Agent");
  });

  it("answers 404 for what it does not have, and says so in the log", async () => {
    expect((await identity.api("/repos/a/b", await tokenOf("ada"))).status).toBe(404);
    expect(identity.logged.join()).toContain("GET /identity/github/api/repos/a/b");
  });

  describe("lets an application give back", () => {
    const remove = async (
      what: "token" | "grant",
      accessToken: unknown,
      credentials = "oauth-app:oauth-app-secret",
    ) => {
      const response = await identity.send(`/github/api/applications/oauth-app/${what}`, {
        method: "DELETE",
        headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
        body: JSON.stringify({ access_token: accessToken }),
      });
      return response.status;
    };
    const works = async (token: string) => (await identity.api("/user", token)).status === 200;

    it("one token", async () => {
      const [one, other] = [await tokenOf("ada"), await tokenOf("ada")];
      expect(await remove("token", one)).toBe(204);
      expect([await works(one), await works(other)]).toEqual([false, true]);
      expect(await remove("token", one)).toBe(404);
      expect(await remove("token", 7)).toBe(422);
    });

    it("all that it has of a person", async () => {
      const [one, other, grace] = [await tokenOf("ada"), await tokenOf("ada", "repo"), await tokenOf("grace")];
      expect(await remove("grant", one)).toBe(204);
      expect([await works(one), await works(other), await works(grace)]).toEqual([false, false, true]);
    });

    it("nothing of another application, or without its secret", async () => {
      const token = await tokenOf("ada");
      const { access_token } = await identity.tokens(GITHUB_APP, "ada");
      expect(await remove("token", token, "oauth-app:wrong")).toBe(401);
      expect(await remove("token", token, "github-app:github-app-secret")).toBe(404);
      expect(await remove("token", access_token, "github-app:github-app-secret")).toBe(404);
      expect(await remove("grant", access_token)).toBe(404);
      expect([await works(token), await works(access_token)]).toEqual([true, true]);
    });
  });
});
