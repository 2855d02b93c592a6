import type { GatewayAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { admit } from "./admission.ts";
import type { GatewayEnv, ServerConfig } from "./config.ts";

/** What the broker is asked, by name of the servers. */
let asked: string[][];
/** What it says the person may do. */
let allowed: string[];
let tokens: number;
/** Each test has a client's token of its own: what is kept is kept by it. */
let token: string;
let lastToken = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  asked = [];
  allowed = ["coda:read", "github:read"];
  tokens = 0;
  lastToken += 1;
  token = `token-${lastToken}`;
});
afterEach(() => vi.useRealTimers());

const expiresAt = () => Math.floor(Date.now() / 1000) + 60;
const call = () => ({
  audience: "https://mcp.example.com/mcp",
  expiresAt: 2_000_000_000,
  scope: allowed,
  userId: "ada",
  clientId: "client",
  grantId: "grant",
});
const env = {
  ISSUER: "https://auth.example.com",
  SERVER_SECRETS: JSON.stringify({ keyed: "the-key" }),
  BROKER: {
    async authorizeGateway(given: string, servers: string[]): Promise<GatewayAnswer | null> {
      asked.push(servers);
      if (given.startsWith("bad")) return null;
      tokens += 1;
      const answer = (name: string) => [name, { token: `service-token-${tokens}`, expiresAt: expiresAt() }];
      const services = servers.filter((name) => allowed.includes(`${name}:read`));
      return {
        call: call(),
        allowed,
        serviceTokens: Object.fromEntries(services.map(answer)),
        credentials: {
          n8n: { problem: "missing", connectUrl: "https://auth.example.com/auth/n8n" },
        },
      };
    },
  },
} as unknown as GatewayEnv;

const server = (name: string, auth: ServerConfig["auth"] = { kind: "service" }): ServerConfig => ({
  name,
  title: name,
  url: `https://${name}.example.com/mcp`,
  transport: "auto",
  auth,
  scopes: [{ name: `${name}:read`, description: "Read" }],
});
const coda = server("coda");
const github = server("github");
const headersOf = (admission: Awaited<ReturnType<typeof admit>>, server: ServerConfig) => admission!.entryTo(server);

test("the broker is asked at every request, for a server's token only while none is kept", async () => {
  const first = await admit(env, token, () => [coda]);
  const second = await admit(env, token, () => [coda, github]);
  expect(asked).toEqual([["coda"], ["github"]]);
  expect(headersOf(second, coda)).toEqual(headersOf(first, coda));
  await admit(env, token, () => []);
  expect(asked).toEqual([["coda"], ["github"], []]);
});

test("a token of a server is asked for anew before it expires", async () => {
  await admit(env, token, () => [coda]);
  vi.advanceTimersByTime(54_000);
  await admit(env, token, () => [coda]);
  vi.advanceTimersByTime(1_000);
  await admit(env, token, () => [coda]);
  expect(asked).toEqual([["coda"], [], ["coda"]]);
});

test("a token that is kept when a request begins is good for that request, however long the broker takes", async () => {
  const first = headersOf(await admit(env, token, () => [coda]), coda);
  vi.advanceTimersByTime(54_999);
  const slow = {
    ...env,
    BROKER: {
      authorizeGateway(given: string, servers: string[]) {
        vi.advanceTimersByTime(2);
        return env.BROKER.authorizeGateway(given, servers);
      },
    },
  } as GatewayEnv;
  const second = await admit(slow, token, () => [coda]);
  expect(asked).toEqual([["coda"], []]);
  expect(headersOf(second, coda)).toEqual(first);
});

test("what one client was given is not used for another", async () => {
  await admit(env, token, () => [coda]);
  await admit(env, `${token}-of-another`, () => [coda]);
  expect(asked).toEqual([["coda"], ["coda"]]);
});

test("when the person may do something else than the last time, the broker is asked again for what is kept, once", async () => {
  await admit(env, token, () => [coda, github]);
  allowed = ["coda:read"];
  const admission = await admit(env, token, () => [coda]);
  expect(asked).toEqual([["coda", "github"], [], ["coda"]]);
  expect(headersOf(admission, coda)).toEqual({ headers: { authorization: "Bearer service-token-3" } });
  await admit(env, token, () => [coda]);
  expect(asked).toHaveLength(4);
});

test("a token that is not good gets nothing, not even what is kept", async () => {
  expect(await admit(env, `bad-${token}`, () => [coda])).toBeNull();
});

test("another server is shown its secret, or nothing, and the broker is not asked", async () => {
  const keyed = server("keyed", { kind: "header", header: "x-api-key" });
  const unset = server("unset", { kind: "header", header: "x-api-key" });
  const open = server("open", { kind: "none" });
  const admission = await admit(env, token, () => [keyed, unset, open]);
  expect(asked).toEqual([[]]);
  expect(headersOf(admission, keyed)).toEqual({ headers: { "x-api-key": "the-key" } });
  expect(headersOf(admission, open)).toEqual({ headers: {} });
  expect(headersOf(admission, unset)).toEqual({ problem: "The stack has no secret for unset." });
});

test("a connection that is missing is explained with where to connect it", async () => {
  const n8n = server("n8n", { kind: "connection", of: "n8n" });
  const admission = await admit(env, token, () => [n8n]);
  expect(headersOf(admission, n8n)).toEqual({
    problem: "n8n is not connected yet: open https://auth.example.com/auth/n8n and connect it.",
  });
});
