import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LARGE_PAGE_SECTIONS } from "../../local/standins/firecrawl/site.ts";
import { createFirecrawlStandIn } from "../../local/standins/firecrawl/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import {
  call,
  challengeOf,
  clients,
  type McpClient,
  post,
  refusal,
} from "../../workers/oauth-broker/testing/service-client.ts";
import { TestBroker } from "../../workers/oauth-broker/testing/test-broker.ts";
import { tools } from "./tools.ts";

const SHARED = { SHARED_CONNECTIONS: JSON.stringify({ firecrawl: "fc-key" }) };
const log = () => {};

let broker: TestBroker;
let bundle: Uint8Array;
let origin: string;
/** Of Ada, who may scrape. */
let token: string;
// The pages are served by one stand-in and scraped by another, which has to know their port.
let pages: StandInServer;
let engine: StandInServer;
let firecrawl: ReturnType<typeof createFirecrawlStandIn>;
let site: string;

interface Output {
  url: string;
  status: number;
  title: string;
  description: string;
  language: string;
  content: { format: string; text: string }[];
  total_characters: number;
  next_cursor?: string;
  note?: string;
}

function startBroker(bindings: Record<string, string> = {}): Promise<TestBroker> {
  const apiUrl = `${engine.origin}/firecrawl`;
  return TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["firecrawl:*", "firecrawl:connect"] }],
    services: {
      firecrawl: {
        contents: bundle,
        bindings: {
          FIRECRAWL_API_URL: apiUrl,
          FIRECRAWL_ALLOWED_HOSTS: `127.0.0.1:${pages.port},127.0.0.1:9,no-such-host.invalid:80,example.com:80`,
          ...bindings,
        },
      },
    },
    config: () => ({ connections: { firecrawl: { apiUrl } } }),
    bindings: SHARED,
  });
}

beforeAll(async () => {
  const siteOnly = createFirecrawlStandIn({ keys: [{ key: "none" }], allowedHosts: [], log, slowMs: 30_000 });
  pages = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl: siteOnly.handler } });
  firecrawl = createFirecrawlStandIn({
    keys: [{ key: "fc-key" }],
    // More than the service lets through: `localhost` is a name of the same pages.
    allowedHosts: [`127.0.0.1:${pages.port}`, `localhost:${pages.port}`, "127.0.0.1:9", "no-such-host.invalid:80"],
    log,
  });
  engine = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl: firecrawl.handler } });
  site = `${pages.origin}/firecrawl/site/`;
  bundle = (await bundleWorker(import.meta.dirname)).contents;
  broker = await startBroker();
  origin = broker.serviceUrls.firecrawl!;
  token = await broker.tokenFor("ada", ["firecrawl:read"], `${origin}/mcp`);
});
afterAll(async () => {
  await broker?.close();
  await engine?.close();
  await pages?.close();
});
afterEach(() => firecrawl.faults.clear());

type Arguments = Record<string, unknown>;

const scrape = (client: McpClient, args: Arguments) => call<Output>(client, "scrape", args);
const refused = (client: McpClient, args: Arguments) => refusal(client, "scrape", args);

describe.each(clients)("with %s", (_, connect) => {
  test("scrape: is listed first with a title, as read-only, with strict input and an output schema", async () => {
    const client = await connect(origin, token);
    const { tools: listed } = await client.listTools();
    expect(listed.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    expect(listed[0]).toMatchObject({
      name: "scrape",
      title: "Read a web page",
      annotations: { readOnlyHint: true },
      inputSchema: { required: ["url"], additionalProperties: false },
      outputSchema: { type: "object" },
    });
    await client.close();
  });

  test("scrape: a page comes as markdown with what it says about itself, and where it was", async () => {
    const client = await connect(origin, token);
    const { content, ...rest } = await scrape(client, { url: `${site}old-about` });
    expect(content).toHaveLength(1);
    expect(content[0]).toMatchObject({ format: "markdown", text: expect.stringContaining("Maren Olsen") });
    expect(rest).toEqual({
      scrape: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url: `${site}about`,
      status: 200,
      title: "Who runs the harbour",
      description: "The people of the harbour of Northport",
      language: "en",
      total_characters: content[0]!.text.length,
    });
    await client.close();
  });

  test("scrape: a long page is read part by part until its end", async () => {
    const client = await connect(origin, token);
    let whole = "";
    let cursor: string | undefined;
    let parts = 0;
    do {
      const part = await scrape(client, { url: `${site}large`, limit: 100_000, cursor });
      const { text } = part.content[0]!;
      expect(text.length).toBeLessThanOrEqual(100_000);
      expect(part.note).toBeUndefined();
      whole += text;
      cursor = part.next_cursor;
      parts++;
      if (!cursor) expect(whole).toHaveLength(part.total_characters);
    } while (cursor && parts < 10);
    expect(parts).toBeGreaterThan(2);
    expect(whole.match(/^## Entry \d+$/gm)).toHaveLength(LARGE_PAGE_SECTIONS);
    await client.close();
  });

  test("scrape: a URL that is not public never reaches Firecrawl", async () => {
    const client = await connect(origin, token);
    // Firecrawl would fail at every request.
    firecrawl.faults.set({ failNext: { status: 500, times: 1 } });
    for (const [bad, words] of [
      ["http://169.254.169.254/latest/meta-data/", "not a public address"],
      [`http://localhost:${pages.port}/`, "a local name"],
      ["http://[::ffff:127.0.0.1]/", "not a public address"],
      ["https://me:secret@example.com/", "user name or password"],
      ["file:///etc/passwd", "Only http and https"],
    ] as const) {
      const message = await refused(client, { url: bad });
      expect(message).toContain(words);
      expect(message).not.toContain("secret");
    }
    expect(firecrawl.faults.current().failNext).toEqual({ status: 500, times: 1 });
    await client.close();
  });
});

describe("scrape", () => {
  let client: McpClient;
  beforeAll(async () => {
    client = await clients[0]![1](origin, token);
  });
  afterAll(() => client?.close());

  test("scrape: gives each format that is asked for once, links one per line", async () => {
    const formats = ["links", "rawHtml", "markdown", "links"];
    const { content } = await scrape(client, { url: site, formats, onlyMainContent: false });
    expect(content.map(({ format }) => format)).toEqual(["markdown", "rawHtml", "links"]);
    expect(content[0]!.text).toContain("Weather: fair");
    expect(content[1]!.text).toContain("<script>");
    expect(content[2]!.text.split("\n")).toContain(`${site}guides/arriving`);
  });

  test("scrape: is at most 20,000 characters, and goes on where it ended", async () => {
    const first = await scrape(client, { url: `${site}large` });
    expect(first.content[0]!.text.length).toBeLessThanOrEqual(20_000);
    const second = await scrape(client, { url: `${site}large`, cursor: first.next_cursor });
    const entries = (output: Output) => output.content[0]!.text.match(/(?<=^## Entry )\d+$/gm)!.map(Number);
    expect(entries(second)[0]).toBe(entries(first).at(-1)! + 1);
  });

  test("scrape: says so when the page is another one than before", async () => {
    const first = await scrape(client, { url: `${site}large`, limit: 1000 });
    const other = await scrape(client, {
      url: `${site}large`,
      limit: 1000,
      formats: ["html"],
      cursor: first.next_cursor,
    });
    expect(other.note).toContain("changed");
    expect(await refused(client, { url: `${site}about`, cursor: first.next_cursor })).toContain(
      "again without a cursor",
    );
  });

  test("scrape: gives a page of an error with its status", async () => {
    expect(await scrape(client, { url: `${site}missing` })).toMatchObject({ status: 404, title: "Not found" });
  });

  test("scrape: does not give what a redirect to an address that is not public brought", async () => {
    const hidden = `http://localhost:${pages.port}/firecrawl/site/about`;
    const message = await refused(client, { url: `${site}redirect?to=${encodeURIComponent(hidden)}` });
    expect(message).toContain(`localhost:${pages.port} cannot be read`);
    expect(message).not.toContain("Maren");
  });

  test.each([
    [
      "a page that is too slow",
      "slow",
      { timeout: 1000 },
      /^127\.0\.0\.1:\d+ did not send the page within 1000 ms\. Call scrape again with a larger timeout/,
    ],
    [
      "a name that does not resolve",
      "http://no-such-host.invalid/",
      {},
      /^There is no host no-such-host\.invalid\. Check the URL/,
    ],
    [
      "a site that is down",
      "http://127.0.0.1:9/",
      {},
      /^The page could not be loaded\. It says: .*Try another source\.$/,
    ],
    ["a file that is no page", "pier.png", {}, /^The URL leads to a kind of file that Firecrawl cannot read\./],
    ["a site that Firecrawl does not read", "http://example.com/", {}, /^Firecrawl does not read this site\./],
  ])("tells the model what to do about %s", async (_, page, more, message) => {
    expect(await refused(client, { url: new URL(page, site).href, ...more })).toMatch(message);
  });

  test.each([
    [401, /^Firecrawl does not accept the connection any more\..*\/auth\/firecrawl and connect it again/],
    [402, /^Firecrawl answered 402\. .*no credits left: ask the person/],
    [403, /^Firecrawl answered 403\. .*check its plan/],
    [429, /^Firecrawl answered 429\. .*Try again in 7 s\.$/],
    [500, /^Firecrawl answered 500\. .*Try again in a while\.$/],
  ])("tells the model what to do when Firecrawl answers %i, and asks once", async (status, message) => {
    const retryAfterSeconds = status === 429 ? { retryAfterSeconds: 7 } : {};
    firecrawl.faults.set({ failNext: { status, times: 1, ...retryAfterSeconds } });
    const told = await refused(client, { url: site });
    expect(told).toMatch(message);
    expect(told).not.toContain("fc-key");
  });

  test.each([
    ["something unknown", { url: "https://example.com/", surprise: true }, /surprise/],
    ["no URL", {}, /url/],
    ["a format that there is not", { url: "https://example.com/", formats: ["poster"] }, /formats/],
    ["a cursor of its own making", { url: "https://example.com/", cursor: "5" }, /cursor/],
  ])("takes no arguments with %s", async (_, args, message) => {
    expect(await refused(client, args)).toMatch(message);
  });
});

test("with a wrong list of allowed hosts nothing is read, and the entry is named", async () => {
  const other = await startBroker({ FIRECRAWL_ALLOWED_HOSTS: "localhost" });
  try {
    const url = other.serviceUrls.firecrawl!;
    const client = await clients[0]![1](url, await other.tokenFor("ada", ["firecrawl:read"], `${url}/mcp`));
    const told = await refused(client, { url: "https://example.com/" });
    expect(told).toContain('FIRECRAWL_ALLOWED_HOSTS is wrong: "localhost" is not host:port');
    await client.close();
  } finally {
    await other.close();
  }
});

describe("who may scrape", () => {
  // Firecrawl would fail at every request.
  beforeEach(() => firecrawl.faults.set({ failNext: { status: 500, times: 1 } }));
  afterEach(() => expect(firecrawl.faults.current().failNext?.times).toBe(1));

  test.each([
    ["no token", undefined],
    ["a wrong token", "a:wrong:token"],
  ])("%s is answered 401, naming the resource metadata (RFC 9728 section 5.1)", async (_, wrong) => {
    const response = await post(origin, wrong, "scrape", { url: site });
    expect(response.status).toBe(401);
    const challenge = challengeOf(response);
    expect(challenge.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(challenge.error).toBe(wrong && "invalid_token");
  });

  test("a token without its scope is answered 403, naming all that a new token needs (RFC 6750 section 3.1)", async () => {
    const scope = "firecrawl:connect";
    const { token } = await broker.grant("ada", [scope], { resource: `${origin}/mcp`, scope });
    const response = await post(origin, token, "scrape", { url: site });
    expect(response.status).toBe(403);
    const challenge = challengeOf(response);
    expect(challenge.error).toBe("insufficient_scope");
    expect(challenge.scope!.split(" ").toSorted()).toEqual([scope, "firecrawl:read"]);
  });

  test("without a connection the model is told where the person connects Firecrawl", async () => {
    await broker.reconfigure({}, { SHARED_CONNECTIONS: "{}" });
    try {
      const client = await clients[0]![1](origin, token);
      expect(await refused(client, { url: site })).toBe(
        `Firecrawl is not connected yet. Ask the person to open ${broker.issuer}/auth/firecrawl and connect it, then try again.`,
      );
      await client.close();
    } finally {
      await broker.reconfigure({}, SHARED);
    }
  });
});

test("an engine of one's own that lacks an endpoint is not asked again, and the tools that it has work", async () => {
  const old = await serveStandIns({
    host: "127.0.0.1",
    port: 0,
    standIns: {
      // As Express answers what it has no route for.
      firecrawl: async (request) =>
        /\/v2\/extract$/.test(new URL(request.url).pathname)
          ? Response.json({ success: true })
          : /\/v2\/agent$/.test(new URL(request.url).pathname)
            ? new Response("<!DOCTYPE html><pre>Cannot POST /v2/agent</pre>", { status: 404 })
            : firecrawl.handler(request),
    },
  });
  const other = await startBroker({ FIRECRAWL_API_URL: `${old.origin}/firecrawl` });
  try {
    const url = other.serviceUrls.firecrawl!;
    const scopes = ["firecrawl:read", "firecrawl:crawl"];
    const client = await clients[0]![1](url, await other.tokenFor("ada", scopes, `${url}/mcp`));
    expect(await refusal(client, "agent", { prompt: "Who runs the harbour?" })).toBe(
      "Firecrawl answered 404: the engine behind this server does not have POST /v2/agent. Do without this tool; trying again does not help.",
    );
    expect(await refusal(client, "extract", { prompt: "Who runs the harbour?" })).toBe(
      "Firecrawl answered 200 without an id. Look at credit_usage before you try again.",
    );
    expect(await scrape(client, { url: site })).toMatchObject({ title: "Harbour Handbook" });
    await client.close();
  } finally {
    await other.close();
    await old.close();
  }
});

test("the bundle is at most 250 KB gzipped", () => {
  expect(gzipSync(bundle).length).toBeLessThan(250_000);
});

test("/health tells who answers, and the resource metadata which scopes the tools need", async () => {
  const health = await fetch(`${origin}/health`);
  expect(health.headers.get("x-served-by")).toBe("workers");
  expect(await health.json()).toMatchObject({ status: "ok", service: "firecrawl", placement: "workers" });
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(await metadata.json()).toMatchObject({
    resource_name: "Firecrawl",
    scopes_supported: ["firecrawl:read", "firecrawl:crawl"],
  });
});
