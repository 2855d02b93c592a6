import type { GatewayAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { read } from "../audit/trail.ts";
import {
  connectByOAuth,
  GITHUB_TOKEN_PATH,
  paste,
  refreshes,
  signedIn,
  startConnections,
  TOKENS,
} from "../connections/test-connections.ts";
import { CODA, GATEWAY, GITHUB } from "../testing/test-broker.ts";
import type { TestBrowser } from "../testing/test-browser.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

let world: Awaited<ReturnType<typeof startConnections>>;
let broker: typeof world.broker;
let ada: TestBrowser;
/** Ada's token for Coda, for an ordinary client. */
let subject: string;
/** The product's OAuth client, and Ada's tokens for it with consent. */
let product: { clientId: string; coda: string; github: string };

beforeAll(async () => {
  world = await startConnections({
    bindings: {
      SERVICE_SECRETS: JSON.stringify({ coda: "coda-secret", github: "github-service-secret", firecrawl: "" }),
      PRODUCT_SECRETS: JSON.stringify({ reporter: "reporter-secret", forgotten: "forgotten-secret", careless: "" }),
    },
  });
  broker = world.broker;
  ada = await signedIn(broker, "ada");
  await paste(broker, ada, "coda");
  await connectByOAuth(broker, ada, "github");
  subject = await broker.tokenFor("ada", ["coda:read"]);

  const clientId = await broker.registerClient({ client_name: "Reporter" });
  await broker.reconfigure({
    products: [
      { name: "reporter", clientIds: [clientId], services: ["coda", "github", "google"] },
      { name: "careless", clientIds: [clientId], services: ["coda"] },
    ],
  });
  const consented = (service: string, resource: string) =>
    broker.grant("ada", [`${service}:connect`], { client_id: clientId, resource, scope: `${service}:connect` });
  product = {
    clientId,
    coda: (await consented("coda", CODA)).token,
    github: (await consented("github", GITHUB)).token,
  };
});
afterAll(() => broker?.close());

const CODA_SERVICE = "coda:coda-secret";
const REPORTER = "reporter:reporter-secret";

async function exchange(
  service: string,
  credentials: string | undefined,
  form: Record<string, string> | URLSearchParams = {},
) {
  const body =
    form instanceof URLSearchParams
      ? form
      : new URLSearchParams({
          grant_type: EXCHANGE,
          subject_token: subject,
          subject_token_type: ACCESS_TOKEN,
          ...form,
        });
  const response = await fetch(`${broker.issuer}/token/${service}`, {
    method: "POST",
    headers: credentials === undefined ? {} : { authorization: `Basic ${btoa(credentials)}` },
    body,
  });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, string> };
}

describe("a service", () => {
  test("RFC 8693 section 2.2.1: gets the person's upstream token, which nobody may keep", async () => {
    const { status, headers, body } = await exchange("coda", CODA_SERVICE, { requested_token_type: ACCESS_TOKEN });
    expect([status, body]).toEqual([
      200,
      { access_token: TOKENS.coda, issued_token_type: ACCESS_TOKEN, token_type: "Bearer" },
    ]);
    expect([headers.get("cache-control"), headers.get("pragma")]).toEqual(["no-store", "no-cache"]);
  });

  test("learns for how long a token is good that expires", async () => {
    const token = await broker.tokenFor("ada", ["github:read"], GITHUB);
    const { body } = await exchange("github", "github:github-service-secret", { subject_token: token });
    expect(broker.identity.holderOf("github", body.access_token!)?.person.id).toBe("ada");
    expect(Number(body.expires_in)).toBeGreaterThan(28_000);
  });

  test("gets it for a service token of the gateway, too", async () => {
    const atGateway = await broker.tokenFor("ada", ["coda:read"], GATEWAY);
    const answer = await broker.rpc<GatewayAnswer>("authorizeGateway", atGateway, ["coda"]);
    const { body } = await exchange("coda", CODA_SERVICE, { subject_token: answer!.serviceTokens.coda!.token });
    expect(body.access_token).toBe(TOKENS.coda);
  });

  test("gets tokens of its own upstream only", async () => {
    const token = await broker.tokenFor("ada", ["github:read"], GITHUB);
    expect(await exchange("github", CODA_SERVICE, { subject_token: token })).toMatchObject({
      status: 400,
      body: { error: "invalid_target" },
    });
  });

  test("gets nothing for a token of another resource, or that is nobody's (RFC 8693 section 2.2.2)", async () => {
    for (const token of [await broker.tokenFor("ada", ["github:read"], GITHUB), product.github, "a:b:c", "x"]) {
      expect(await exchange("coda", CODA_SERVICE, { subject_token: token })).toMatchObject({
        status: 400,
        body: { error: "invalid_request", error_description: "the subject_token is not good for this service" },
      });
    }
  });

  test("gets nothing for a person whom the policy allows nothing any more", async () => {
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [] });
    expect(await exchange("coda", CODA_SERVICE)).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    await broker.reconfigure({ policy });
  });

  test("is told where the person connects, when there is no connection", async () => {
    const { status, headers, body } = await exchange("coda", CODA_SERVICE, {
      subject_token: await broker.tokenFor("grace", ["coda:read"]),
    });
    expect([status, body]).toEqual([
      400,
      {
        error: "invalid_grant",
        error_description: "The person has not connected an account.",
        error_uri: `${broker.issuer}/auth/coda`,
        problem: "missing",
      },
    ]);
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("a product", () => {
  test("gets the token that the person has consented to give it", async () => {
    expect(await exchange("coda", REPORTER, { subject_token: product.coda })).toMatchObject({
      status: 200,
      body: { access_token: TOKENS.coda },
    });
  });

  test("gets nothing without consent, however much else it may do in the service", async () => {
    const all = ["coda:read", "coda:write", "coda:admin"];
    const { token } = await broker.grant("ada", all, { client_id: product.clientId });
    expect(await exchange("coda", REPORTER, { subject_token: token })).toMatchObject({
      status: 400,
      body: { error: "invalid_scope", error_description: "the person has not consented to coda:connect" },
    });
    product.coda = (
      await broker.grant("ada", ["coda:connect"], { client_id: product.clientId, scope: "coda:connect" })
    ).token;
  });

  test("gets nothing that the policy does not allow any more, though the person once consented", async () => {
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:*"] }] });
    expect(await exchange("coda", REPORTER, { subject_token: product.coda })).toMatchObject({
      status: 400,
      body: { error: "invalid_scope" },
    });
    await broker.reconfigure({ policy });
  });

  test("gets nothing for a consent that was given to another client", async () => {
    const { token } = await broker.grant("ada", ["coda:connect"], { resource: CODA, scope: "coda:connect" });
    expect(await exchange("coda", REPORTER, { subject_token: token })).toMatchObject({
      status: 400,
      body: { error: "invalid_request", error_description: "the subject_token was issued to another client" },
    });
  });

  test.each(["firecrawl", "google", "nosuch", "constructor"])(
    "gets nothing of %s: it is not on its list, has no resource, or is nothing at all",
    async (service) => {
      expect(await exchange(service, REPORTER, { subject_token: product.coda })).toMatchObject({
        status: 400,
        body: { error: "invalid_target" },
      });
    },
  );
});

describe("who asks (RFC 6749 section 5.2)", () => {
  test.each([
    ["nobody", undefined],
    ["a service with a wrong secret", "coda:wrong"],
    ["a service with a product's secret", "coda:reporter-secret"],
    ["a product with a wrong secret", "reporter:wrong"],
    ["a product with another product's secret", "reporter:forgotten-secret"],
    ["a product that the stack config does not name", "forgotten:forgotten-secret"],
    ["a product without a secret", "careless:"],
    ["a service without a secret", "firecrawl:"],
    ["a name that every object has", "constructor:x"],
  ])("%s is answered 401 invalid_client", async (_, credentials) => {
    const { status, headers, body } = await exchange("coda", credentials, { subject_token: product.coda });
    expect([status, body]).toEqual([401, { error: "invalid_client" }]);
    expect(headers.get("www-authenticate")).toMatch(/^Basic /);
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("the request", () => {
  test.each([
    ["without a grant_type", { grant_type: "" }, "invalid_request"],
    ["of another grant_type", { grant_type: "refresh_token" }, "unsupported_grant_type"],
    ["without a subject_token", { subject_token: "" }, "invalid_request"],
    ["without its type", { subject_token_type: "" }, "invalid_request"],
    ["with another type", { subject_token_type: "urn:ietf:params:oauth:token-type:id_token" }, "invalid_request"],
    ["for another type", { requested_token_type: "urn:ietf:params:oauth:token-type:jwt" }, "invalid_request"],
    ["with an actor", { actor_token: "x" }, "invalid_request"],
  ])("%s is refused", async (_, form, error) => {
    expect(await exchange("coda", CODA_SERVICE, form)).toMatchObject({ status: 400, body: { error } });
  });

  test("with a parameter twice is refused (RFC 6749 section 3.2)", async () => {
    const form = new URLSearchParams({
      grant_type: EXCHANGE,
      subject_token_type: ACCESS_TOKEN,
      subject_token: subject,
    });
    form.append("subject_token", product.coda);
    expect(await exchange("coda", CODA_SERVICE, form)).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
  });

  test("that is no form is refused", async () => {
    const response = await fetch(`${broker.issuer}/token/coda`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(CODA_SERVICE)}`, "content-type": "application/json" },
      body: JSON.stringify({ grant_type: EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN }),
    });
    expect([response.status, await response.json()]).toMatchObject([400, { error: "invalid_request" }]);
  });
});

test("a product and a service racing for one refresh token that works once both get a working token from one refresh", async () => {
  broker.expiresIn = 0;
  await connectByOAuth(broker, ada, "github");
  broker.expiresIn = undefined;
  const before = refreshes(broker);
  broker.identity.faults.set({ latencyMs: 200, onlyPath: GITHUB_TOKEN_PATH });
  const token = await broker.tokenFor("ada", ["github:read"], GITHUB);
  const answers = await Promise.all([
    exchange("github", "github:github-service-secret", { subject_token: token }),
    exchange("github", REPORTER, { subject_token: product.github }),
  ]);
  broker.identity.faults.clear();
  for (const { body } of answers) {
    expect(broker.identity.holderOf("github", body.access_token!)?.person.id).toBe("ada");
  }
  expect(refreshes(broker)).toEqual({ done: before.done + 1, refused: before.refused });
});

test("an upstream that does not answer is 503, with the page all the same", async () => {
  broker.expiresIn = 0;
  await connectByOAuth(broker, ada, "github");
  broker.expiresIn = undefined;
  const token = await broker.tokenFor("ada", ["github:read"], GITHUB);
  broker.identity.faults.set({ failNext: { status: 503, times: 3 }, onlyPath: GITHUB_TOKEN_PATH });
  expect(await exchange("github", "github:github-service-secret", { subject_token: token })).toMatchObject({
    status: 503,
    body: { error: "temporarily_unavailable", problem: "unavailable", error_uri: `${broker.issuer}/auth/github` },
  });
});

test("introspection never carries an upstream credential", async () => {
  const text = await (await broker.introspect(subject)).text();
  expect(text).toContain('"active":true');
  expect(text).not.toContain(TOKENS.coda);
});

test("every exchange of a known client is in the audit trail, denials with their reason", async () => {
  const newest = (await read(await broker.database(), { limit: 1 })).events[0]!.id;
  await exchange("coda", CODA_SERVICE);
  await exchange("coda", REPORTER, { subject_token: product.coda });
  await exchange("firecrawl", REPORTER, { subject_token: product.coda });
  await vi.waitFor(async () => {
    const { events } = await read(await broker.database(), { limit: 20 });
    const fresh = events.filter(({ id, kind }) => id > newest && kind === "token");
    const told = fresh.map(({ client, service, decision, user, grant, reason }) => [
      client,
      service,
      decision,
      user,
      grant !== undefined,
      reason,
    ]);
    expect(told.sort()).toEqual([
      ["coda", "coda", "allowed", "github-1815", true, undefined],
      ["reporter", "coda", "allowed", "github-1815", true, undefined],
      ["reporter", "firecrawl", "denied", undefined, false, "reporter gets no tokens of this service here"],
    ]);
  });
});
