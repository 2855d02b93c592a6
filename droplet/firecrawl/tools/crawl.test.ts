import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { postAndLeave } from "../../../workers/mcp-gateway/testing/gateway-clients.ts";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Status {
  status: string;
  completed: number;
  total: number;
  credits_used: number;
  documents: {
    document: number;
    url: string;
    title?: string;
    content: { format: string; text: string }[];
    total_characters: number;
  }[];
  next_cursor?: string;
  note?: string;
}

interface Document {
  url: string;
  content: { format: string; text: string }[];
  total_characters: number;
  next_cursor?: string;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start({ pagesPerLook: 2 });
  ({ site } = firecrawl);
});
afterEach(() => {
  firecrawl.harness.faults.clear();
  expect(firecrawl.problems.splice(0)).toEqual([]);
});
afterAll(() => firecrawl?.close());

const start = async (args: Record<string, unknown> = {}) =>
  (await firecrawl.call<{ id: string }>("crawl", { url: site, ...args })).id;
const status = (id: string, args: Record<string, unknown> = {}) =>
  firecrawl.call<Status>("crawl_status", { id, ...args });
const paths = ({ documents }: Status) => documents.map(({ url }) => url.replace(site, ""));

test("crawl: gives an id at once, and crawl_status tells how it goes on until all pages are there", async () => {
  const id = await start();
  const first = await status(id);
  expect(first).toMatchObject({ status: "scraping", completed: 2, total: 4 });
  expect(first.next_cursor).toBe("2");
  const second = await status(id);
  expect(second).toMatchObject({ status: "completed", completed: 4, total: 4, credits_used: 4 });
  expect(paths(second)).toEqual(["", "guides/arriving", "tides", "about"]);
  expect(second.documents[3]).toMatchObject({
    document: 3,
    title: "Who runs the harbour",
    content: [{ format: "markdown" }],
  });
  expect(second.next_cursor).toBeUndefined();
});

test("crawl: reads no more pages, and no others, than it is asked to", async () => {
  const all = async (args: Record<string, unknown>) => paths(await status(await start(args), { wait_seconds: 10 }));
  expect(await all({ limit: 1 })).toEqual([""]);
  expect(await all({ includePaths: ["/guides/"] })).toEqual(["", "guides/arriving"]);
  expect(await all({ excludePaths: ["tides$"], maxDiscoveryDepth: 1 })).toEqual(["", "guides/arriving", "about"]);
});

test("crawl: takes data from each page in the forms that are asked for", async () => {
  const schema = { type: "object", properties: { piers: { type: "number" } } };
  const id = await start({ limit: 1, formats: ["links", "summary"], json: { schema } });
  const { documents } = await status(id);
  const content = Object.fromEntries(documents[0]!.content.map(({ format, text }) => [format, text]));
  expect(content.links!.split("\n")).toContain(`${site}tides`);
  expect(content.summary).toMatch(/^Northport has/);
  expect(JSON.parse(content.json!)).toEqual({ piers: 3 });
});

test("crawl_status: gives pages in parts by cursor, while it is running too", async () => {
  const id = await start();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const part = await status(id, { limit: 1, cursor });
    expect(part.documents.length).toBeLessThanOrEqual(1);
    seen.push(...paths(part));
    cursor = part.next_cursor;
  } while (cursor);
  expect(seen).toEqual(["", "guides/arriving", "tides", "about"]);
});

test("crawl_status: waits until it is done when it is told to, and tells how far it is", async () => {
  const id = await start();
  const told: { progress: number; total?: number; message?: string }[] = [];
  const done = await firecrawl.call<Status>("crawl_status", { id, wait_seconds: 20 }, (each) => told.push(each));
  expect(done).toMatchObject({ status: "completed", documents: { length: 4 } });
  expect(told).toEqual([{ progress: 2, total: 4, message: "2 of 4 pages" }]);
});

test("crawl_status: cuts long pages, and read_document gives the rest of one", async () => {
  const id = await start({ url: `${site}large`, limit: 1 });
  const { documents } = await status(id);
  const [page] = documents;
  expect(page!.content[0]!.text.length).toBeLessThanOrEqual(2000);
  expect(page!.total_characters).toBeGreaterThan(250_000);
  let whole = "";
  let cursor: string | undefined;
  do {
    const args = { of: "crawl", id, document: 0, limit: 100_000, cursor };
    const part = await firecrawl.call<Document>("read_document", args);
    whole += part.content[0]!.text;
    cursor = part.next_cursor;
  } while (cursor);
  expect(whole).toHaveLength(page!.total_characters);
  expect(whole.startsWith(page!.content[0]!.text)).toBe(true);
});

test("crawl_status: all pages together stay small enough for a model", async () => {
  const urls = Array.from({ length: 12 }, (_, index) => `${site}large?${index}`);
  const { id } = await firecrawl.call<{ id: string }>("batch_scrape", { urls });
  const args = { id, limit: 12, characters: 10_000, wait_seconds: 20 };
  const { documents } = await firecrawl.call<Status>("batch_scrape_status", args);
  expect(documents).toHaveLength(12);
  expect(JSON.stringify(documents).length).toBeLessThan(60_000);
});

test("crawl_status: a page that led to an address that is not public is not given, nor by read_document", async () => {
  const id = await start({ url: `${site}traps/` });
  const done = await status(id, { wait_seconds: 10 });
  expect(done.documents.map(({ title }) => title)).toEqual(["Traps", "A safe page"]);
  expect(JSON.stringify(done)).not.toContain("Maren");
  expect(done.note).toBe("Document 2 is not given: it came from an address that is not public.");
  const told = await firecrawl.refused("read_document", { of: "crawl", id, document: 2 });
  expect(told).toBe("Document 2 is not given: it came from an address that is not public.");
});

test("crawl_status: when the client goes away, Firecrawl is not waited for any longer", async () => {
  const { harness, givenUp } = firecrawl;
  const id = await start();
  harness.arrived.length = 0;
  harness.faults.set({ hang: true });
  const args = { id, wait_seconds: 30 };
  const client = postAndLeave(harness.origin, await harness.token(), "tools/call", {
    name: "crawl_status",
    arguments: args,
  });
  await vi.waitFor(() => expect(harness.arrived).toHaveLength(1));
  client.leave();
  await vi.waitFor(() => expect(givenUp).toEqual([`/firecrawl/v2/crawl/${id}`]));
  harness.faults.clear();
  expect(await status(id, { wait_seconds: 10 })).toMatchObject({ status: "completed" });
});

test("crawl_errors: lists what could not be read, and why, in parts", async () => {
  const id = await start({ url: `${site}traps/` });
  await status(id, { wait_seconds: 10 });
  const first = await firecrawl.call<{ errors: object[]; next_cursor?: string }>("crawl_errors", { id, limit: 1 });
  expect(first).toMatchObject({
    errors: [{ url: `${site}traps/pier.png`, code: "SCRAPE_UNSUPPORTED_FILE_ERROR" }],
    robots_blocked: [],
    next_cursor: "1",
  });
  const second = await firecrawl.call("crawl_errors", { id, cursor: first.next_cursor });
  expect(second).toMatchObject({ errors: [{ url: `${site}traps/loop`, code: "SCRAPE_SITE_ERROR" }] });
});

test("list_active_crawls: has a crawl until it is cancelled", async () => {
  const id = await start({ limit: 3 });
  const ids = async () => {
    const { crawls } = await firecrawl.call<{ crawls: { id: string; url: string }[] }>("list_active_crawls");
    return crawls.map((each) => each.id);
  };
  expect(await ids()).toContain(id);
  await firecrawl.call("cancel_crawl", { id });
  expect(await ids()).not.toContain(id);
});

test("cancel_crawl: says what would be lost, and then does it, once", async () => {
  const id = await start();
  expect(await firecrawl.call("cancel_crawl", { id, dry_run: true })).toEqual({
    would:
      "Cancels the crawl after 2 of 4 known pages. The others are not read; those that are done are kept and paid for.",
  });
  expect(await firecrawl.call("cancel_crawl", { id })).toEqual({ id, cancelled: true });
  expect(await status(id)).toMatchObject({ status: "cancelled", documents: { length: 2 } });
  expect(await firecrawl.call("cancel_crawl", { id, dry_run: true })).toEqual({
    would: "Nothing: the crawl is cancelled already.",
  });
  expect(await firecrawl.refused("cancel_crawl", { id })).toMatch(/^Firecrawl answered 409\. .*Look at its state/);
});

test("cancel_crawl: of a crawl that there is not says so", async () => {
  expect(await firecrawl.refused("cancel_crawl", { id: "no-such-crawl" })).toMatch(
    /There is no such crawl: check the id/,
  );
});

test("preview_crawl: makes options of words, which crawl takes", async () => {
  const prompt = "Only the guides, at most 7 pages";
  const { options } = await firecrawl.call<{ options: Record<string, unknown> }>("preview_crawl", {
    url: site,
    prompt,
  });
  expect(options).toEqual({ limit: 7, includePaths: [expect.stringContaining("guides")], crawlEntireDomain: false });
  expect(paths(await status(await start(options), { wait_seconds: 10 }))).toEqual(["", "guides/arriving"]);
});

test("crawl: is asked for once, and when it is not answered the model is told where to look", async () => {
  firecrawl.harness.faults.set({ failNext: { status: 502, times: 1 } });
  const told = await firecrawl.refused("crawl", { url: site });
  expect(told).toContain("502");
  firecrawl.harness.faults.set({ garbage: true });
  expect(await firecrawl.refused("crawl", { url: site })).toContain("list_active_crawls");
});

test("crawl: and everything else that is not for pages can be left out by a client", async () => {
  const { harness } = firecrawl;
  const headers = { authorization: `Bearer ${await harness.token()}`, "x-mcp-toolsets": "pages" };
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL("/mcp", harness.origin), { requestInit: { headers } }),
  );
  const names = (await client.listTools()).tools.map(({ name }) => name);
  await client.close();
  expect(names).toEqual(["scrape", "search", "map"]);
});

test("crawl: needs the scope for whole sites, its status the one for pages", async () => {
  const reader = await firecrawl.harness.client(["firecrawl:read"]);
  await expect(reader.callTool({ name: "crawl", arguments: { url: site } })).rejects.toThrow();
  const id = await start({ limit: 1 });
  const result = await reader.callTool({ name: "crawl_status", arguments: { id } });
  expect(result.isError).toBeFalsy();
});
