import { createHash, randomBytes } from "node:crypto";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { createRemoteJWKSet, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from "jose";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createIdentityStandIn } from "../../local/standins/identity/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { type AuditDatabase, migrate } from "./audit/database.ts";
import { read } from "./audit/trail.ts";
import type { BrokerConfig } from "./config.ts";

const CODA = "https://coda-mcp.example.com/mcp";
const OTHER = "https://github-mcp.example.com/mcp";
const GATEWAY = "https://mcp.example.com/mcp";
const CLIENT = "http://localhost:9999/callback";

let broker: Miniflare;
let issuer: string;
let standIns: StandInServer;
let config: BrokerConfig;

const policy = [
  { people: ["github:ada"], scopes: ["coda:write"] },
  { people: ["ada@example.com"], scopes: ["coda:read"] },
  { githubOrganizations: ["navy"], scopes: ["coda:read"] },
  { people: ["margaret@example.net"], scopes: ["coda:*"] },
];

/** A Worker with a service binding, as services have it. */
const SERVICE = `export default { async fetch(request, env) {
  const { method, args } = await request.json();
  return Response.json(await env.BROKER[method](...args));
} }`;

function options(contents: Uint8Array) {
  return {
    workers: [
      {
        name: "broker",
        modules: [{ type: "ESModule" as const, path: "worker.js", contents }],
        compatibilityDate: "2026-07-01",
        compatibilityFlags: ["global_fetch_strictly_public"],
        kvNamespaces: ["OAUTH_KV"],
        d1Databases: ["AUDIT"],
        bindings: {
          BROKER_CONFIG: config as never,
          GITHUB_CLIENT_SECRET: "github-secret",
          GOOGLE_CLIENT_SECRET: "google-secret",
          CONSENT_SECRET: "0123456789abcdef0123456789abcdef",
          SERVICE_SECRETS: JSON.stringify({ coda: "coda-secret", github: "github-service-secret" }),
          SIGNING_KEYS: JSON.stringify(signingKeys),
        },
      },
      {
        name: "service",
        modules: [{ type: "ESModule" as const, path: "service.js", contents: SERVICE }],
        compatibilityDate: "2026-07-01",
        serviceBindings: { BROKER: "broker" },
      },
    ],
  };
}

let contents: Uint8Array;
/** The first signs; the second is one that signed before. */
let signingKeys: object[];

const newKey = async (kid: string) => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
};

beforeAll(async () => {
  ({ contents } = await bundleWorker(import.meta.dirname));
  signingKeys = [await newKey("new"), await newKey("old")];
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  issuer = `http://localhost:${port}`;
  let identity: ReturnType<typeof createIdentityStandIn> | undefined;
  standIns = await serveStandIns({
    host: "127.0.0.1",
    port: 0,
    standIns: { identity: (request) => identity!.handler(request) },
  });
  identity = createIdentityStandIn({
    clients: [
      {
        kind: "github-oauth-app",
        clientId: "github-client",
        clientSecret: "github-secret",
        name: "Hybrid MCP",
        redirectUris: [`${issuer}/callback/github`],
      },
      {
        kind: "google",
        clientId: "google-client",
        clientSecret: "google-secret",
        name: "Hybrid MCP",
        redirectUris: [`${issuer}/callback/google`],
      },
    ],
    log: () => {},
  });
  const google = `${standIns.origin}/identity/google`;
  const discovery = (await (await fetch(`${google}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  config = {
    issuer,
    resources: { coda: CODA, github: OTHER, "mcp-gateway": GATEWAY },
    providers: {
      github: {
        clientId: "github-client",
        siteUrl: `${standIns.origin}/identity/github`,
        apiUrl: `${standIns.origin}/identity/github/api`,
      },
      google: {
        clientId: "google-client",
        issuer: discovery.issuer!,
        authorizeUrl: discovery.authorization_endpoint!,
        tokenUrl: discovery.token_endpoint!,
        jwksUrl: discovery.jwks_uri!,
      },
    },
    policy,
  };
  broker = new Miniflare({ ...options(contents), host: "127.0.0.1", port });
  await broker.ready;
  await migrate(await database());
});
afterAll(async () => {
  await broker?.dispose();
  await standIns?.close();
});

/** A browser as far as this needs one: it keeps cookies and shows pages, and follows redirects only when told to. */
class Browser {
  readonly #cookies: Map<string, string>;

  constructor(cookies: Map<string, string> = new Map()) {
    this.#cookies = cookies;
  }

  /** The same browser at this moment, as somebody who copied its cookies has it. */
  copy(): Browser {
    return new Browser(new Map(this.#cookies));
  }

  async open(
    url: string,
    init: RequestInit = {},
  ): Promise<{ status: number; location: string; text: string; headers: Headers }> {
    const { origin } = new URL(url);
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: {
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(init.method === "POST" && { origin }),
        ...init.headers,
      },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
    const location = response.headers.get("location");
    return {
      status: response.status,
      location: location ? new URL(location, url).toString() : "",
      text: await response.text(),
      headers: response.headers,
    };
  }

  submit(url: string, form: Record<string, string | string[]>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams();
    for (const [name, values] of Object.entries(form)) for (const value of [values].flat()) body.append(name, value);
    return this.open(url, { method: "POST", body, headers });
  }

  /** Opens an authorization request, signs in as somebody and answers with the page that follows. */
  async signIn(url: string, person: string, provider: "github" | "google" = "github") {
    const page = await this.open(url);
    const returnTo = field(page.text, "return");
    const toProvider = await this.submit(`${issuer}/sign-in`, { provider, return: returnTo });
    const back = await this.submit(toProvider.location, { person });
    const callback = await this.open(back.location);
    return callback.status === 302 ? this.open(callback.location) : callback;
  }
}

/** The value of a hidden field of a page. */
function field(html: string, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];
  if (value === undefined) throw new Error(`the page has no field ${name}:\n${html}`);
  return value.replaceAll("&amp;", "&");
}

const scopesOn = (html: string) => [...html.matchAll(/name="scope" value="([^"]*)"/g)].map(([, scope]) => scope);

/** Anew each time: it is gone when the broker's options change. */
const database = async () => (await broker.getD1Database("AUDIT", "broker")) as unknown as AuditDatabase;

async function registerClient(): Promise<string> {
  const response = await fetch(`${issuer}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Test <b>client</b>",
      redirect_uris: [CLIENT],
      token_endpoint_auth_method: "none",
    }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { client_id: string }).client_id;
}

async function authorizeUrl(over: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${issuer}/authorize`);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: await registerClient(),
    redirect_uri: CLIENT,
    state: "the-state",
    resource: CODA,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...over,
  }).toString();
  return { url: url.toString(), verifier, clientId: url.searchParams.get("client_id")! };
}

async function exchange(code: string, verifier: string, clientId: string) {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: CLIENT,
      client_id: clientId,
      code_verifier: verifier,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

/** The whole dance of a client for a person who ticks these scopes. */
async function tokenFor(person: string, ticked: string[], resource = CODA): Promise<string> {
  const { url, verifier, clientId } = await authorizeUrl({ resource });
  const browser = new Browser();
  const consent = await browser.signIn(url, person);
  const done = await browser.submit(url, { handle: field(consent.text, "handle"), decision: "approve", scope: ticked });
  const { body } = await exchange(new URL(done.location).searchParams.get("code")!, verifier, clientId);
  return body.access_token!;
}

/** Calls the broker as a service does, over its service binding. */
async function rpc<Result>(method: string, ...args: unknown[]): Promise<Result | null> {
  const service = await broker.getWorker("service");
  const response = await service.fetch("http://service/", { method: "POST", body: JSON.stringify({ method, args }) });
  return (await response.json()) as Result | null;
}

const asService = (token: string, resource = CODA) =>
  rpc<{ scope: string[]; userId: string; clientId: string }>("validateToken", resource, token);

function introspect(token: string, [name, secret] = ["coda", "coda-secret"]) {
  return fetch(`${issuer}/introspect`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${name}:${secret}`)}` },
    body: new URLSearchParams({ token }),
  });
}

describe("discovery", () => {
  test("RFC 8414: the metadata names the endpoints, S256 only, and every scope", async () => {
    const metadata = (await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
      string,
      unknown
    >;
    expect(metadata).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      registration_endpoint: `${issuer}/oauth/register`,
      code_challenge_methods_supported: ["S256"],
      scopes_supported: ["coda:read", "coda:write", "coda:admin"],
      authorization_response_iss_parameter_supported: true,
      protected_resources: [CODA, OTHER, GATEWAY],
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
      const { url, verifier, clientId } = await authorizeUrl();
      const browser = new Browser();
      const consent = await browser.signIn(url, person, provider);
      expect(consent.status).toBe(200);
      expect(scopesOn(consent.text)).toEqual([...scopes]);

      const form = { handle: field(consent.text, "handle"), decision: "approve", scope: [...scopes] };
      const done = new URL((await browser.submit(url, form)).location);
      expect(done.origin + done.pathname).toBe(CLIENT);
      expect(done.searchParams.get("state")).toBe("the-state");
      expect(done.searchParams.get("iss")).toBe(issuer);

      const { status, body } = await exchange(done.searchParams.get("code")!, verifier, clientId);
      expect(status).toBe(200);
      expect(await asService(body.access_token!)).toMatchObject({ scope: [...scopes] });
    },
  );

  test("a person may untick scopes", async () => {
    expect((await asService(await tokenFor("ada", ["coda:read"])))!.scope).toEqual(["coda:read"]);
  });

  test("a scope that was not offered is not granted, whatever the form says", async () => {
    const { url, verifier, clientId } = await authorizeUrl();
    const browser = new Browser();
    const consent = await browser.signIn(url, "grace");
    const form = { handle: field(consent.text, "handle"), decision: "approve", scope: ["coda:read", "coda:admin"] };
    const code = new URL((await browser.submit(url, form)).location).searchParams.get("code")!;
    expect((await exchange(code, verifier, clientId)).body.scope).toBe("coda:read");
  });

  test("a grant of a later scope is good for the earlier ones", async () => {
    expect((await asService(await tokenFor("ada", ["coda:write"])))!.scope).toEqual(["coda:read", "coda:write"]);
  });
});

describe("who may not", () => {
  test("a person whom no rule names is told so, and nothing is granted", async () => {
    const { url } = await authorizeUrl();
    const page = await new Browser().signIn(url, "nobody");
    expect(page.status).toBe(403);
    expect(page.text).toContain("nothing in Coda is open to you");
    const asSomebodyElse = /href="([^"]*)"/.exec(page.text)![1]!.replaceAll("&amp;", "&");
    const signIn = await new Browser().open(new URL(asSomebodyElse, issuer).toString());
    expect(new URL(field(signIn.text, "return"), issuer).toString()).toBe(url);
  });

  test("an address that the provider has not verified opens nothing", async () => {
    const { url } = await authorizeUrl();
    expect((await new Browser().signIn(url, "mallory")).status).toBe(403);
  });

  test("a service in which nothing is open to the person stays closed", async () => {
    const { url } = await authorizeUrl({ resource: OTHER });
    expect((await new Browser().signIn(url, "ada")).status).toBe(403);
  });

  test("declining sends the client access_denied", async () => {
    const { url } = await authorizeUrl();
    const browser = new Browser();
    const consent = await browser.signIn(url, "ada");
    const { location } = await browser.submit(url, { handle: field(consent.text, "handle"), decision: "deny" });
    expect(new URL(location).searchParams.get("error")).toBe("access_denied");
  });
});

describe("tokens", () => {
  test("RFC 8707: a token for one resource is no good for another", async () => {
    const token = await tokenFor("ada", ["coda:read"]);
    expect(await asService(token, OTHER)).toBeNull();
  });

  test("an unknown token is nobody's", async () => {
    expect(await asService("not-a-token")).toBeNull();
  });

  test("RFC 7636: a code is worth nothing without its verifier", async () => {
    const { url, clientId } = await authorizeUrl();
    const browser = new Browser();
    const consent = await browser.signIn(url, "ada");
    const form = { handle: field(consent.text, "handle"), decision: "approve", scope: "coda:read" };
    const code = new URL((await browser.submit(url, form)).location).searchParams.get("code")!;
    expect(await exchange(code, "another-verifier".repeat(3), clientId)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  });

  test("a narrower policy takes effect at the next call, without a new sign-in", async () => {
    const token = await tokenFor("ada", ["coda:write"]);
    const narrower = { ...config, policy: [{ people: ["github:ada"], scopes: ["coda:read"] }] };
    const before = config;
    config = narrower;
    await broker.setOptions({ ...options(contents), host: "127.0.0.1", port: Number(new URL(issuer).port) });
    expect((await asService(token))!.scope).toEqual(["coda:read"]);
    config = { ...before, policy: [] };
    await broker.setOptions({ ...options(contents), host: "127.0.0.1", port: Number(new URL(issuer).port) });
    expect((await asService(token))!.scope).toEqual([]);
    config = before;
    await broker.setOptions({ ...options(contents), host: "127.0.0.1", port: Number(new URL(issuer).port) });
  });
});

describe("introspection (RFC 7662)", () => {
  test("tells a service who calls and what they may do, and is not kept", async () => {
    const response = await introspect(await tokenFor("ada", ["coda:write"]));
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({
      active: true,
      iss: issuer,
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
    const response = await introspect(await tokenFor("ada", ["coda:read"]), credentials as [string, string]);
    expect([response.status, await response.json()]).toEqual([401, { error: "invalid_client" }]);
  });

  test("a token for another service is not active", async () => {
    const response = await introspect(await tokenFor("ada", ["coda:read"]), ["github", "github-service-secret"]);
    expect(await response.json()).toEqual({ active: false });
  });

  test("a request without a token is told so", async () => {
    expect((await introspect("")).status).toBe(400);
  });
});

describe("service tokens", () => {
  const gatewayToken = (ticked: string[]) => tokenFor("ada", ticked, GATEWAY);

  test("the gateway's audience offers the scopes of every service", async () => {
    const { url } = await authorizeUrl({ resource: GATEWAY });
    const { text } = await new Browser().signIn(url, "ada");
    expect(scopesOn(text)).toEqual(["coda:read", "coda:write"]);
  });

  test("one is for that service alone, for a minute, with no more than the grant, and names who acts", async () => {
    const { token, expiresAt } = (await rpc<{ token: string; expiresAt: number }>(
      "serviceToken",
      await gatewayToken(["coda:read"]),
      "coda",
    ))!;
    expect(expiresAt - Date.now() / 1000).toBeLessThanOrEqual(60);
    expect(await asService(token)).toMatchObject({ scope: ["coda:read"], userId: expect.stringMatching(/^github-/) });
    expect(await asService(token, OTHER)).toBeNull();

    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience: CODA, typ: "at+jwt" });
    expect(payload.act).toEqual({ sub: "mcp-gateway" });
    expect(protectedHeader).toMatchObject({ alg: "ES256", kid: "new" });
  });

  test("the client's own token never opens a service behind the gateway", async () => {
    expect(await asService(await gatewayToken(["coda:write"]))).toBeNull();
  });

  test("none is given for a token of another audience, or for a service in which nothing is allowed", async () => {
    expect(await rpc("serviceToken", await tokenFor("ada", ["coda:read"]), "coda")).toBeNull();
    expect(await rpc("serviceToken", await gatewayToken(["coda:read"]), "github")).toBeNull();
    expect(await rpc("serviceToken", await gatewayToken(["coda:read"]), "mcp-gateway")).toBeNull();
  });

  test("the key set has the public halves only, the one before the rotation too", async () => {
    const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as {
      keys: Record<string, string>[];
    };
    expect(keys.map(({ kid }) => kid)).toEqual(["new", "old"]);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });

  test.each([
    ["of a key that is not in the set", async () => sign(await newKey("new"), {})],
    ["that has expired", () => sign(signingKeys[0]!, { exp: 1 })],
    ["of another issuer", () => sign(signingKeys[0]!, { iss: "https://evil.example" })],
    ["of another type", () => sign(signingKeys[0]!, {}, "JWT")],
  ])("one %s is refused", async (_, make) => {
    expect(await asService(await make())).toBeNull();
    expect(await asService(await sign(signingKeys[0]!, {}))).not.toBeNull();
  });
});

/** A service token for Coda as the broker makes it, except for `claims`. */
async function sign(key: object, claims: object, typ = "at+jwt"): Promise<string> {
  const { person } = {
    person: { id: "github-1", provider: "github", name: "Ada", login: "ada", emails: [], organizations: [], teams: [] },
  };
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: issuer,
    aud: CODA,
    sub: "github-1",
    iat: now,
    exp: now + 60,
    scope: "coda:read",
    client_id: "c",
    person,
  };
  return new SignJWT({ ...all, ...claims })
    .setProtectedHeader({ alg: "ES256", typ, kid: (key as { kid: string }).kid })
    .sign(await importJWK(key, "ES256"));
}

describe("the pages", () => {
  test("what a client says of itself is shown as text, with where the access goes and a warning for this computer", async () => {
    const { url } = await authorizeUrl();
    const { text } = await new Browser().signIn(url, "ada");
    expect(text).toContain("Test &lt;b&gt;client&lt;/b&gt;");
    expect(text).not.toContain("<b>client");
    expect(text).toContain("<strong>localhost</strong>");
    expect(text).toContain("That is a program on your computer.");
  });

  test("no page may be framed, runs a script or loads anything", async () => {
    const { headers } = await new Browser().open(`${issuer}/sign-in`);
    const csp = headers.get("content-security-policy");
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });

  test.each([
    ["another site", "https://evil.example/"],
    ["another site without a scheme", "//evil.example/"],
    ["a script", "javascript:alert(1)"],
  ])("sign-in never leads to %s", async (_, target) => {
    const page = await new Browser().open(`${issuer}/sign-in?return=${encodeURIComponent(target)}`);
    expect(field(page.text, "return")).toBe("/");
  });

  test("a form that another site sends is refused", async () => {
    const browser = new Browser();
    const { status } = await browser.submit(
      `${issuer}/sign-in`,
      { provider: "github" },
      { origin: "https://evil.example" },
    );
    expect(status).toBe(403);
  });

  test("an authorization request of an unknown client is shown here, never redirected", async () => {
    const { url } = await authorizeUrl({ client_id: "nobody" });
    const page = await new Browser().open(url);
    expect([page.status, page.location]).toEqual([400, ""]);
  });
});

describe("the sign-in's state", () => {
  test("works in the browser that began it only, and only once", async () => {
    const browser = new Browser();
    const begun = await browser.submit(`${issuer}/sign-in`, { provider: "github", return: "/sign-in" });
    const back = await browser.submit(begun.location, { person: "ada" });
    expect((await new Browser().open(back.location)).status).toBe(400);
    const copy = browser.copy();
    expect((await browser.open(back.location)).status).toBe(302);
    const again = await copy.open(back.location);
    expect(again.status).toBe(400);
    expect(again.text).toContain("expired, was used, or was started in another browser");
  });

  test("of one provider does not end the sign-in of another", async () => {
    const browser = new Browser();
    const begun = await browser.submit(`${issuer}/sign-in`, { provider: "github", return: "/sign-in" });
    const back = await browser.submit(begun.location, { person: "ada" });
    expect((await browser.open(back.location.replace("/callback/github", "/callback/google"))).status).toBe(400);
  });

  test("a person who cancels at the provider is told so", async () => {
    const browser = new Browser();
    const begun = await browser.submit(`${issuer}/sign-in`, { provider: "github", return: "/sign-in" });
    const back = await browser.submit(begun.location, { cancel: "on" });
    const page = await browser.open(back.location);
    expect([page.status, page.text.includes("You did not sign in with GitHub.")]).toEqual([400, true]);
  });
});

describe("the audit trail", () => {
  /** What was written since the last look, oldest first; writing goes on after the answer. */
  async function written(count: number, since: number) {
    return vi.waitFor(async () => {
      const { events } = await read(await database(), { limit: 100 });
      const fresh = events.filter(({ id }) => id > since).reverse();
      expect(fresh.length).toBeGreaterThanOrEqual(count);
      return fresh.map(({ kind, decision, reason, user, service }) => ({ kind, decision, reason, user, service }));
    });
  }
  const newest = async () => (await read(await database(), { limit: 1 })).events[0]?.id ?? 0;

  test("has the sign-in and the grant with its scopes", async () => {
    const since = await newest();
    await tokenFor("ada", ["coda:read"]);
    const user = expect.stringMatching(/^github-\d+$/);
    expect(await written(2, since)).toEqual([
      { kind: "sign-in", decision: "allowed", reason: undefined, user, service: undefined },
      { kind: "grant", decision: "allowed", reason: "coda:read", user, service: "coda" },
    ]);
  });

  test("has what was denied, with the reason", async () => {
    const since = await newest();
    const { url } = await authorizeUrl();
    await new Browser().signIn(url, "nobody");
    expect((await written(2, since)).at(-1)).toMatchObject({
      kind: "grant",
      decision: "denied",
      reason: "no rule allows anything",
    });
  });
});

test("nothing that signs anybody in is in KV or in the trail in clear", async () => {
  const token = await tokenFor("ada", ["coda:read"]);
  const kv = await broker.getKVNamespace("OAUTH_KV", "broker");
  const { keys } = await kv.list();
  const stored = await Promise.all(keys.map(async ({ name }) => `${name} ${await kv.get(name)}`));
  stored.push(JSON.stringify((await read(await database(), { limit: 1000 })).events));
  expect(stored.length).toBeGreaterThan(0);
  for (const secret of [token, "github-secret", "google-secret"]) {
    expect(stored.filter((entry) => entry.includes(secret))).toEqual([]);
  }
});
