import type { GatewayAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { createRemoteJWKSet, importJWK, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { read } from "./audit/trail.ts";
import { CLIENT, CODA, GATEWAY, GITHUB, newKey, TestBroker } from "./testing/test-broker.ts";
import { field, scopesOn, TestBrowser } from "./testing/test-browser.ts";
import { eventOf } from "./testing/trail-of.ts";

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [
      { people: ["github:ada"], scopes: ["coda:write"] },
      { people: ["ada@example.com"], scopes: ["coda:read"] },
      { githubOrganizations: ["navy"], scopes: ["coda:read"] },
      { people: ["margaret@example.net"], scopes: ["coda:*"] },
    ],
  });
});
afterAll(() => broker?.close());

const asService = async (token: string, resource = CODA) => (await broker.authorize(token, resource))?.call ?? null;

describe("discovery", () => {
  test("RFC 8414: the metadata names the endpoints, S256 only, and every scope", async () => {
    const metadata = (await (await fetch(`${broker.issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
      string,
      unknown
    >;
    expect(metadata).toMatchObject({
      issuer: broker.issuer,
      authorization_endpoint: `${broker.issuer}/authorize`,
      token_endpoint: `${broker.issuer}/oauth/token`,
      registration_endpoint: `${broker.issuer}/oauth/register`,
      code_challenge_methods_supported: ["S256"],
      scopes_supported: expect.arrayContaining([
        "coda:read",
        "coda:write",
        "coda:admin",
        "coda:connect",
        "github:read",
      ]),
      authorization_response_iss_parameter_supported: true,
      protected_resources: [CODA, GITHUB, GATEWAY],
      client_id_metadata_document_supported: true,
    });
  });
});

describe("the whole dance", () => {
  test.each([
    ["github", "ada", ["coda:read", "coda:write"]],
    ["github", "grace", ["coda:read"]],
    ["google", "margaret", ["coda:read", "coda:write", "coda:admin"]],
  ] as const)(
    "with %s, %s is offered what the policy allows, and gets a token for it",
    async (provider, person, scopes) => {
      const { url, verifier, clientId } = await broker.authorizeUrl();
      const browser = new TestBrowser();
      const consent = await browser.signIn(url, person, provider);
      expect(consent.status).toBe(200);
      expect(scopesOn(consent.text)).toEqual([...scopes]);

      const form = { handle: field(consent.text, "handle"), decision: "approve", scope: [...scopes] };
      const done = new URL((await browser.submit(url, form)).location);
      expect(done.origin + done.pathname).toBe(CLIENT);
      expect(done.searchParams.get("state")).toBe("the-state");
      expect(done.searchParams.get("iss")).toBe(broker.issuer);

      const { status, body } = await broker.exchange(done.searchParams.get("code")!, verifier, clientId);
      expect(status).toBe(200);
      expect(await asService(body.access_token!)).toMatchObject({ scope: [...scopes] });
    },
  );

  test("a person may untick scopes", async () => {
    expect((await asService(await broker.tokenFor("ada", ["coda:read"])))!.scope).toEqual(["coda:read"]);
  });

  test("a scope that was not offered is not granted, whatever the form says", async () => {
    const { url, verifier, clientId } = await broker.authorizeUrl();
    const browser = new TestBrowser();
    const consent = await browser.signIn(url, "grace");
    const form = { handle: field(consent.text, "handle"), decision: "approve", scope: ["coda:read", "coda:admin"] };
    const code = new URL((await browser.submit(url, form)).location).searchParams.get("code")!;
    expect((await broker.exchange(code, verifier, clientId)).body.scope).toBe("coda:read");
  });

  test("a grant of a later scope is good for the earlier ones", async () => {
    expect((await asService(await broker.tokenFor("ada", ["coda:write"])))!.scope).toEqual(["coda:read", "coda:write"]);
  });
});

describe("who may not", () => {
  test("a person whom no rule names is told so, and nothing is granted", async () => {
    const { url } = await broker.authorizeUrl();
    const page = await new TestBrowser().signIn(url, "nobody");
    expect(page.status).toBe(403);
    expect(page.text).toContain("nothing in Coda is open to you");
    const asSomebodyElse = /href="([^"]*)"/.exec(page.text)![1]!.replaceAll("&amp;", "&");
    const signIn = await new TestBrowser().open(new URL(asSomebodyElse, broker.issuer).toString());
    expect(new URL(field(signIn.text, "return"), broker.issuer).toString()).toBe(url);
  });

  test("an address that the provider has not verified opens nothing", async () => {
    const { url } = await broker.authorizeUrl();
    expect((await new TestBrowser().signIn(url, "mallory")).status).toBe(403);
  });

  test("a service in which nothing is open to the person stays closed", async () => {
    const { url } = await broker.authorizeUrl({ resource: GITHUB });
    expect((await new TestBrowser().signIn(url, "ada")).status).toBe(403);
  });

  test("declining sends the client access_denied", async () => {
    const { url } = await broker.authorizeUrl();
    const browser = new TestBrowser();
    const consent = await browser.signIn(url, "ada");
    const { location } = await browser.submit(url, { handle: field(consent.text, "handle"), decision: "deny" });
    expect(new URL(location).searchParams.get("error")).toBe("access_denied");
  });
});

describe("tokens", () => {
  test("RFC 8707: a token for one resource is no good for another", async () => {
    const token = await broker.tokenFor("ada", ["coda:read"]);
    expect(await asService(token, GITHUB)).toBeNull();
  });

  test("an unknown token is nobody's", async () => {
    expect(await asService("not-a-token")).toBeNull();
  });

  test("RFC 7636: a code is worth nothing without its verifier", async () => {
    const { url, clientId } = await broker.authorizeUrl();
    const browser = new TestBrowser();
    const consent = await browser.signIn(url, "ada");
    const form = { handle: field(consent.text, "handle"), decision: "approve", scope: "coda:read" };
    const code = new URL((await browser.submit(url, form)).location).searchParams.get("code")!;
    expect(await broker.exchange(code, "another-verifier".repeat(3), clientId)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  test("a narrower policy takes effect at the next call, without a new sign-in", async () => {
    const token = await broker.tokenFor("ada", ["coda:write"]);
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:read"] }] });
    expect((await asService(token))!.scope).toEqual(["coda:read"]);
    await broker.reconfigure({ policy: [] });
    expect((await asService(token))!.scope).toEqual([]);
    await broker.reconfigure({ policy });
  });
});

describe("introspection (RFC 7662)", () => {
  test("tells a service who calls and what they may do, and is not kept", async () => {
    const response = await broker.introspect(await broker.tokenFor("ada", ["coda:write"]));
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({
      active: true,
      iss: broker.issuer,
      aud: CODA,
      sub: expect.stringMatching(/^github-\d+$/),
      scope: "coda:read coda:write",
      username: "Ada Lovelace",
    });
  });

  test.each([
    ["a wrong secret", ["coda", "wrong"]],
    ["another service's secret", ["coda", "github-service-secret"]],
    ["an unknown service", ["nosuch", "coda-secret"]],
    ["a name that every object has", ["constructor", "coda-secret"]],
  ])("%s is answered 401", async (_, credentials) => {
    const response = await broker.introspect(
      await broker.tokenFor("ada", ["coda:read"]),
      credentials as [string, string],
    );
    expect([response.status, await response.json()]).toEqual([401, { error: "invalid_client" }]);
  });

  test("a token for another service is not active", async () => {
    const response = await broker.introspect(await broker.tokenFor("ada", ["coda:read"]), [
      "github",
      "github-service-secret",
    ]);
    expect(await response.json()).toEqual({ active: false });
  });

  test("a request without a token is told so", async () => {
    expect((await broker.introspect("")).status).toBe(400);
  });
});

describe("service tokens", () => {
  const gatewayToken = (ticked: string[]) => broker.tokenFor("ada", ticked, GATEWAY);
  const serviceToken = async (token: string, service: string) =>
    (await broker.rpc<GatewayAnswer>("authorizeGateway", token, [service]))?.serviceTokens[service];

  test("the gateway's audience offers the scopes of every service", async () => {
    const { url } = await broker.authorizeUrl({ resource: GATEWAY });
    const { text } = await new TestBrowser().signIn(url, "ada");
    expect(scopesOn(text)).toEqual(["coda:read", "coda:write"]);
  });

  test("one is for that service alone, for a minute, with no more than the grant, and names who acts", async () => {
    const { token, expiresAt } = (await serviceToken(await gatewayToken(["coda:read"]), "coda"))!;
    expect(expiresAt - Date.now() / 1000).toBeLessThanOrEqual(60);
    expect(await asService(token)).toMatchObject({ scope: ["coda:read"], userId: expect.stringMatching(/^github-/) });
    expect(await asService(token, GITHUB)).toBeNull();

    const keys = createRemoteJWKSet(new URL(`${broker.issuer}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: broker.issuer,
      audience: CODA,
      typ: "at+jwt",
    });
    expect(payload.act).toEqual({ sub: "mcp-gateway" });
    expect(protectedHeader).toMatchObject({ alg: "ES256", kid: "new" });
  });

  test("the client's own token never opens a service behind the gateway", async () => {
    expect(await asService(await gatewayToken(["coda:write"]))).toBeNull();
  });

  test("none is given for a token of another audience, or for a service in which nothing is allowed", async () => {
    expect(await serviceToken(await broker.tokenFor("ada", ["coda:read"]), "coda")).toBeUndefined();
    expect(await serviceToken(await gatewayToken(["coda:read"]), "github")).toBeUndefined();
    expect(await serviceToken(await gatewayToken(["coda:read"]), "mcp-gateway")).toBeUndefined();
  });

  test("the gateway learns what the policy would allow besides what was granted", async () => {
    const answer = await broker.rpc<GatewayAnswer>("authorizeGateway", await gatewayToken(["coda:read"]), []);
    expect(answer).toMatchObject({ call: { scope: ["coda:read"] }, allowed: ["coda:read", "coda:write"] });
  });

  test("the key set has the public halves only, the one before the rotation too", async () => {
    const { keys } = (await (await fetch(`${broker.issuer}/.well-known/jwks.json`)).json()) as {
      keys: Record<string, string>[];
    };
    expect(keys.map(({ kid }) => kid)).toEqual(["new", "old"]);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });

  test.each([
    ["of a key that is not in the set", async () => sign(await newKey("new"), {})],
    ["that has expired", () => sign(broker.signingKeys[0]!, { exp: 1 })],
    ["of another issuer", () => sign(broker.signingKeys[0]!, { iss: "https://evil.example" })],
    ["of another type", () => sign(broker.signingKeys[0]!, {}, "JWT")],
  ])("one %s is refused", async (_, make) => {
    expect(await asService(await make())).toBeNull();
    expect(await asService(await sign(broker.signingKeys[0]!, {}))).not.toBeNull();
  });
});

/** A service token for Coda as the broker makes it, except for `claims`. */
async function sign(key: object, claims: object, typ = "at+jwt"): Promise<string> {
  const person = {
    id: "github-1",
    accounts: ["github-1"],
    name: "Ada",
    login: "ada",
    emails: [],
    organizations: [],
    teams: [],
  };
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: broker.issuer,
    aud: CODA,
    sub: "github-1",
    iat: now,
    exp: now + 60,
    scope: "coda:read",
    client_id: "c",
    grant_id: "g",
    person,
  };
  return new SignJWT({ ...all, ...claims })
    .setProtectedHeader({ alg: "ES256", typ, kid: (key as { kid: string }).kid })
    .sign(await importJWK(key, "ES256"));
}

describe("the pages", () => {
  test("what a client says of itself is shown as text, with where the access goes and a warning for this computer", async () => {
    const { url } = await broker.authorizeUrl();
    const { text } = await new TestBrowser().signIn(url, "ada");
    expect(text).toContain("Test &lt;b&gt;client&lt;/b&gt;");
    expect(text).not.toContain("<b>client");
    expect(text).toContain("<strong><bdi>localhost</bdi></strong>");
    expect(text).toContain("That is a program on your computer.");
  });

  test("no page may be framed, runs a script or loads anything", async () => {
    const { headers } = await new TestBrowser().open(`${broker.issuer}/sign-in`);
    const csp = headers.get("content-security-policy");
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });

  test.each([
    ["another site", "https://evil.example/"],
    ["another site without a scheme", "//evil.example/"],
    ["another site behind a dot", "/.//evil.example/"],
    ["another site behind backslashes", "/\\\\evil.example/"],
    ["a script", "javascript:alert(1)"],
  ])("sign-in never leads to %s", async (_, target) => {
    const page = await new TestBrowser().open(`${broker.issuer}/sign-in?return=${encodeURIComponent(target)}`);
    expect(field(page.text, "return")).toBe("/");
  });

  test("a form that another site sends is refused", async () => {
    const browser = new TestBrowser();
    const { status } = await browser.submit(
      `${broker.issuer}/sign-in`,
      { provider: "github" },
      { origin: "https://evil.example" },
    );
    expect(status).toBe(403);
  });

  test("an authorization request of an unknown client is shown here, never redirected", async () => {
    const { url } = await broker.authorizeUrl({ client_id: "nobody" });
    const page = await new TestBrowser().open(url);
    expect([page.status, page.location]).toEqual([400, ""]);
  });
});

describe("the sign-in's state", () => {
  test("works in the browser that began it only, and only once", async () => {
    const browser = new TestBrowser();
    const begun = await browser.submit(`${broker.issuer}/sign-in`, { provider: "github", return: "/sign-in" });
    const back = await browser.submit(begun.location, { person: "ada" });
    expect((await new TestBrowser().open(back.location)).status).toBe(400);
    const copy = browser.copy();
    expect((await browser.open(back.location)).status).toBe(302);
    const again = await copy.open(back.location);
    expect(again.status).toBe(400);
    expect(again.text).toContain("expired, was used, or was started in another browser");
  });

  test("of one provider does not end the sign-in of another", async () => {
    const browser = new TestBrowser();
    const begun = await browser.submit(`${broker.issuer}/sign-in`, { provider: "github", return: "/sign-in" });
    const back = await browser.submit(begun.location, { person: "ada" });
    expect((await browser.open(back.location.replace("/callback/github", "/callback/google"))).status).toBe(400);
  });

  test("a person who cancels at the provider is told so, can sign in again to go on, and it is in the trail", async () => {
    const browser = new TestBrowser();
    const { url } = await broker.authorizeUrl();
    const { pathname, search } = new URL(url);
    const begun = await browser.submit(`${broker.issuer}/sign-in`, { provider: "github", return: pathname + search });
    const back = await browser.submit(begun.location, { cancel: "on" });
    const page = await browser.open(back.location);
    expect([page.status, page.text.includes("You did not sign in with GitHub.")]).toEqual([400, true]);
    const again = broker.issuer + /<a href="([^"]*)">Sign in again</.exec(page.text)![1]!.replaceAll("&amp;", "&");
    expect((await browser.signIn(again, "ada")).text).toContain("to use Coda for you?");
    await eventOf(
      broker,
      {},
      ({ kind, decision, reason }) =>
        kind === "sign-in" && decision === "denied" && reason === "You did not sign in with GitHub.",
    );
  });

  test("a provider that fails is named, and the person can sign in again to go on", async () => {
    const browser = new TestBrowser();
    const begun = await browser.submit(`${broker.issuer}/sign-in`, { provider: "github", return: "/activity" });
    const back = await browser.submit(begun.location, { person: "ada" });
    broker.identity.faults.set({ failNext: { status: 503, times: 1 } });
    const page = await browser.open(back.location);
    broker.identity.faults.clear();
    expect([page.status, page.text.includes("GitHub refused the sign-in (HTTP 503).")]).toEqual([400, true]);
    expect(page.text).toContain('<a href="/sign-in?return=%2Factivity">Sign in again</a>');
    await eventOf(broker, {}, ({ kind, decision }) => kind === "sign-in" && decision === "failed");
  });
});

describe("the audit trail", () => {
  /** What was written since the last look, oldest first; writing goes on after the answer. */
  async function written(count: number, since: number) {
    return vi.waitFor(async () => {
      const { events } = await read(await broker.database(), { limit: 100 });
      const fresh = events.filter(({ id }) => id > since).reverse();
      expect(fresh.length).toBeGreaterThanOrEqual(count);
      return fresh.map(({ kind, decision, reason, user, service }) => ({ kind, decision, reason, user, service }));
    });
  }
  const newest = async () => (await read(await broker.database(), { limit: 1 })).events[0]?.id ?? 0;

  test("has the sign-in and the grant with its scopes", async () => {
    const since = await newest();
    await broker.tokenFor("ada", ["coda:read"]);
    const user = expect.stringMatching(/^github-\d+$/);
    expect(await written(2, since)).toEqual([
      { kind: "sign-in", decision: "allowed", reason: undefined, user, service: undefined },
      { kind: "grant", decision: "allowed", reason: "coda:read", user, service: "coda" },
    ]);
  });

  test("has what was denied, with the reason", async () => {
    const since = await newest();
    const { url } = await broker.authorizeUrl();
    await new TestBrowser().signIn(url, "nobody");
    expect((await written(2, since)).at(-1)).toMatchObject({
      kind: "grant",
      decision: "denied",
      reason: "no rule allows anything",
    });
  });
});

test("nothing that signs anybody in is in KV or in the trail in clear", async () => {
  const token = await broker.tokenFor("ada", ["coda:read"]);
  const kv = await broker.kv();
  const { keys } = await kv.list();
  const stored = await Promise.all(keys.map(async ({ name }) => `${name} ${await kv.get(name)}`));
  stored.push(JSON.stringify((await read(await broker.database(), { limit: 1000 })).events));
  expect(stored.length).toBeGreaterThan(0);
  for (const secret of [token, "github-secret", "google-secret"]) {
    expect(stored.filter((entry) => entry.includes(secret))).toEqual([]);
  }
});
