import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LARGE_PAGE_SECTIONS } from "../../local/standins/firecrawl/site.ts";
import { createFirecrawlStandIn } from "../../local/standins/firecrawl/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";

const TOKEN = "a-bearer-token-for-the-test";
const authorized = { requestInit: { headers: { authorization: `Bearer ${TOKEN}` } } };
const log = () => {};

let worker: Miniflare;
let bundle: Uint8Array;
let url: URL;
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

const bindings = (more: Record<string, string> = {}) => ({
  VERSION: "1.2.3+test",
  PLACEMENT: "workers",
  PUBLIC_URL: "https://firecrawl-mcp.example.com",
  BEARER_TOKEN: TOKEN,
  FIRECRAWL_API_URL: `${engine.origin}/firecrawl`,
  FIRECRAWL_API_KEY: "fc-key",
  FIRECRAWL_ALLOWED_HOSTS: `127.0.0.1:${pages.port},127.0.0.1:9,no-such-host.invalid:80,example.com:80`,
  ...more,
});

const script = (more?: Record<string, string>) => ({
  modules: [{ type: "ESModule" as const, path: "worker.js", contents: bundle }],
  compatibilityDate: "2026-07-01",
  bindings: bindings(more),
});

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
  worker = new Miniflare(script());
  url = await worker.ready;
});
afterAll(async () => {
  await worker.dispose();
  await engine.close();
  await pages.close();
});
afterEach(() => firecrawl.faults.clear());

async function modern(to = url): Promise<ModernClient> {
  const client = new ModernClient({ name: "test", version: "1" });
  await client.connect(new ModernTransport(new URL("/mcp", to), authorized));
  return client;
}

async function legacy(): Promise<LegacyClient> {
  const client = new LegacyClient({ name: "test", version: "1" });
  await client.connect(new LegacyTransport(new URL("/mcp", url), authorized));
  return client;
}

type Arguments = Record<string, unknown>;

/** Calls `scrape`, which has to succeed. */
async function scrape(client: ModernClient | LegacyClient, args: Arguments): Promise<Output> {
  const result = await client.callTool({ name: "scrape", arguments: args });
  expect(result.isError, text(result)).toBeFalsy();
  return result.structuredContent as unknown as Output;
}

/** Calls `scrape`, which has to fail. @returns what the model is told */
async function refused(client: ModernClient | LegacyClient, args: Arguments): Promise<string> {
  const result = await client.callTool({ name: "scrape", arguments: args });
  expect(result.isError, text(result)).toBe(true);
  return text(result);
}

const text = (result: object) => (result as { content: { text: string }[] }).content[0]!.text;

describe.each([
  ["the v2 SDK's client", modern],
  ["the v1 SDK's client", legacy],
])("with %s", (_, connect) => {
  test("the tool is listed with a title, as read-only, with strict input and an output schema", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(1);
    expect(tools[0]).toMatchObject({
      name: "scrape",
      title: "Read a web page",
      annotations: { readOnlyHint: true },
      inputSchema: { required: ["url"], additionalProperties: false },
      outputSchema: { type: "object" },
    });
    await client.close();
  });

  test("a page comes as markdown with what it says about itself, and where it was", async () => {
    const client = await connect();
    const { content, ...rest } = await scrape(client, { url: `${site}old-about` });
    expect(content).toHaveLength(1);
    expect(content[0]).toMatchObject({ format: "markdown", text: expect.stringContaining("Maren Olsen") });
    expect(rest).toEqual({
      url: `${site}about`,
      status: 200,
      title: "Who runs the harbour",
      description: "The people of the harbour of Northport",
      language: "en",
      total_characters: content[0]!.text.length,
    });
    await client.close();
  });

  test("a long page is read part by part until its end", async () => {
    const client = await connect();
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

  test("a URL that is not public never reaches Firecrawl", async () => {
    const client = await connect();
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
  let client: ModernClient;
  beforeAll(async () => {
    client = await modern();
  });
  afterAll(() => client.close());

  test("gives each format that is asked for once, links one per line", async () => {
    const formats = ["links", "rawHtml", "markdown", "links"];
    const { content } = await scrape(client, { url: site, formats, onlyMainContent: false });
    expect(content.map(({ format }) => format)).toEqual(["markdown", "rawHtml", "links"]);
    expect(content[0]!.text).toContain("Weather: fair");
    expect(content[1]!.text).toContain("<script>");
    expect(content[2]!.text.split("\n")).toContain(`${site}guides/arriving`);
  });

  test("is at most 20,000 characters, and goes on where it ended", async () => {
    const first = await scrape(client, { url: `${site}large` });
    expect(first.content[0]!.text.length).toBeLessThanOrEqual(20_000);
    const second = await scrape(client, { url: `${site}large`, cursor: first.next_cursor });
    const entries = (output: Output) => output.content[0]!.text.match(/(?<=^## Entry )\d+$/gm)!.map(Number);
    expect(entries(second)[0]).toBe(entries(first).at(-1)! + 1);
  });

  test("says so when the page is another one than before", async () => {
    const first = await scrape(client, { url: `${site}large`, limit: 1000 });
    const other = await scrape(client, {
      url: `${site}large`,
      limit: 1000,
      formats: ["html"],
      cursor: first.next_cursor,
    });
    expect(other.note).toContain("changed");
    expect(await refused(client, { url: `${site}about`, cursor: first.next_cursor })).toContain("without a cursor");
  });

  test("gives a page of an error with its status", async () => {
    expect(await scrape(client, { url: `${site}missing` })).toMatchObject({ status: 404, title: "Not found" });
  });

  test("does not give what a redirect to an address that is not public brought", async () => {
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
    [401, /^Firecrawl answered 401\. .*API key is wrong/],
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
    ["a format that there is not", { url: "https://example.com/", formats: ["screenshot"] }, /formats/],
    ["a cursor of its own making", { url: "https://example.com/", cursor: "5" }, /cursor/],
  ])("takes no arguments with %s", async (_, args, message) => {
    expect(await refused(client, args)).toMatch(message);
  });
});

describe("a deployment", () => {
  /** Makes one call of the service with other settings, which has to fail. @returns what the model is told */
  async function toldBy(more: Record<string, string>, args: Arguments) {
    const other = new Miniflare(script(more));
    try {
      const client = await modern(await other.ready);
      const told = await refused(client, args);
      await client.close();
      return told;
    } finally {
      await other.dispose();
    }
  }

  test("with a wrong list of allowed hosts reads nothing and names the entry", async () => {
    const told = await toldBy({ FIRECRAWL_ALLOWED_HOSTS: "localhost" }, { url: "https://example.com/" });
    expect(told).toContain('FIRECRAWL_ALLOWED_HOSTS is wrong: "localhost" is not host:port');
  });

  test("with a key that Firecrawl does not know says whose part it is", async () => {
    expect(await toldBy({ FIRECRAWL_API_KEY: "fc-other" }, { url: site })).toContain(
      "Its API key is wrong or was revoked",
    );
  });

  test("whose Firecrawl cannot be reached, or is something else, says so", async () => {
    const gone = await toldBy({ FIRECRAWL_API_URL: "http://127.0.0.1:9" }, { url: site });
    expect(gone).toBe("Firecrawl did not answer (unreachable). Try again in a while.");
    const other = await toldBy({ FIRECRAWL_API_URL: `${pages.origin}/firecrawl/site` }, { url: site });
    expect(other).toBe("Firecrawl answered 404 with something that is not its own. Try again in a while.");
  });
});

test("the bundle is at most 250 KB gzipped", () => {
  expect(gzipSync(bundle).length).toBeLessThan(250_000);
});

test("/health tells who answers, and /mcp wants a bearer token", async () => {
  const health = await fetch(new URL("/health", url));
  expect(health.headers.get("x-served-by")).toBe("workers");
  expect(await health.json()).toMatchObject({ status: "ok", service: "firecrawl", placement: "workers" });
  expect((await fetch(new URL("/mcp", url), { method: "POST", body: "{}" })).status).toBe(401);
});
