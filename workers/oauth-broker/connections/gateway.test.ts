import type { GatewayAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GATEWAY, type TestBroker } from "../testing/test-broker.ts";
import { paste, SHARED_CODA, signedIn, startConnections, TOKENS } from "./test-connections.ts";

/** With which credential the gateway calls servers that are no service: what the config pairs them with, and nothing else. */

const server = (name: string, connection?: "n8n" | "coda") => ({
  name,
  title: name,
  scopes: [{ name: `${name}:use`, description: "Use it" }],
  ...(connection && { connection }),
});
const names = ["runs", "twin", "open"];

let broker: TestBroker;
beforeAll(async () => {
  ({ broker } = await startConnections({ bindings: { SHARED_CONNECTIONS: JSON.stringify({ coda: SHARED_CODA }) } }));
  await broker.reconfigure({
    servers: [server("runs", "n8n"), server("twin", "coda"), server("open")],
    policy: [
      { people: ["github:ada"], scopes: ["coda:read", ...names.map((name) => `${name}:use`)] },
      { people: ["github:grace"], scopes: ["runs:use"] },
    ],
  });
});
afterAll(() => broker?.close());

async function credentials(person: string, scopes: string[], asked = names): Promise<GatewayAnswer["credentials"]> {
  const token = await broker.tokenFor(person, scopes, GATEWAY);
  return (await broker.rpc<GatewayAnswer>("authorizeGateway", token, asked))!.credentials;
}

test("a server behind the gateway is called with the connection that the config pairs it with; until it is made, its page is told", async () => {
  const connectUrl = `${broker.issuer}/auth/n8n`;
  expect(await credentials("ada", ["runs:use"])).toEqual({ runs: { problem: "missing", connectUrl } });
  await paste(broker, await signedIn(broker, "ada"), "n8n");
  expect(await credentials("ada", ["runs:use"])).toEqual({ runs: { token: TOKENS.n8n } });
});

test("a server behind the gateway gets nothing without its scope, or without a connection in the config, or under another name", async () => {
  expect(await credentials("ada", ["coda:read"])).toEqual({});
  expect(await credentials("ada", ["open:use"])).toEqual({});
  expect(await credentials("ada", ["runs:use", "twin:use"], ["n8n", "coda", "github"])).toEqual({});
});

test("a server behind the gateway never gets the organisation's own credential", async () => {
  const connectUrl = `${broker.issuer}/auth/coda`;
  expect(await credentials("ada", ["twin:use", "coda:read"])).toEqual({ twin: { problem: "missing", connectUrl } });
  // Coda itself does, before and after.
  expect((await broker.authorize(await broker.tokenFor("ada", ["coda:read"])))?.credential).toEqual({
    token: SHARED_CODA,
  });
  expect(await credentials("ada", ["twin:use", "coda:read"])).toEqual({ twin: { problem: "missing", connectUrl } });
});

test("whom the policy allows only such a server may make its connection, and no other", async () => {
  const grace = await signedIn(broker, "grace");
  expect((await paste(broker, grace, "n8n")).status).toBe(303);
  expect((await paste(broker, grace, "firecrawl")).status).toBe(403);
});
