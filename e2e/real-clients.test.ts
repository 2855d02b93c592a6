import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { challengeOf, post } from "../workers/oauth-broker/testing/service-client.ts";
import { field, TestBrowser } from "../workers/oauth-broker/testing/test-browser.ts";
import { CallbackListener, openChromium, PersonAtBrowser } from "./support/chromium.ts";
import { authorizationUrl, Inspector, toolNames } from "./support/inspector.ts";
import { OAuthClient } from "./support/oauth-client.ts";
import { TestStack } from "./support/test-stack.ts";

/** The whole OAuth dance by real clients, which know nothing but the MCP URL, and a real browser on the real pages. */

const DOC = { doc: "pT7kXw2LmQ", table: "Tasks" };
const UPSERT = { ...DOC, rows: [{ Task: "Paint the pier" }] };

let stack: TestStack;
let browser: Browser;
let callback: CallbackListener;

beforeAll(async () => {
  stack = await TestStack.create({
    "services.firecrawl.placement": "workers",
    // The scope that no wildcard holds: with it alone, no tool may be called.
    "auth.policy": [
      { people: ["github:ada"], scopes: ["coda:write", "github:*", "firecrawl:*", "firecrawl:connect"] },
      { people: ["github:grace"], scopes: ["coda:*", "github:*"] },
    ],
  });
  await stack.must("up", "--no-docker");
  browser = await openChromium();
  callback = await CallbackListener.start();
});
afterAll(async () => {
  callback?.close();
  await browser?.close();
  await stack?.destroy();
});

const origin = (service: "coda" | "github" | "firecrawl") => stack.stack.publicUrl(service);
const mcpUrl = (service: "coda" | "github" | "firecrawl") => new URL(`${origin(service)}/mcp`);
const words = (text: string | null | undefined) => (text ?? "").split(" ").toSorted();

/** An application on one of the SDKs: it keeps its sign-in and makes a client for each connection. */
interface Application {
  oauth: OAuthClient;
  /** @throws when nobody is signed in; the person then has to go to `oauth.authorizationUrl` */
  connect(): Promise<ModernClient | LegacyClient>;
  /** Hands the parameters with which the browser came back to the SDK. */
  finish(parameters: URLSearchParams): Promise<void>;
  /** Calls a tool that needs more than is granted, until the person has to go to `oauth.authorizationUrl`. */
  callForMore(client: ModernClient | LegacyClient): Promise<void>;
}

const needsMore = { name: "upsert_rows", arguments: UPSERT };

/** @param mode of the protocol: `auto` finds 2026-07-28, `legacy` is what came before */
function modern(service: "coda" | "github" | "firecrawl", mode: "auto" | "legacy" = "auto"): Application {
  const oauth = new OAuthClient("An application of the v2 SDK", callback.url);
  let transport: ModernTransport;
  return {
    oauth,
    async connect() {
      transport = new ModernTransport(mcpUrl(service), { authProvider: oauth });
      const client = new ModernClient({ name: "e2e", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(transport);
      return client;
    },
    finish: (parameters) => transport.finishAuth(parameters),
    async callForMore(client) {
      await expect(client.callTool(needsMore)).rejects.toThrow("Unauthorized");
    },
  };
}

function legacy(service: "coda" | "github" | "firecrawl"): Application {
  const oauth = new OAuthClient("An application of the v1 SDK", callback.url);
  let transport: LegacyTransport;
  const connect = async () => {
    transport = new LegacyTransport(mcpUrl(service), { authProvider: oauth });
    const client = new LegacyClient({ name: "e2e", version: "1" });
    await client.connect(transport);
    return client;
  };
  return {
    oauth,
    connect,
    finish: (parameters) => transport.finishAuth(parameters.get("code")!),
    async callForMore(client) {
      // It refreshes, which cannot widen a grant, and gives up; its applications then sign the person in anew.
      // https://github.com/modelcontextprotocol/typescript-sdk/issues/2255
      await expect(client.callTool(needsMore)).rejects.toThrow("Server returned 403 after trying upscoping");
      oauth.forgetTokens();
      await expect(connect()).rejects.toThrow("Unauthorized");
    },
  };
}

describe.each([
  ["the v2 SDK's client, 2026-07-28", () => modern("coda")],
  ["the v2 SDK's client, 2025-11-25", () => modern("coda", "legacy")],
  ["the v1 SDK's client", () => legacy("coda")],
])("%s", (_, makeApplication) => {
  let application: Application;
  let ada: PersonAtBrowser;
  let client: ModernClient | LegacyClient;
  let firstToken: string;

  beforeAll(async () => {
    application = makeApplication();
    ada = await PersonAtBrowser.sitDown(browser, "Ada Lovelace");
  });
  afterAll(() => client?.close());

  test("finds the broker from the MCP URL, and gets what the person leaves ticked", async () => {
    await expect(application.connect()).rejects.toThrow("Unauthorized");
    const url = application.oauth.authorizationUrl!;
    expect([url.origin, url.searchParams.get("resource")]).toEqual([stack.authUrl, mcpUrl("coda").href]);
    await ada.open(url.href);
    expect(await ada.offered()).toEqual(["coda:read", "coda:write"]);
    await ada.allow({ untick: ["coda:write"] });
    await application.finish(await callback.next());
    client = await application.connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("upsert_rows");
    const { structuredContent } = await client.callTool({ name: "list_docs", arguments: {} });
    expect(structuredContent).toMatchObject({ docs: [{ name: "Project Tracker" }] });
    firstToken = application.oauth.tokens()!.access_token;
    expect(application.oauth.tokens()!.scope).toBe("coda:read");
  });

  test("a tool that needs more is refused with a challenge that names all scopes (RFC 6750 section 3.1)", async () => {
    const response = await post(origin("coda"), firstToken, "upsert_rows", UPSERT);
    expect(response.status).toBe(403);
    const challenge = challengeOf(response);
    expect(challenge.error).toBe("insufficient_scope");
    expect(words(challenge.scope)).toEqual(["coda:read", "coda:write"]);
  });

  test("steps up: the person allows more, the write works, and the old scopes are still there", async () => {
    await application.callForMore(client);
    // A client that signs the person in anew asks for all that there is; the policy offers what it allows.
    const asked = words(application.oauth.authorizationUrl!.searchParams.get("scope"));
    expect(asked).toEqual(expect.arrayContaining(["coda:read", "coda:write"]));
    await ada.open(application.oauth.authorizationUrl!.href);
    await ada.page.getByText("It has access already.").waitFor();
    expect(await ada.offered()).toEqual(["coda:read", "coda:write"]);
    await ada.allow();
    await application.finish(await callback.next());
    expect(words(application.oauth.tokens()!.scope)).toEqual(["coda:read", "coda:write"]);

    const written = await client.callTool(needsMore);
    expect(written.structuredContent).toMatchObject({ applied: true });
    const [row] = (written.structuredContent as { added_row_ids: string[] }).added_row_ids;
    const read = await client.callTool({ name: "list_rows", arguments: { ...DOC, query: '"Task":"Paint the pier"' } });
    expect(JSON.stringify(read.structuredContent)).toContain(row);
  });

  test("the access that was replaced has ended", async () => {
    expect((await post(origin("coda"), firstToken, "list_docs")).status).toBe(401);
  });
});

describe("the MCP Inspector's command line", () => {
  let inspector: Inspector;
  let ada: PersonAtBrowser;
  beforeAll(async () => {
    inspector = new Inspector(mcpUrl("coda").href);
    ada = await PersonAtBrowser.sitDown(browser, "Ada Lovelace");
  });
  afterAll(() => inspector?.close());
  afterEach(() => inspector.stop());

  test("without a sign-in it is refused", async () => {
    const run = inspector.run("--method", "tools/list", "--stored-auth-only");
    expect(await run.ended).not.toBe(0);
    expect(run.stderr).toContain("auth_required");
  });

  test("signs in through the browser and lists the tools", async () => {
    const run = inspector.run("--method", "tools/list");
    await ada.open(await authorizationUrl(run));
    await ada.allow({ untick: ["coda:write"] });
    expect([await run.ended, run.stderr]).toEqual([0, expect.stringContaining("Authorization complete")]);
    expect(toolNames(run)).toContain("list_docs");
  });

  test("calls a tool with the sign-in that it has kept", async () => {
    const run = inspector.run("--method", "tools/call", "--tool-name", "list_docs", "--stored-auth-only");
    expect([await run.ended, run.stdout]).toEqual([0, expect.stringContaining("Project Tracker")]);
  });

  test("for a tool that needs more the person signs in anew", async () => {
    // Its own step-up ends in a refresh as the v1 SDK's does; this is how its users get on.
    const tool = ["--method", "tools/call", "--tool-name", "upsert_rows", "--tool-args-json", JSON.stringify(UPSERT)];
    const run = inspector.run(...tool, "--relogin");
    await ada.open(await authorizationUrl(run));
    expect(await ada.offered()).toEqual(["coda:read", "coda:write"]);
    await ada.allow();
    expect([await run.ended, run.stdout]).toEqual([0, expect.stringContaining("added_row_ids")]);
  });
});

describe("the MCP Inspector's command line at the gateway", () => {
  let inspector: Inspector;
  beforeAll(() => {
    inspector = new Inspector(stack.gatewayUrl);
  });
  afterAll(() => inspector?.close());
  afterEach(() => inspector.stop());

  test("signs in once, for every server, and lists the tools of all", async () => {
    const run = inspector.run("--method", "tools/list");
    const ada = await PersonAtBrowser.sitDown(browser, "Ada Lovelace");
    await ada.open(await authorizationUrl(run));
    expect(await ada.offered()).toEqual(expect.arrayContaining(["coda:read", "github:read", "firecrawl:read"]));
    await ada.allow();
    expect([await run.ended, run.stderr]).toEqual([0, expect.stringContaining("Authorization complete")]);
    expect(toolNames(run)).toEqual(expect.arrayContaining(["coda_list_docs", "github_get_me", "firecrawl_scrape"]));
  });

  test.each([
    ["coda_list_docs", {}, "Project Tracker"],
    ["coda_upsert_rows", UPSERT, "added_row_ids"],
  ])("calls %s with the sign-in that it has kept", async (name, args, said) => {
    const tool = ["--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)];
    const run = inspector.run(...tool, "--stored-auth-only");
    expect([await run.ended, run.stdout]).toEqual([0, expect.stringContaining(said)]);
  });
});

describe("a connection", () => {
  test("before it is made the tool says where; after it the tool acts as the account that was chosen", async () => {
    const application = modern("github");
    const grace = await PersonAtBrowser.sitDown(browser, "Grace Hopper");
    await expect(application.connect()).rejects.toThrow("Unauthorized");
    await grace.open(application.oauth.authorizationUrl!.href);
    await grace.allow();
    await application.finish(await callback.next());
    const client = await application.connect();

    const before = await client.callTool({ name: "get_me", arguments: {} });
    expect(before.isError).toBe(true);
    const link = /open (\S+) and connect it/.exec(JSON.stringify(before.content))![1]!;
    expect(link).toBe(`${stack.authUrl}/auth/github`);

    await grace.open(link);
    await grace.page.getByRole("button", { name: "Connect GitHub" }).click();
    await grace.chooseAccount();
    await grace.page.getByText("You are connected as grace").waitFor();

    const after = await client.callTool({ name: "get_me", arguments: {} });
    expect(after.structuredContent).toMatchObject({ login: "grace" });
    await client.close();
  });
});

describe.each([
  ["coda", "upsert_rows", UPSERT, "coda:read", "coda:write"],
  ["github", "create_issue", { owner: "octocat", repo: "hello", title: "Hello" }, "github:read", "github:write"],
  ["firecrawl", "scrape", { url: "https://example.com/" }, "firecrawl:connect", "firecrawl:read"],
] as const)("%s", (service, tool, args, granted, needed) => {
  test("without a token it is 401, and the challenge leads to the broker (RFC 9728 section 5.1)", async () => {
    const response = await post(origin(service), undefined, tool, args);
    expect(response.status).toBe(401);
    const metadata = await fetch(challengeOf(response).resource_metadata!);
    expect(await metadata.json()).toMatchObject({
      resource: mcpUrl(service).href,
      authorization_servers: [stack.authUrl],
    });
  });

  test("with a token of another service it is 401 (RFC 8707)", async () => {
    const other = service === "coda" ? "github" : "coda";
    const response = await post(origin(service), await stack.token(other), tool, args);
    expect([response.status, challengeOf(response).error]).toEqual([401, "invalid_token"]);
  });

  test("with a token that lacks the tool's scope it is 403, and the challenge names every scope that is needed", async () => {
    const application = modern(service);
    await expect(application.connect()).rejects.toThrow("Unauthorized");
    const url = application.oauth.authorizationUrl!;
    url.searchParams.set("scope", granted);
    const page = new TestBrowser();
    const consent = await page.signIn(url.href, "ada");
    const form = { handle: field(consent.text, "handle"), decision: "approve", scope: granted };
    await application.finish(new URL((await page.submit(url.href, form)).location).searchParams);
    const response = await post(origin(service), application.oauth.tokens()!.access_token, tool, args);
    expect(response.status).toBe(403);
    const challenge = challengeOf(response);
    expect(challenge.error).toBe("insufficient_scope");
    expect(words(challenge.scope)).toEqual([granted, needed].toSorted());
  });
});
