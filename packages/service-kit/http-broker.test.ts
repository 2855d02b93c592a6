import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { read } from "../../workers/oauth-broker/audit/trail.ts";
import { TestBroker } from "../../workers/oauth-broker/testing/test-broker.ts";
import type { AuditEvent } from "./broker-contract.ts";
import { httpBroker } from "./http-broker.ts";

/** A service on the droplet and the real broker: what it asks over HTTP, and what it believes for how long. */

let broker: TestBroker;
/** Paths that were asked since the last look. */
let asked: string[];
/** Makes every question to a path fail as if nobody answered. */
let unreachable: string | undefined;
/** Paths of which one question each fails, in this order. */
let lost: string[];

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:write"] }],
    config: () => ({ connections: { coda: { apiUrl: "http://127.0.0.1:9/apis/v1" } } }),
    bindings: { SHARED_CONNECTIONS: JSON.stringify({ coda: "coda-token-of-the-organisation" }) },
  });
});
afterAll(() => broker?.close());

beforeEach(() => {
  asked = [];
  unreachable = undefined;
  lost = [];
  const real = fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const { pathname } = new URL(String(input));
    asked.push(pathname);
    const breaks = pathname === unreachable || lost[0] === pathname;
    if (lost[0] === pathname) lost.shift();
    return breaks ? Promise.reject(new TypeError("connection refused")) : real(input, init);
  });
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const asService = (secret = "coda-secret") =>
  httpBroker({ url: broker.issuer, issuer: broker.issuer, service: "coda", secret });
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const RESOURCE = "https://coda-mcp.example.com/mcp";

describe("who may do what", () => {
  test("is asked once in 45 seconds for a token, and then again", async () => {
    const service = asService();
    const token = await broker.tokenFor("ada", ["coda:read"]);
    asked = [];
    const admission = await service.admit(RESOURCE, token);
    expect(admission!.call).toMatchObject({ scope: ["coda:read"], audience: RESOURCE, userId: "github-1815" });
    later(44);
    await service.admit(RESOURCE, token);
    expect(asked).toEqual(["/introspect"]);
    later(2);
    await service.admit(RESOURCE, token);
    expect(asked).toEqual(["/introspect", "/introspect"]);
  });

  test.each([-26, -1, 1, 26])("a clock that is %i hours off makes no difference", async (hours) => {
    const token = await broker.tokenFor("ada", ["coda:read"]);
    later(hours * 3600);
    const { call } = (await asService().admit(RESOURCE, token))!;
    const left = call.expiresAt - Date.now() / 1000;
    expect(left).toBeGreaterThan(7 * 3600);
    expect(left).toBeLessThanOrEqual(8 * 3600);
  });

  test("access that is revoked ends within 45 seconds, a narrower policy counts by then", async () => {
    const service = asService();
    const { token, clientId } = await broker.grant("ada", ["coda:write"]);
    await service.admit(RESOURCE, token);
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:read"] }] });
    later(46);
    expect((await service.admit(RESOURCE, token))!.call.scope).toEqual(["coda:read"]);
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:write"] }] });

    await fetch(`${broker.issuer}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ token, client_id: clientId, token_type_hint: "access_token" }),
    });
    later(46);
    expect(await service.admit(RESOURCE, token)).toBeNull();
  });

  test("a token that is no good is not remembered as such", async () => {
    const service = asService();
    expect(await service.admit(RESOURCE, "nobody:has:it")).toBeNull();
    expect(await service.admit(RESOURCE, "nobody:has:it")).toBeNull();
    expect(asked).toEqual(["/introspect", "/introspect"]);
  });

  test.each([
    ["a wrong secret", async () => asService("wrong"), "the broker answered 401 to an introspection"],
    [
      "a broker that is away",
      async () => {
        unreachable = "/introspect";
        return asService();
      },
      "connection refused",
    ],
  ])("%s is an error, never an answer", async (_, make, message) => {
    const token = await broker.tokenFor("ada", ["coda:read"]);
    const service = await make();
    await expect(service.admit(RESOURCE, token)).rejects.toThrow(message);
  });
});

describe("a connection that breaks", () => {
  test("while the broker is asked costs no call: it is asked once more", async () => {
    const service = asService();
    const token = await broker.tokenFor("ada", ["coda:read"]);
    vi.spyOn(console, "error").mockImplementation(() => {});
    lost = ["/introspect", "/token/coda"];
    const admission = await service.admit(RESOURCE, token);
    expect(await admission!.credential()).toMatchObject({ token: "coda-token-of-the-organisation" });
    expect(lost).toEqual([]);
  });

  test("every time is told", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    unreachable = "/introspect";
    asked = [];
    await expect(asService().admit(RESOURCE, "some:other:token")).rejects.toThrow("connection refused");
    expect(asked).toEqual(Array(4).fill("/introspect"));
  });
});

describe("the upstream credential", () => {
  test("is fetched with the caller's token and kept for 45 seconds at most", async () => {
    const service = asService();
    const { credential } = (await service.admit(RESOURCE, await broker.tokenFor("ada", ["coda:read"])))!;
    asked = [];
    expect(await credential()).toMatchObject({ token: "coda-token-of-the-organisation" });
    await credential();
    expect(asked).toEqual(["/token/coda"]);
    later(46);
    await credential();
    expect(asked).toEqual(["/token/coda", "/token/coda"]);
  });

  test("where there is none, the answer is where to connect", async () => {
    const service = asService();
    const token = await broker.tokenFor("ada", ["coda:read"]);
    await broker.reconfigure({}, { SHARED_CONNECTIONS: "{}" });
    const { credential } = (await service.admit(RESOURCE, token))!;
    expect(await credential()).toEqual({ problem: "missing", connectUrl: `${broker.issuer}/auth/coda` });
    await broker.reconfigure({}, { SHARED_CONNECTIONS: '{"coda":"coda-token-of-the-organisation"}' });
  });
});

describe("audit events", () => {
  const event = (tool: string): AuditEvent => ({ time: Date.now(), kind: "call", decision: "allowed", tool });
  const trail = async () =>
    (await read(await broker.database(), { limit: 100 })).events
      .filter(({ kind }) => kind === "call")
      .map(({ tool, service, placement }) => `${service} ${tool} ${placement}`)
      .reverse();

  test("are kept while the broker is away, and arrive in order when it is back, without a new call", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const service = asService();
    const work: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => void work.push(promise);
    unreachable = "/audit";
    service.record(event("first"), waitUntil);
    await Promise.all(work);
    service.record(event("second"), waitUntil);
    await Promise.all(work);
    expect(await trail()).toEqual([]);
    unreachable = undefined;
    service.flush(waitUntil);
    await Promise.all(work);
    expect(await trail()).toEqual(["coda first droplet", "coda second droplet"]);
  });
});
