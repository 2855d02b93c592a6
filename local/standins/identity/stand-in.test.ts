import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { serveStandIns } from "../serve.ts";
import type { Person } from "./people.ts";
import { createIdentityStandIn } from "./stand-in.ts";
import { BASE, type Body, CALLBACK, GITHUB_APP, GOOGLE, OAUTH_APP, testIdentity } from "./test-identity.ts";

const directories: string[] = [];
const stateDir = () => {
  const directory = mkdtempSync(join(tmpdir(), "identity-stand-in-"));
  directories.push(directory);
  return directory;
};
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

const GITHUB = { client_id: "oauth-app", scope: "read:user" };

describe("the sign-in page", () => {
  const buttons = (page: string) =>
    [...page.matchAll(/<button name="person" value="([^"]+)"[^>]*>Continue as ([^<]+)</g)].map(([, id]) => id);

  it("lists the people with an account at that provider, and Cancel", async () => {
    const { send, authorizeUrl } = testIdentity();
    const response = await send(authorizeUrl("github", GITHUB));
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(buttons(page)).toEqual(["ada", "grace", "linus", "mallory", "nobody"]);
    expect(page).toContain(">Continue as Ada Lovelace</button>");
    expect(page).toContain(">Cancel</button>");
  });

  it("puts the suggested account first", async () => {
    const { send, authorizeUrl } = testIdentity();
    const page = await (await send(authorizeUrl("github", { ...GITHUB, login: "linus" }))).text();
    expect(buttons(page)[0]).toBe("linus");
  });

  it("escapes what it shows, has no script, and allows none", async () => {
    const person: Person = {
      id: "x",
      name: `"><script>alert(1)</script>`,
      google: { sub: "1", email: "x@example.com", emailVerified: true },
    };
    const { send, authorizeUrl } = testIdentity({ people: [person] });
    const google = { client_id: "google-client", response_type: "code", scope: "openid" };
    const hostile = { redirect_uri: `${CALLBACK}"><script>alert(2)</script>` };
    for (const parameters of [google, { ...google, ...hostile }]) {
      const response = await send(authorizeUrl("google", parameters));
      const page = await response.text();
      expect(page).not.toContain("<script");
      expect(page).toContain("&lt;script&gt;alert");
      expect(page).toContain("The &lt;broker&gt; &amp; co");
      const policy = response.headers.get("content-security-policy");
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/);
    }
  });

  it("comes again for a person that it does not know", async () => {
    const { send, authorizeUrl } = testIdentity();
    for (const person of ["margaret", "unknown", ""]) {
      const response = await send(authorizeUrl("github", GITHUB), {
        method: "POST",
        body: new URLSearchParams({ person }),
      });
      expect(response.status, person).toBe(200);
      expect(response.headers.get("location")).toBeNull();
    }
  });

  describe("remembers a person", () => {
    const submit = (identity: ReturnType<typeof testIdentity>, form: Record<string, string>, cookie = "") =>
      identity.send(identity.authorizeUrl("github", GITHUB), {
        method: "POST",
        headers: { cookie },
        body: new URLSearchParams(form),
      });
    const open = async (identity: ReturnType<typeof testIdentity>, cookie: string, more = {}) =>
      (await identity.send(identity.authorizeUrl("github", { ...GITHUB, ...more }), { headers: { cookie } })).status;

    it("not unless asked", async () => {
      const identity = testIdentity();
      const response = await submit(identity, { person: "ada" });
      expect(response.headers.get("set-cookie")).toMatch(/^stand-in-github=; .*Max-Age=0$/);
    });

    it("for that browser and provider when asked, until someone else signs in", async () => {
      const identity = testIdentity();
      const setCookie = (await submit(identity, { person: "ada", remember: "on" })).headers.get("set-cookie")!;
      expect(setCookie).toMatch(/^stand-in-github=\w{40}; Path=\/identity\/github; HttpOnly; SameSite=Lax; Max-Age=/);
      const cookie = setCookie.split(";")[0]!;
      expect(await open(identity, cookie)).toBe(302);
      expect(await open(identity, cookie, { prompt: "select_account" })).toBe(200);
      const google = { client_id: "google-client", response_type: "code", scope: "openid" };
      const atGoogle = await identity.send(identity.authorizeUrl("google", google), {
        headers: { cookie: cookie.replace("github", "google") },
      });
      expect(atGoogle.status).toBe(200);
      expect(await open(identity, "")).toBe(200);
      identity.clock.now += 14 * 86_400_000;
      expect(await open(identity, cookie)).toBe(200);
      identity.clock.now -= 14 * 86_400_000;
      await submit(identity, { person: "grace" }, cookie);
      expect(await open(identity, cookie)).toBe(200);
    });
  });
});

describe("the state", () => {
  it("outlives the process: codes, tokens, counts, changed people, remembered sign-ins and the signing key", async () => {
    const directory = stateDir();
    const first = testIdentity({ stateDir: directory });
    const code = await first.code(OAUTH_APP, "ada");
    const app = await first.tokens(GITHUB_APP, "ada");
    const { body: refreshed } = await first.refresh(GITHUB_APP, app.refresh_token);
    first.standIn.changePerson("ada", { github: { orgs: ["navy"] } });
    const keys = await (await first.send("/google/oauth2/v3/certs")).text();

    const second = testIdentity({ stateDir: directory });
    const credentials = second.credentials(OAUTH_APP);
    expect((await second.token("github", { ...credentials, code })).body).toHaveProperty("access_token");
    expect((await second.refresh(GITHUB_APP, app.refresh_token)).body.error).toBe("bad_refresh_token");
    const orgs = await second.api("/user/orgs", refreshed.access_token);
    expect(orgs.body).toMatchObject([{ login: "navy" }]);
    expect((await second.api("/user/teams", refreshed.access_token)).body).toEqual([]);
    expect(second.standIn.stats()[0]).toMatchObject({ refreshes: 1, refusedRefreshes: 1 });
    expect(await (await second.send("/google/oauth2/v3/certs")).text()).toBe(keys);
  });

  it("is a file for its owner only, without tokens in clear, written whole", async () => {
    const directory = stateDir();
    const identity = testIdentity({ stateDir: directory });
    const tokens = await identity.tokens(GITHUB_APP, "ada");
    const code = await identity.code(OAUTH_APP, "ada");
    expect(readdirSync(directory)).toEqual(["identity.json"]);
    const file = join(directory, "identity.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, "utf8");
    for (const secret of [code, tokens.access_token, tokens.refresh_token, "github-app-secret"]) {
      expect(text).not.toContain(secret);
    }
  });

  it("that it cannot read is told in one sentence", () => {
    const directory = stateDir();
    writeFileSync(join(directory, "identity.json"), "{");
    expect(() => testIdentity({ stateDir: directory })).toThrow(/identity\.json is not a state .*: remove it/);
  });

  it("forgets authorizations that have no live token a day later", async () => {
    const identity = testIdentity();
    await identity.tokens(GOOGLE, "ada", { scope: "openid" });
    await identity.tokens(GITHUB_APP, "ada");
    identity.clock.now += 2 * 86_400_000;
    await identity.code(OAUTH_APP, "ada");
    expect(identity.standIn.stats()).toMatchObject([{ clientId: "github-app", live: true }]);
  });
});

describe("the control", () => {
  it("revokes what a person allowed, at one provider or at both", async () => {
    const identity = testIdentity();
    const github = await identity.tokens(GITHUB_APP, "ada");
    const google = await identity.tokens(GOOGLE, "ada", { scope: "openid" });
    const grace = await identity.tokens(OAUTH_APP, "grace");
    expect(identity.standIn.revoke("ada", "github")).toBe(1);
    expect((await identity.api("/user", github.access_token)).status).toBe(401);
    expect((await identity.refresh(GITHUB_APP, github.refresh_token)).body.error).toBe("bad_refresh_token");
    expect((await identity.userinfo(google.access_token)).status).toBe(200);
    expect(identity.standIn.revoke("ada")).toBe(1);
    expect((await identity.userinfo(google.access_token)).status).toBe(401);
    expect((await identity.api("/user", grace.access_token)).status).toBe(200);
  });

  it("changes people over HTTP, for tokens that are out too", async () => {
    const identity = testIdentity();
    const { access_token } = await identity.tokens(OAUTH_APP, "linus", { scope: "read:org" });
    const put = (id: string, change: unknown) =>
      identity.send(`/_control/people/${id}`, { method: "PUT", body: JSON.stringify(change) });
    expect((await put("linus", { github: { orgs: ["kernel"], teams: ["kernel/maintainers"] } })).status).toBe(200);
    expect((await identity.api("/user/teams", access_token)).body).toMatchObject([{ slug: "maintainers" }]);

    for (const [id, change, message] of [
      ["unknown", {}, 'There is no person with the id "unknown".'],
      ["linus", { google: { email: "l@example.com" } }, "Linus Torvalds has no Google account."],
      ["linus", { github: { id: 7 } }, "id"],
      ["linus", { github: { emails: [] } }, "exactly one address must be primary"],
      ["linus", undefined, "expected object"],
    ] as const) {
      const response = await put(id, change);
      expect(response.status).toBe(400);
      expect(((await response.json()) as Body).message).toContain(message);
    }
    const people = (await (await identity.send("/_control/people")).json()) as Body;
    expect(people.find((each: Body) => each.id === "linus").github).toMatchObject({ id: 1969, orgs: ["kernel"] });
  });

  it("revokes and tells the counts over HTTP", async () => {
    const identity = testIdentity();
    const { refresh_token } = await identity.tokens(GITHUB_APP, "ada");
    await identity.refresh(GITHUB_APP, refresh_token);
    const revoke = await identity.send("/_control/people/ada/tokens?provider=github", { method: "DELETE" });
    expect(await revoke.json()).toEqual({ revoked: 1 });
    const stats = (await (await identity.send("/_control/stats")).json()) as Body;
    expect(stats).toEqual([
      {
        id: expect.any(String),
        provider: "github",
        clientId: "github-app",
        personId: "ada",
        scopes: [],
        refreshes: 1,
        refusedRefreshes: 0,
        live: false,
      },
    ]);
    expect((await identity.send("/_control/other")).status).toBe(404);
  });

  it("works while faults are on, which are set like those of other stand-ins", async () => {
    const identity = testIdentity();
    const { refresh_token } = await identity.tokens(GITHUB_APP, "ada");
    const settings = { failNext: { status: 503, times: 1 }, onlyPath: "/login/oauth/access_token" };
    const put = await identity.send("/_control", { method: "PUT", body: JSON.stringify(settings) });
    expect(put.status).toBe(200);
    expect((await identity.send("/_control/stats")).status).toBe(200);
    expect((await identity.refresh(GITHUB_APP, refresh_token)).status).toBe(503);
    expect((await identity.refresh(GITHUB_APP, refresh_token)).body).toHaveProperty("access_token");
    expect(identity.standIn.faults.current()).toMatchObject({ onlyPath: "/login/oauth/access_token" });
  });
});

describe("the stand-in", () => {
  it("tells other stand-ins whose token it is", async () => {
    const identity = testIdentity();
    const { access_token } = await identity.tokens(OAUTH_APP, "ada", { scope: "repo" });
    expect(identity.standIn.holderOf("github", access_token)).toMatchObject({
      person: { id: "ada" },
      clientId: "oauth-app",
      scopes: ["repo"],
    });
    expect(identity.standIn.holderOf("google", access_token)).toBeUndefined();
    identity.standIn.revoke("ada");
    expect(identity.standIn.holderOf("github", access_token)).toBeUndefined();
  });

  it("refuses people and clients that are there twice", () => {
    const log = () => undefined;
    expect(() => createIdentityStandIn({ clients: [GOOGLE, GOOGLE], log })).toThrow('client id "google google-client"');
    const ada = testIdentity().standIn.people()[0]!;
    expect(() => createIdentityStandIn({ clients: [], people: [ada, ada], log })).toThrow('person "ada" twice');
  });

  it("answers 404 elsewhere below the mount", async () => {
    const { send } = testIdentity();
    for (const path of ["/", "/gitlab/login", "/githubx", "/github", "/google/x"]) {
      expect((await send(BASE + path)).status, path).toBe(404);
    }
  });

  it("is served with redirects and cookies like any other", async () => {
    const { standIn } = testIdentity();
    const server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { identity: standIn.handler } });
    try {
      const query = new URLSearchParams({ ...GITHUB, redirect_uri: CALLBACK });
      const url = `${server.origin}/identity/github/login/oauth/authorize?${query}`;
      const init: RequestInit = { method: "POST", redirect: "manual" };
      const response = await fetch(url, { ...init, body: new URLSearchParams({ person: "ada", remember: "on" }) });
      expect(response.status).toBe(302);
      expect(response.headers.get("location")).toContain(`${CALLBACK}?code=`);
      expect(response.headers.getSetCookie()).toHaveLength(1);
      const picture = await fetch(`${server.origin}/identity/github/avatars/1815`);
      expect(picture.headers.get("content-type")).toBe("image/svg+xml");
    } finally {
      await server.close();
    }
  });
});
