import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Status {
  status: string;
  data?: unknown;
  data_part?: string;
  next_cursor?: string;
  sources?: Record<string, string[]>;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start({ pagesPerLook: 2 });
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const schema = { type: "object", properties: { harbour_master: { type: "string" }, piers: { type: "number" } } };

const start = async (args: Record<string, unknown>) => (await firecrawl.call<{ id: string }>("extract", args)).id;
const status = (id: string, args: Record<string, unknown> = {}) =>
  firecrawl.call<Status>("extract_status", { id, ...args });

test("extract: fills a schema from all pages of a site, and extract_status says from which each is", async () => {
  const id = await start({ urls: [`${site}*`], schema });
  expect(await status(id)).toMatchObject({ status: "processing" });
  const done = await status(id, { wait_seconds: 20 });
  expect(done).toMatchObject({ status: "completed", data: { harbour_master: "Maren Olsen", piers: 3 } });
  expect(done.sources).toEqual({ harbour_master: [`${site}about`], piers: [site] });
});

test("extract: answers a prompt", async () => {
  const id = await start({ urls: [`${site}about`], prompt: "Who is the harbour master?" });
  const { data } = await status(id, { wait_seconds: 20 });
  expect(data).toEqual({ answer: expect.stringContaining("Maren Olsen") });
});

test("extract_status: gives long data in parts", async () => {
  const names = Array.from({ length: 120 }, (_, index) => `a_field_with_a_long_name_${index}`);
  const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  const id = await start({ urls: [`${site}about`], schema: { type: "object", properties } });
  let text = "";
  let cursor: string | undefined;
  do {
    const part = await status(id, { limit: 1000, cursor, wait_seconds: 20 });
    expect(part.data_part!.length).toBeLessThanOrEqual(1000);
    text += part.data_part;
    cursor = part.next_cursor;
  } while (cursor);
  expect(Object.keys(JSON.parse(text))).toEqual(names);
});

test("extract_status: does not give what came from an address that is not public", async () => {
  const id = await start({ urls: [`${site}traps/inside`], schema });
  const told = await firecrawl.refused("extract_status", { id, wait_seconds: 20 });
  expect(told).toBe("What was found is not given: some of it came from an address that is not public.");
});

test("extract: takes no address that is not public, in whatever field it is", async () => {
  firecrawl.harness.arrived.length = 0;
  for (const [args, words] of [
    [{ urls: [site, "http://2130706433/*"], schema }, "127.0.0.1 cannot be read"],
    [{ urls: [site], prompt: "Compare it with http://10.0.0.1/admin" }, "10.0.0.1 cannot be read"],
    [{ urls: [site], schema, webhook: { url: "http://metadata.google.internal/" } }, "it is a local name"],
  ] as const) {
    expect(await firecrawl.refused("extract", args)).toContain(words);
  }
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("extract: says why it failed", async () => {
  const id = await start({ urls: [`${site}pier.png`], schema });
  const failed = await status(id, { wait_seconds: 20 });
  expect(failed).toMatchObject({ status: "failed", error: expect.stringContaining("image/png") });
});
