import type { CallAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { read } from "../audit/trail.ts";
import { CODA, GATEWAY, GITHUB, vaultKey } from "../testing/test-broker.ts";
import type { TestBrowser } from "../testing/test-browser.ts";
import {
  connectByOAuth,
  copyInKv,
  GITHUB_TOKEN_PATH,
  paste,
  refreshes,
  SHARED_CODA,
  signedIn,
  startConnections,
  TOKENS,
} from "./test-connections.ts";

let world: Awaited<ReturnType<typeof startConnections>>;
let broker: typeof world.broker;
let ada: TestBrowser;
/** Access tokens of Ada for the services. */
let forCoda: string;
let forGithub: string;

beforeAll(async () => {
  world = await startConnections({
    bindings: { SERVICE_SECRETS: JSON.stringify({ github: "github-service-secret", coda: "coda-secret" }) },
  });
  broker = world.broker;
  ada = await signedIn(broker, "ada");
  forCoda = await broker.tokenFor("ada", ["coda:read"]);
  forGithub = await broker.tokenFor("ada", ["github:read"], GITHUB);
});
afterAll(() => broker?.close());
afterEach(async () => {
  broker.identity.faults.clear();
  broker.expiresIn = undefined;
  await broker.reconfigure({}, { SHARED_CONNECTIONS: "", VAULT_KEYS: JSON.stringify([vaultKey("1")]) });
  for (const service of ["coda", "github"]) await ada.submit(`${broker.issuer}/auth/${service}/disconnect`, {});
});

const onWorkers = async (token: string, resource: string) => (await broker.authorize(token, resource))?.credential;
const missing = (service: string) => ({ problem: "missing", connectUrl: `${broker.issuer}/auth/${service}` });
const token = (answer: CallAnswer["credential"]) => (answer && "token" in answer ? answer.token : undefined);

/** The same credential by token exchange, as a service on the droplet asks for it. */
async function onDroplet(service: "coda" | "github", subject: string): Promise<Record<string, string>> {
  const secret = { coda: "coda-secret", github: "github-service-secret" }[service];
  const response = await fetch(`${broker.issuer}/token/${service}`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${service}:${secret}`)}` },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: subject,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    }),
  });
  return (await response.json()) as Record<string, string>;
}

/** Connects Ada's GitHub account with a token that is due for a renewal at once; what comes after it lives 8 hours. */
async function connectExpired(): Promise<void> {
  broker.expiresIn = 0;
  await connectByOAuth(broker, ada, "github");
  broker.expiresIn = undefined;
}

/** The account of GitHub whose token this is; undefined for one that does not work. */
const holder = (accessToken: string | undefined) =>
  accessToken === undefined ? undefined : broker.identity.holderOf("github", accessToken)?.person.id;

describe("the credential of a call", () => {
  test("is the person's own, and says until when it may be kept", async () => {
    await paste(broker, ada, "coda");
    await connectByOAuth(broker, ada, "github");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    const answer = (await onWorkers(forGithub, GITHUB)) as { token: string; expiresAt: number };
    expect(holder(answer.token)).toBe("ada");
    // GitHub's 8 hours, less the five minutes in which it is renewed.
    expect(answer.expiresAt - Date.now() / 1000).toBeGreaterThan(28_800 - 300 - 30);
    expect(answer.expiresAt - Date.now() / 1000).toBeLessThan(28_800 - 299);
  });

  test("is missing for who has not connected, with the page on which to do so; never somebody else's", async () => {
    await paste(broker, ada, "coda");
    expect(await onWorkers(await broker.tokenFor("grace", ["coda:read"]), CODA)).toEqual(missing("coda"));
    expect(await onWorkers(forGithub, GITHUB)).toEqual(missing("github"));
  });

  test("is not there for a service without connections, nor for who may do nothing in the service any more", async () => {
    expect(await broker.authorize(await broker.tokenFor("ada", ["coda:read"], GATEWAY), GATEWAY)).not.toHaveProperty(
      "credential",
    );
    await paste(broker, ada, "coda");
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [] });
    expect(await broker.authorize(forCoda)).toMatchObject({ call: { scope: [] } });
    expect(await broker.authorize(forCoda)).not.toHaveProperty("credential");
    await broker.reconfigure({ policy });
  });

  test("is the organisation's for who has not connected, and the person's own from then on", async () => {
    await broker.reconfigure({}, { SHARED_CONNECTIONS: JSON.stringify({ coda: SHARED_CODA }) });
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: SHARED_CODA });
    expect((await ada.open(`${broker.issuer}/auth/coda`)).text).toContain(
      "the organisation&#39;s Coda account is used",
    );
    await paste(broker, ada, "coda");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    await ada.submit(`${broker.issuer}/auth/coda/disconnect`, {});
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: SHARED_CODA });
    expect(await onWorkers(forGithub, GITHUB)).toEqual(missing("github"));
  });

  test("the organisation's works without a vault key", async () => {
    await broker.reconfigure({}, { SHARED_CONNECTIONS: JSON.stringify({ coda: SHARED_CODA }), VAULT_KEYS: "" });
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: SHARED_CODA });
  });

  test("is found though KV has no copy yet, or an old one that says no", async () => {
    await paste(broker, ada, "coda");
    const kv = await broker.kv();
    const key = "connection:github-1815:coda";
    const copy = await copyInKv(broker, "coda");
    await kv.delete(key);
    expect(await onDroplet("coda", forCoda)).toMatchObject({ access_token: TOKENS.coda });
    await kv.put(key, JSON.stringify({ ...copy, status: "broken" }));
    expect(await onDroplet("coda", forCoda)).toMatchObject({ access_token: TOKENS.coda });
  });

  test("that is disconnected is gone from this isolate's memory at once", async () => {
    await paste(broker, ada, "coda");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    await ada.submit(`${broker.issuer}/auth/coda/disconnect`, {});
    expect(await onWorkers(forCoda, CODA)).toEqual(missing("coda"));
  });

  test("is remembered: further calls need neither KV nor the keeper", async () => {
    await paste(broker, ada, "coda");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    await (await broker.kv()).delete("connection:github-1815:coda");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
  });
});

describe("a refresh", () => {
  test("of a token that works once happens once, though services in both homes ask at the same time", async () => {
    await connectExpired();
    const before = refreshes(broker);
    broker.identity.faults.set({ latencyMs: 200, onlyPath: GITHUB_TOKEN_PATH });
    const asked = await Promise.all([
      onWorkers(forGithub, GITHUB).then(token),
      onDroplet("github", forGithub).then((body) => body.access_token),
      onWorkers(forGithub, GITHUB).then(token),
      onDroplet("github", forGithub).then((body) => body.access_token),
    ]);
    expect(asked.map(holder)).toEqual(["ada", "ada", "ada", "ada"]);
    expect(new Set(asked).size).toBe(1);
    expect(refreshes(broker)).toEqual({ done: before.done + 1, refused: before.refused });
  });

  test("that has happened is not repeated for who has an old copy", async () => {
    await connectExpired();
    const old = JSON.stringify(await copyInKv(broker, "github"));
    const before = refreshes(broker);
    const { access_token: renewed } = await onDroplet("github", forGithub);
    await (await broker.kv()).put("connection:github-1815:github", old);
    expect((await onDroplet("github", forGithub)).access_token).toBe(renewed);
    expect(holder(renewed)).toBe("ada");
    expect(refreshes(broker)).toEqual({ done: before.done + 1, refused: before.refused });
  });

  test("that fails for a moment is tried again within the call", async () => {
    await connectExpired();
    broker.identity.faults.set({ failNext: { status: 503, times: 2 }, onlyPath: GITHUB_TOKEN_PATH });
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  test("that fails three times is given up for this call, and the next one is served", async () => {
    await connectExpired();
    broker.identity.faults.set({ failNext: { status: 503, times: 3 }, onlyPath: GITHUB_TOKEN_PATH });
    expect(await onWorkers(forGithub, GITHUB)).toEqual({
      problem: "unavailable",
      connectUrl: `${broker.issuer}/auth/github`,
    });
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  test("that is never answered ends within ten seconds", async () => {
    await connectExpired();
    broker.identity.faults.set({ hang: true, onlyPath: GITHUB_TOKEN_PATH });
    const began = performance.now();
    expect(await onWorkers(forGithub, GITHUB)).toMatchObject({ problem: "unavailable" });
    expect(performance.now() - began).toBeLessThan(11_000);
    // A request that is not known to be given up would be served when the fault ends, and use the token up.
    await vi.waitFor(() => expect(broker.unanswered).toBe(0));
    broker.identity.faults.clear();
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  test("that the upstream refuses breaks the connection for good: the person is asked to connect again", async () => {
    await connectExpired();
    broker.identity.revoke("ada", "github");
    const broken = { problem: "broken", connectUrl: `${broker.issuer}/auth/github` };
    const before = refreshes(broker);
    expect(await onWorkers(forGithub, GITHUB)).toEqual(broken);
    expect(await onWorkers(forGithub, GITHUB)).toEqual(broken);
    expect(refreshes(broker).refused).toBe(before.refused + 1);
    const page = await ada.open(`${broker.issuer}/auth/github`);
    expect(page.text).toContain("GitHub no longer takes what you connected as ada. Connect again to go on.");
    await connectByOAuth(broker, ada, "github");
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  test("that the organisation's own settings prevent breaks nobody's connection", async () => {
    await connectExpired();
    const secrets = { github: "github-connection-secret", google: "google-connection-secret" };
    await broker.reconfigure({}, { CONNECTION_CLIENT_SECRETS: JSON.stringify({ ...secrets, github: "wrong" }) });
    expect(await onWorkers(forGithub, GITHUB)).toMatchObject({ problem: "unavailable" });
    await broker.reconfigure({}, { CONNECTION_CLIENT_SECRETS: JSON.stringify(secrets) });
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  /** Asks for the credential, with the answer to the refresh held back until `release`. */
  async function duringRefresh() {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    broker.hold = { path: GITHUB_TOKEN_PATH, until: promise };
    const { done } = refreshes(broker);
    const asked = onWorkers(forGithub, GITHUB);
    await vi.waitFor(() => expect(refreshes(broker).done).toBe(done + 1));
    broker.hold = undefined;
    return { asked, release };
  }

  test("does not bring back a connection that is ended meanwhile, and what it brought is revoked too", async () => {
    await connectExpired();
    const { asked, release } = await duringRefresh();
    const ended = ada.submit(`${broker.issuer}/auth/github/disconnect`, {});
    // It waits for the refresh; if it did not, it would be done by then.
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    release();
    expect((await ended).status).toBe(303);
    expect(holder(token(await asked))).toBeUndefined();
    const ours = broker.identity.stats().filter(({ clientId }) => clientId === "github-connection");
    expect(ours.at(-1)).toMatchObject({ refreshes: 1, live: false });
    expect(await copyInKv(broker, "github")).toBeNull();
    expect((await ada.open(`${broker.issuer}/auth/github`)).text).toContain("Your GitHub account is not connected.");
  });

  test("does not take the place of what the person has connected meanwhile", async () => {
    await connectExpired();
    const { asked, release } = await duringRefresh();
    await connectByOAuth(broker, ada, "github");
    const anew = await copyInKv(broker, "github");
    release();
    expect(holder(token(await asked))).toBe("ada");
    expect(await copyInKv(broker, "github")).toEqual(anew);
  });

  test("is in the audit trail, with the reason when it failed", async () => {
    const newest = (await read(await broker.database(), { limit: 1 })).events[0]!.id;
    await connectExpired();
    await onWorkers(forGithub, GITHUB);
    await connectExpired();
    broker.identity.revoke("ada", "github");
    await onWorkers(forGithub, GITHUB);
    await vi.waitFor(async () => {
      const { events } = await read(await broker.database(), { user: "github-1815", service: "github", limit: 20 });
      const fresh = events.filter(({ id, kind }) => id > newest && kind === "refresh");
      expect(fresh.map(({ decision, reason }) => [decision, reason]).sort()).toEqual([
        ["allowed", undefined],
        ["failed", "GitHub gave no token (bad_refresh_token)."],
      ]);
    });
  });
});

describe("at rest", () => {
  test("a new key seals what is opened next, the old one opens it until then, and may go afterwards", async () => {
    await paste(broker, ada, "coda");
    await connectByOAuth(broker, ada, "github");
    const old = JSON.stringify(await copyInKv(broker, "coda"));
    expect(old).toContain('"credential":"1.');

    await broker.reconfigure({}, { VAULT_KEYS: JSON.stringify([vaultKey("2"), vaultKey("1")]) });
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
    await vi.waitFor(async () => {
      for (const service of ["coda", "github"]) expect((await copyInKv(broker, service))!.credential).toMatch(/^2\./);
    });

    // One old copy stays: the keeper knows better.
    await (await broker.kv()).put("connection:github-1815:coda", old);
    await broker.reconfigure({}, { VAULT_KEYS: JSON.stringify([vaultKey("2")]) });
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
  });

  test("a refresh token that was sealed with the old key is good after the rotation", async () => {
    await connectExpired();
    await broker.reconfigure({}, { VAULT_KEYS: JSON.stringify([vaultKey("2"), vaultKey("1")]) });
    const before = refreshes(broker);
    expect(holder(token(await onWorkers(forGithub, GITHUB)))).toBe("ada");
    expect(refreshes(broker).done).toBe(before.done + 1);
  });

  test("what a lost key has sealed has to be connected again", async () => {
    await paste(broker, ada, "coda");
    await broker.reconfigure({}, { VAULT_KEYS: JSON.stringify([vaultKey("3")]) });
    expect(await onWorkers(forCoda, CODA)).toMatchObject({ problem: "broken" });
    await paste(broker, ada, "coda");
    expect(await onWorkers(forCoda, CODA)).toEqual({ token: TOKENS.coda });
  });

  test("a copy that is moved to another person does not open there", async () => {
    await paste(broker, ada, "coda");
    const kv = await broker.kv();
    await kv.put("connection:github-1906:coda", JSON.stringify(await copyInKv(broker, "coda")));
    expect(await onWorkers(await broker.tokenFor("grace", ["coda:read"]), CODA)).toEqual(missing("coda"));
    await kv.delete("connection:github-1906:coda");
  });

  test("no credential is in clear in KV, in Durable Objects or in the trail", async () => {
    await paste(broker, ada, "coda");
    await connectExpired();
    await onWorkers(forGithub, GITHUB);
    expect((await connectByOAuth(broker, ada, "google")).status).toBe(303);
    const kv = await broker.kv();
    const { keys } = await kv.list();
    const inKv = await Promise.all(keys.map(async ({ name }) => `${name} ${await kv.get(name)}`));
    const trail = JSON.stringify((await read(await broker.database(), { limit: 1000 })).events);
    const stored = [...inKv, await broker.storedObjects(), trail].join("\n");

    // What is looked through does hold the connections.
    const sealed = (await copyInKv(broker, "github"))!.credential;
    expect(stored.split(sealed).length).toBeGreaterThan(2);
    // GitHub's access and refresh tokens, Google's, what was pasted, and the clients' own secrets.
    for (const secret of ["ghu_", "ghr_", "ya29.", "1//0", TOKENS.coda, "connection-secret"]) {
      expect(stored.includes(secret), secret).toBe(false);
    }
    await ada.submit(`${broker.issuer}/auth/google/disconnect`, {});
  });
});
