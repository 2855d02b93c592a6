import { afterAll, beforeAll, expect, test } from "vitest";
import { GITHUB, TestBroker } from "../testing/test-broker.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import { eventOf } from "../testing/trail-of.ts";

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [
      { githubOrganizations: ["navy"], scopes: ["coda:write"] },
      { people: ["github:grace"], scopes: ["coda:read", "github:read"] },
    ],
  });
});
afterAll(() => broker?.close());

test("who has left an organisation loses, at the next sign-in, the grants that rest on it, and only those", async () => {
  const written = await broker.grant("grace", ["coda:write"]);
  const read = await broker.grant("grace", ["github:read"], { resource: GITHUB });
  broker.identity.changePerson("grace", { github: { orgs: [], teams: [] } });
  await new TestBrowser().signIn(`${broker.issuer}/`, "grace");
  expect(await broker.authorize(written.token)).toBeNull();
  expect((await broker.authorize(read.token, GITHUB))?.call.scope).toEqual(["github:read"]);
  const { reason } = await eventOf(broker, { grant: written.grantId }, ({ kind }) => kind === "revoke");
  expect(reason).toBe("the accounts do not give coda:write any more");
});

test("a refresh takes in what the accounts have told since", async () => {
  const { refreshToken, clientId } = await broker.grant("grace", ["github:read"], { resource: GITHUB });
  const { policy } = broker.config;
  await broker.reconfigure({ policy: [{ githubOrganizations: ["navy"], scopes: ["github:read"] }] });
  broker.identity.changePerson("grace", { github: { orgs: ["navy"] } });
  await new TestBrowser().signIn(`${broker.issuer}/`, "grace");
  const response = await fetch(`${broker.issuer}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  expect((await broker.authorize(access_token, GITHUB))?.call.scope).toEqual(["github:read"]);
  await broker.reconfigure({ policy });
});
