import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createGithubStandIn } from "../../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import * as service from "../oauth-broker/testing/service-client.ts";
import { TestBroker } from "../oauth-broker/testing/test-broker.ts";

const SHARED = { SHARED_CONNECTIONS: JSON.stringify({ github: "grace-token" }) };
const ORCHARD = { owner: "ada", repo: "orchard" };

let standIns: StandInServer;
let broker: TestBroker;
let bundle: Uint8Array;
let origin: string;
/** Of Ada, who may read, and who may write. */
let reader: string;
let writer: string;
const asked: string[] = [];
const github = createGithubStandIn({
  tokens: [{ token: "grace-token", login: "grace" }],
  log: () => {},
});

beforeAll(async () => {
  const handler = (request: Request) => {
    asked.push(request.url);
    return github.handler(request);
  };
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: handler } });
  const apiUrl = `${standIns.origin}/github/api`;
  bundle = (await bundleWorker(import.meta.dirname)).contents;
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["github:write"] }],
    services: { github: { contents: bundle, bindings: { GITHUB_API_URL: apiUrl } } },
    config: () => ({ connections: { github: { clientId: "github-connection", siteUrl: standIns.origin, apiUrl } } }),
    bindings: SHARED,
  });
  origin = broker.serviceUrls.github!;
  reader = await broker.tokenFor("ada", ["github:read"], `${origin}/mcp`);
  writer = await broker.tokenFor("ada", ["github:read", "github:write"], `${origin}/mcp`);
});
afterAll(async () => {
  await broker?.close();
  await standIns?.close();
});
afterEach(() => {
  github.faults.clear();
  asked.length = 0;
});

describe.each(service.clients)("with %s", (which, connect) => {
  let client: service.McpClient;

  beforeAll(async () => {
    client = await connect(origin, writer);
    // A client checks answers against the output schemas that it knows from the list.
    await client.listTools();
  });
  afterAll(() => client?.close());

  const call = <Answer>(name: string, args?: Record<string, unknown>) => service.call<Answer>(client, name, args);
  const refusal = (name: string, args: Record<string, unknown>) => service.refusal(client, name, args);

  test("the tools are listed with output schemas, and what they do to the world", async () => {
    const { tools } = await client.listTools();
    const hints = (name: string) => tools.find((each) => each.name === name)?.annotations;
    expect(hints("get_me")).toMatchObject({ readOnlyHint: true, destructiveHint: false });
    expect(hints("create_issue")).toMatchObject({ readOnlyHint: false, destructiveHint: false, idempotentHint: false });
    expect(hints("merge_pull_request")).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    expect(tools.every(({ outputSchema }) => outputSchema?.type === "object")).toBe(true);
    expect(tools.every(({ inputSchema }) => inputSchema.additionalProperties === false)).toBe(true);
  });

  test("the account is that of the connection, not of who signed in", async () => {
    expect(await call("get_me")).toMatchObject({ login: "grace", name: "Grace Hopper", private_repos: 0 });
  });

  test("what one tool writes, another reads", async () => {
    const title = `Ladders wobble, seen by ${which}`;
    const { number } = await call<{ number: number }>("create_issue", { ...ORCHARD, title });
    expect(await call("get_issue", { ...ORCHARD, number })).toMatchObject({ title, author: "grace" });
  });

  test("an error of GitHub reaches the model with what to do next", async () => {
    expect(await refusal("get_file_contents", { ...ORCHARD, path: "no/such/file" })).toMatch(
      /^GitHub answered 404: Not Found\. It does not exist, or the connected account may not see it/,
    );
    github.faults.set({ failNext: { status: 429, times: 1, retryAfterSeconds: 7 } });
    expect(await refusal("get_me", {})).toMatch(/try again in 7 s\.$/);
    expect(await refusal("list_issues", { owner: "ada", repo: "ledger" })).toMatch(/^GitHub answered 404/);
  });

  test.each([
    ["list_issues", { ...ORCHARD, limit: 0 }, "limit"],
    ["list_issues", { ...ORCHARD, surprise: true }, "surprise"],
    ["list_issues", { owner: "ada/orchard", repo: "orchard" }, "owner"],
    ["list_issues", { owner: "..", repo: "orchard" }, "owner"],
    ["list_issues", { owner: "ada", repo: ".." }, "repo"],
    ["get_file_contents", { ...ORCHARD, path: "../../../user" }, "path"],
    ["get_file_contents", { ...ORCHARD, path: "src/./x" }, "path"],
    ["create_issue", { ...ORCHARD, title: "  " }, "title"],
    ["get_me", { login: "ada" }, "login"],
  ])("arguments of %s that do not fit never reach GitHub: %j", async (name, args, field) => {
    expect(await refusal(name, args)).toContain(field);
    expect(asked).toEqual([]);
  });
});

test("a credential that GitHub does not take any more: connect it again, and where", async () => {
  github.faults.set({ failNext: { status: 401, times: 1 } });
  const client = await service.clients[0]![1](origin, reader);
  expect(await service.refusal(client, "get_me")).toContain(`open ${broker.issuer}/auth/github and connect it again`);
  await client.close();
});

test("without a connection the model is told where the person connects GitHub", async () => {
  await broker.reconfigure({}, { SHARED_CONNECTIONS: "{}" });
  try {
    const client = await service.clients[0]![1](origin, reader);
    expect(await service.refusal(client, "get_me")).toBe(
      `GitHub is not connected yet. Ask the person to open ${broker.issuer}/auth/github and connect it, then try again.`,
    );
    await client.close();
    expect(asked).toEqual([]);
  } finally {
    await broker.reconfigure({}, SHARED);
  }
});

test.each([
  ["no token", undefined],
  ["a wrong token", "a:wrong:token"],
])("%s is answered 401, naming the resource metadata (RFC 9728 section 5.1)", async (_, token) => {
  const response = await service.post(origin, token, "get_me");
  expect(response.status).toBe(401);
  const challenge = service.challengeOf(response);
  expect(challenge.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(challenge.error).toBe(token && "invalid_token");
  expect(asked).toEqual([]);
});

test("a tool beyond the token's scopes is answered 403, naming all that a new token needs (RFC 6750 section 3.1)", async () => {
  const response = await service.post(origin, reader, "create_issue", { ...ORCHARD, title: "Not allowed" });
  expect(response.status).toBe(403);
  const challenge = service.challengeOf(response);
  expect(challenge.error).toBe("insufficient_scope");
  expect(challenge.scope!.split(" ").toSorted()).toEqual(["github:read", "github:write"]);
  expect(asked).toEqual([]);
});

test("the resource metadata names the resource, the broker and the scopes that its tools need", async () => {
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(await response.json()).toMatchObject({
    resource: `${origin}/mcp`,
    resource_name: "GitHub",
    authorization_servers: [broker.issuer],
    scopes_supported: ["github:read", "github:write", "github:admin"],
  });
});

test("the bundle is small enough to start quickly: 250 KB gzipped", () => {
  expect(gzipSync(bundle).length).toBeLessThan(250_000);
});
