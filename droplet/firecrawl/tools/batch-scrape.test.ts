import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Status {
  status: string;
  completed: number;
  documents: { document: number; url: string; title?: string; content: { text: string }[] }[];
  next_cursor?: string;
  note?: string;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start({ pagesPerLook: 1 });
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const start = async (pages: string[], args: Record<string, unknown> = {}) => {
  const urls = pages.map((page) => new URL(page, site).href);
  return (await firecrawl.call<{ id: string }>("batch_scrape", { urls, ...args })).id;
};
const status = (id: string, args: Record<string, unknown> = {}) =>
  firecrawl.call<Status>("batch_scrape_status", { id, ...args });

test("batch_scrape: gives an id at once, and batch_scrape_status the pages as they come", async () => {
  const id = await start(["about", "tides"]);
  expect(await status(id)).toMatchObject({
    status: "scraping",
    completed: 1,
    documents: [{ title: "Who runs the harbour" }],
  });
  const done = await status(id);
  expect(done).toMatchObject({ status: "completed", completed: 2, total: 2 });
  expect(done.documents.map(({ title }) => title)).toEqual(["Who runs the harbour", "Tides"]);
});

test("batch_scrape: does not begin when one of its addresses is not public", async () => {
  firecrawl.harness.arrived.length = 0;
  const told = await firecrawl.refused("batch_scrape", { urls: [`${site}about`, "http://169.254.169.254/"] });
  expect(told).toContain("169.254.169.254 cannot be read: it is not a public address");
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("batch_scrape_status: goes on by cursor, and leaves out what led to an address that is not public", async () => {
  const hidden = `redirect?to=${encodeURIComponent(site.replace("127.0.0.1", "localhost"))}about`;
  const id = await start(["tides", hidden, ""]);
  const all = await status(id, { wait_seconds: 20 });
  expect(all.documents.map(({ document }) => document)).toEqual([0, 2]);
  expect(all.note).toBe("Document 1 is not given: it came from an address that is not public.");
  const rest = await status(id, { cursor: "2" });
  expect(rest.documents).toMatchObject([{ document: 2, title: "Harbour Handbook" }]);
});

test("batch_scrape_errors: lists what could not be read, and why", async () => {
  const id = await start(["pier.png", "about"]);
  await status(id, { wait_seconds: 20 });
  expect(await firecrawl.call("batch_scrape_errors", { id })).toMatchObject({
    errors: [
      { url: `${site}pier.png`, code: "SCRAPE_UNSUPPORTED_FILE_ERROR", error: expect.stringContaining("image/png") },
    ],
  });
});

test("cancel_batch_scrape: says what would be lost, keeps what was read, and leaves the rest", async () => {
  const id = await start(["about", "tides", "large", ""]);
  const dry = await firecrawl.call("cancel_batch_scrape", { id, dry_run: true });
  expect(dry).toEqual({
    would:
      "Cancels the batch after 1 of 4 known pages. The others are not read; those that are done are kept and paid for.",
  });
  expect(await firecrawl.call("cancel_batch_scrape", { id })).toEqual({ id, cancelled: true });
  expect(await status(id)).toMatchObject({ status: "cancelled", documents: [{ title: "Who runs the harbour" }] });
});

test("read_document: gives a page of a batch by its number, in every form that was asked for", async () => {
  const id = await start(["about", ""], { formats: ["markdown", "links", "images"] });
  await status(id, { wait_seconds: 20 });
  const page = await firecrawl.call<{ content: { format: string; text: string }[] }>("read_document", {
    of: "batch_scrape",
    id,
    document: 1,
  });
  expect(page.content.map(({ format }) => format)).toEqual(["markdown", "links", "images"]);
  expect(page.content[2]!.text).toBe(`${site}pier.png`);
  const told = await firecrawl.refused("read_document", { of: "batch_scrape", id, document: 9 });
  expect(told).toBe("There is no document 9 yet. Ask batch_scrape_status which there are.");
});
