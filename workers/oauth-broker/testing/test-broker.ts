import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { exportJWK, generateKeyPair } from "jose";
import { Miniflare, type MiniflareOptions } from "miniflare";
import type { Handler } from "../../../local/standins/faults.ts";
import type { Person } from "../../../local/standins/identity/people.ts";
import { createIdentityStandIn, type IdentityStandIn } from "../../../local/standins/identity/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../../local/standins/serve.ts";
import { type AuditDatabase, migrate } from "../audit/database.ts";
import type { BrokerConfig } from "../config.ts";
import type { VaultKey } from "../connections/vault.ts";
import type { SigningKey } from "../service-token.ts";
import { field, TestBrowser } from "./test-browser.ts";

export const CODA = "https://coda-mcp.example.com/mcp";
export const GITHUB = "https://github-mcp.example.com/mcp";
export const GATEWAY = "https://mcp.example.com/mcp";
/** The client's redirect URI: nobody listens there, and only the URL counts. */
export const CLIENT = "http://localhost:9999/callback";

/** A Worker with a service binding, as services have it. */
const SERVICE = `export default { async fetch(request, env) {
  const { method, args } = await request.json();
  return Response.json((await env.BROKER[method](...args)) ?? null);
} }`;

export interface TestBrokerOptions {
  policy: BrokerConfig["policy"];
  /** Over what every test broker has. */
  config?: (standIns: string) => Partial<BrokerConfig>;
  /** Bindings over what every test broker has. */
  bindings?: Record<string, string>;
  /** Who can sign in, instead of the stand-in's own people. */
  people?: readonly Person[];
  /** Stand-ins besides the identity provider's, by mount. */
  standIns?: Record<string, Handler>;
  /** Services that ask this broker over a service binding, each on a port of its own; by name. */
  services?: Record<string, TestService>;
  /** Another module than the broker's own, e.g. one that counts what it asks of its bindings. */
  contents?: Uint8Array;
}

/** A service's own bundle, and the bindings that it has besides those of every service. */
export interface TestService {
  contents: Uint8Array;
  /** A function is given the broker, with the addresses of everything. */
  bindings?: Record<string, unknown> | ((broker: TestBroker) => Record<string, unknown>);
  /** Bindings that count calls: how many in a minute. */
  rateLimits?: Record<string, number>;
}

/** The broker in workerd on a port of its own, with a stand-in of GitHub and Google to sign in with. */
export class TestBroker {
  readonly issuer: string;
  /** Origin of the stand-ins. */
  readonly standIns: string;
  readonly identity: IdentityStandIn;
  /** Holds back what the identity provider answers from now on at a path, after it has done what was asked. */
  hold: { path: string; until: Promise<unknown> } | undefined;
  /** How many requests the identity provider has not answered, and not seen given up. */
  unanswered = 0;
  /** Of new tokens, in seconds, what the identity provider's token endpoints say instead of the truth. */
  expiresIn: number | undefined;
  readonly signingKeys: SigningKey[];
  config: BrokerConfig;
  /** Origins of the services, by name. */
  readonly serviceUrls: Record<string, string>;
  readonly #options: TestBrokerOptions;
  readonly #contents: Uint8Array;
  readonly #server: StandInServer;
  #miniflare: Miniflare | undefined;
  /** Over the bindings of the options. */
  #bindings: Record<string, string> = {};
  /** Where the Durable Objects are. */
  readonly #objects: string;

  private constructor(
    options: TestBrokerOptions,
    parts: {
      issuer: string;
      identity: IdentityStandIn;
      server: StandInServer;
      contents: Uint8Array;
      signingKeys: SigningKey[];
      config: BrokerConfig;
      serviceUrls: Record<string, string>;
      objects: string;
    },
  ) {
    this.#options = options;
    this.serviceUrls = parts.serviceUrls;
    this.issuer = parts.issuer;
    this.identity = parts.identity;
    this.#server = parts.server;
    this.standIns = parts.server.origin;
    this.#contents = parts.contents;
    this.signingKeys = parts.signingKeys;
    this.config = parts.config;
    this.#objects = parts.objects;
  }

  static async start(options: TestBrokerOptions): Promise<TestBroker> {
    const contents = options.contents ?? (await bundleWorker(`${import.meta.dirname}/..`)).contents;
    // Below the ports that Linux gives to outgoing connections.
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const issuer = `http://localhost:${port}`;
    const serviceUrls = Object.fromEntries(
      Object.keys(options.services ?? {}).map((name, i) => [name, `http://localhost:${port + 1 + i}`]),
    );
    let identity: IdentityStandIn | undefined;
    let broker: TestBroker | undefined;
    const server = await serveStandIns({
      host: "127.0.0.1",
      port: 0,
      standIns: {
        identity: async (request) => {
          const hold = new URL(request.url).pathname.endsWith(broker?.hold?.path ?? "//") ? broker?.hold : undefined;
          if (broker) broker.unanswered++;
          const answer = await identity!.handler(request).finally(() => broker && broker.unanswered--);
          await hold?.until;
          return withLifetime(answer, broker?.expiresIn);
        },
        ...options.standIns,
      },
    });
    identity = createIdentityStandIn({
      ...(options.people && { people: options.people }),
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
        {
          kind: "github-app",
          clientId: "github-connection",
          clientSecret: "github-connection-secret",
          name: "Hybrid MCP connections",
          redirectUris: [`${issuer}/callback/github`],
        },
        {
          kind: "google",
          clientId: "google-connection",
          clientSecret: "google-connection-secret",
          name: "Hybrid MCP connections",
          redirectUris: [`${issuer}/callback/google`],
        },
      ],
      log: () => {},
    });
    const site = `${server.origin}/identity/github`;
    const google = (await (
      await fetch(`${server.origin}/identity/google/.well-known/openid-configuration`)
    ).json()) as Record<string, string>;
    const config: BrokerConfig = {
      issuer,
      resources: {
        coda: CODA,
        github: GITHUB,
        "mcp-gateway": GATEWAY,
        ...Object.fromEntries(Object.entries(serviceUrls).map(([name, url]) => [name, `${url}/mcp`])),
      },
      providers: {
        github: { clientId: "github-client", siteUrl: site, apiUrl: `${site}/api` },
        google: {
          clientId: "google-client",
          issuer: google.issuer!,
          authorizeUrl: google.authorization_endpoint!,
          tokenUrl: google.token_endpoint!,
          jwksUrl: google.jwks_uri!,
        },
      },
      policy: options.policy,
      connections: {},
      products: [],
      auditRetentionDays: 90,
      grantIdleDays: 30,
      ...options.config?.(server.origin),
    };
    const signingKeys = [await newKey("new"), await newKey("old")];
    const objects = await mkdtemp(join(tmpdir(), "broker-objects-"));
    const parts = { issuer, identity, server, contents, signingKeys, config, serviceUrls, objects };
    broker = new TestBroker(options, parts);
    broker.#miniflare = new Miniflare(broker.#miniflareOptions());
    await broker.#miniflare.ready;
    await migrate(await broker.database());
    return broker;
  }

  /** Runs it with another config from now on, as after an update of the stack. */
  async reconfigure(config: Partial<BrokerConfig>, bindings: Record<string, string> = {}): Promise<void> {
    this.config = { ...this.config, ...config };
    this.#bindings = { ...this.#bindings, ...bindings };
    await this.#miniflare!.setOptions(this.#miniflareOptions());
  }

  async close(): Promise<void> {
    await this.#miniflare?.dispose();
    await this.#server.close();
    await rm(this.#objects, { recursive: true, force: true });
  }

  /** Anew each time: it is gone when the broker is reconfigured. */
  async database(): Promise<AuditDatabase> {
    return (await this.#miniflare!.getD1Database("AUDIT", "broker")) as unknown as AuditDatabase;
  }

  /** Runs the broker's cron trigger. @returns `ok`, or `exception` for a run that failed */
  async runCron(): Promise<string> {
    const worker = await this.#miniflare!.getWorker("broker");
    return (await worker.scheduled({ cron: "0 * * * *" })).outcome;
  }

  kv() {
    return this.#miniflare!.getKVNamespace("OAUTH_KV", "broker");
  }

  /** What the Durable Objects have on disk, as it is there. */
  async storedObjects(): Promise<string> {
    const files = await readdir(this.#objects, { recursive: true, withFileTypes: true });
    const contents = files.filter((each) => each.isFile()).map((each) => readFile(join(each.parentPath, each.name)));
    return Buffer.concat(await Promise.all(contents)).toString("latin1");
  }

  async registerClient(over: object = {}): Promise<string> {
    const response = await fetch(`${this.issuer}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: "Test <b>client</b>",
        redirect_uris: [CLIENT],
        token_endpoint_auth_method: "none",
        ...over,
      }),
    });
    if (response.status !== 201) throw new Error(`registration was answered ${response.status}`);
    return ((await response.json()) as { client_id: string }).client_id;
  }

  /** An authorization request of a client, a new one unless `over` names it. */
  async authorizeUrl(over: Record<string, string> = {}) {
    const verifier = randomBytes(32).toString("base64url");
    const url = new URL(`${this.issuer}/authorize`);
    url.search = new URLSearchParams({
      response_type: "code",
      client_id: over.client_id ?? (await this.registerClient()),
      redirect_uri: CLIENT,
      state: "the-state",
      resource: CODA,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...over,
    }).toString();
    return { url: url.toString(), verifier, clientId: url.searchParams.get("client_id")! };
  }

  async exchange(code: string, verifier: string, clientId: string) {
    const response = await fetch(`${this.issuer}/oauth/token`, {
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

  /** The whole dance of a client for a person who ticks these scopes; `over` is put into the authorization request. */
  async grant(
    person: string,
    ticked: string[],
    over: Record<string, string> = {},
    browser = new TestBrowser(),
  ): Promise<{ token: string; refreshToken: string; clientId: string; grantId: string }> {
    const { url, verifier, clientId } = await this.authorizeUrl(over);
    const first = await browser.open(url);
    const consent = first.text.includes('name="handle"') ? first : await browser.signIn(url, person);
    const done = await browser.submit(url, {
      handle: field(consent.text, "handle"),
      decision: "approve",
      scope: ticked,
    });
    const { body } = await this.exchange(new URL(done.location).searchParams.get("code")!, verifier, clientId);
    const token = body.access_token!;
    return { token, refreshToken: body.refresh_token!, clientId, grantId: token.split(":")[1]! };
  }

  /** The access token that the dance ends with. */
  async tokenFor(person: string, ticked: string[], resource = CODA): Promise<string> {
    return (await this.grant(person, ticked, { resource })).token;
  }

  /** Calls the broker as a service does, over its service binding. */
  async rpc<Result>(method: string, ...args: unknown[]): Promise<Result | null> {
    const service = await this.#miniflare!.getWorker("service");
    const response = await service.fetch("http://service/", { method: "POST", body: JSON.stringify({ method, args }) });
    return (await response.json()) as Result | null;
  }

  authorize(token: string, resource = CODA): Promise<CallAnswer | null> {
    return this.rpc<CallAnswer>("authorize", resource, token);
  }

  introspect(token: string, [name, secret] = ["coda", "coda-secret"]): Promise<Response> {
    return fetch(`${this.issuer}/introspect`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${name}:${secret}`)}` },
      body: new URLSearchParams({ token }),
    });
  }

  #miniflareOptions(): MiniflareOptions {
    return {
      host: "127.0.0.1",
      port: Number(new URL(this.issuer).port),
      durableObjectsPersist: this.#objects,
      workers: [
        {
          name: "broker",
          modules: [{ type: "ESModule", path: "worker.js", contents: this.#contents }],
          compatibilityDate: "2026-07-01",
          compatibilityFlags: ["global_fetch_strictly_public"],
          kvNamespaces: ["OAUTH_KV"],
          d1Databases: ["AUDIT"],
          durableObjects: { CONNECTIONS: { className: "ConnectionKeeper", useSQLite: true } },
          bindings: {
            VERSION: "1.2.3+test",
            BROKER_CONFIG: this.config as never,
            GITHUB_CLIENT_SECRET: "github-secret",
            GOOGLE_CLIENT_SECRET: "google-secret",
            CONSENT_SECRET: "0123456789abcdef0123456789abcdef",
            SERVICE_SECRETS: JSON.stringify({ coda: "coda-secret", github: "github-service-secret" }),
            SIGNING_KEYS: JSON.stringify(this.signingKeys),
            VAULT_KEYS: JSON.stringify([vaultKey("1")]),
            CONNECTION_CLIENT_SECRETS: JSON.stringify({
              github: "github-connection-secret",
              google: "google-connection-secret",
            }),
            ...this.#options.bindings,
            ...this.#bindings,
          },
        },
        {
          name: "service",
          modules: [{ type: "ESModule", path: "service.js", contents: SERVICE }],
          compatibilityDate: "2026-07-01",
          serviceBindings: { BROKER: "broker" },
        },
        ...Object.entries(this.#options.services ?? {}).map(([name, { contents, bindings, rateLimits = {} }]) => ({
          name,
          modules: [{ type: "ESModule" as const, path: "worker.js", contents }],
          compatibilityDate: "2026-07-01",
          compatibilityFlags: ["global_fetch_strictly_public", "enable_request_signal"],
          serviceBindings: { BROKER: "broker" },
          bindings: {
            VERSION: "1.2.3+test",
            PLACEMENT: "workers",
            PUBLIC_URL: this.serviceUrls[name]!,
            ISSUER: this.issuer,
            ...((typeof bindings === "function" ? bindings(this) : bindings) as Record<string, string>),
          },
          ratelimits: Object.fromEntries(
            Object.entries(rateLimits).map(([binding, limit]) => [
              binding,
              { namespace_id: binding, simple: { limit, period: 60 as const } },
            ]),
          ),
          unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(new URL(this.serviceUrls[name]!).port) }],
        })),
      ],
    };
  }
}

/** A new signing key of service tokens. */
export async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}

/** A key of the vault; the same id is the same key. */
export function vaultKey(id: string): VaultKey {
  return { id, key: createHash("sha256").update(`vault key ${id}`).digest("base64") };
}

/** The answer of a token endpoint with another lifetime in it; any other answer as it is. */
async function withLifetime(response: Response, expiresIn: number | undefined): Promise<Response> {
  if (expiresIn === undefined || !response.headers.get("content-type")?.includes("json")) return response;
  const body = (await response.json()) as object;
  return Response.json("expires_in" in body ? { ...body, expires_in: expiresIn } : body, { status: response.status });
}
