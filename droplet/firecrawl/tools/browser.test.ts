import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const scraped = async () => (await firecrawl.call<{ scrape: string }>("scrape", { url: site })).scrape;
const open = async () => (await firecrawl.call<{ id: string }>("open_browser", { ttl: 60 })).id;

test("interact: acts on a page that was read, call after call, until stop_interact", async () => {
  const scrape = await scraped();
  const clicked = await firecrawl.call<object>("interact", { scrape, prompt: "Click the tides. When is high water?" });
  expect(clicked).toMatchObject({ ok: true, output: expect.stringMatching(/high water/i) });
  const title = await firecrawl.call("interact", { scrape, code: "await page.title()" });
  expect(title).toMatchObject({ ok: true, result: "Tides" });
  expect(await firecrawl.call("stop_interact", { scrape, dry_run: true })).toEqual({
    would: "Closes the browser; what is filled in and not sent is lost, and so is being signed in.",
  });
  expect(await firecrawl.call("stop_interact", { scrape })).toMatchObject({ closed: true, credits_billed: 1 });
  expect(await firecrawl.refused("interact", { scrape, prompt: "Go on" })).toMatch(
    /410\..*It is over: begin a new one/,
  );
});

test("interact: never tells the address by which the browser is driven", async () => {
  const answer = await firecrawl.call<object>("interact", { scrape: await scraped(), code: "page.url()" });
  expect(answer).toMatchObject({ live_view: expect.stringContaining("https://liveview") });
  expect(JSON.stringify(answer)).not.toContain("secret-of");
});

test("interact: cuts what is too long, and says so", async () => {
  const code = `await page.goto("${site}large"); await page.content()`;
  const { result, note } = await firecrawl.call<{ result: string; note: string }>("interact", {
    scrape: await scraped(),
    code,
  });
  expect(result).toHaveLength(12_000);
  expect(note).toContain("print less");
});

test("interact: takes a prompt or code, one of them, and a scrape that there is", async () => {
  const scrape = await scraped();
  expect(await firecrawl.refused("interact", { scrape })).toContain("Give a prompt or code");
  expect(await firecrawl.refused("interact", { scrape, prompt: "Go", code: "page.url()" })).toContain("one of them");
  expect(await firecrawl.refused("interact", { scrape: "no-such-scrape", prompt: "Go" })).toContain("no such scrape");
});

test("interact: and run_in_browser do not begin with an address in their words that is not public", async () => {
  const scrape = await scraped();
  const browser = await open();
  firecrawl.harness.arrived.length = 0;
  for (const [name, args] of [
    ["interact", { scrape, prompt: "Open http://169.254.169.254/latest/meta-data/" }],
    ["interact", { scrape, code: "await page.goto('http://[::ffff:10.0.0.1]/')" }],
    ["run_in_browser", { browser, code: "curl http://0177.0.0.1:8080/", language: "bash" }],
  ] as const) {
    expect(await firecrawl.refused(name, args)).toContain("cannot be read: it is not a public address");
  }
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("stop_interact: of a page that nobody has acted on says so", async () => {
  expect(await firecrawl.refused("stop_interact", { scrape: await scraped() })).toContain(
    "no such browser of this scrape",
  );
});

test("open_browser: opens one that list_browsers has, until close_browser", async () => {
  const browser = await open();
  const ids = async (args = {}) => {
    const { browsers } = await firecrawl.call<{ browsers: { id: string }[] }>("list_browsers", args);
    return browsers.map(({ id }) => id);
  };
  expect(await ids()).toContain(browser);
  const { would } = await firecrawl.call<{ would: string }>("close_browser", { browser, dry_run: true });
  expect(would).toMatch(/^Closes the browser, which was last used at \d{4}-.* is lost\.$/);
  expect(await firecrawl.call("close_browser", { browser })).toMatchObject({ closed: true });
  expect(await ids()).not.toContain(browser);
  expect(await ids({ status: "destroyed" })).toContain(browser);
});

test("list_browsers: gives them in parts, without the address by which one is driven", async () => {
  await open();
  await open();
  const first = await firecrawl.call<{ next_cursor: string }>("list_browsers", { limit: 1 });
  expect(first).toMatchObject({ browsers: { length: 1 }, next_cursor: "1" });
  const second = await firecrawl.call<object>("list_browsers", { limit: 1, cursor: first.next_cursor });
  expect(second).toMatchObject({ browsers: { length: 1 } });
  expect(JSON.stringify([first, second])).not.toContain("secret-of");
});

test("run_in_browser: gives the value of code, and what went wrong with it", async () => {
  const browser = await open();
  const code = `await page.goto("${site}about"); await page.title()`;
  expect(await firecrawl.call("run_in_browser", { browser, code })).toMatchObject({
    ok: true,
    result: "Who runs the harbour",
  });
  const failed = await firecrawl.call("run_in_browser", { browser, code: "fly()" });
  expect(failed).toMatchObject({ ok: false, stderr: expect.stringContaining("fly()") });
});

test("close_browser: of one that is not open does nothing", async () => {
  expect(await firecrawl.call("close_browser", { browser: "no-such-browser", dry_run: true })).toEqual({
    would: "Nothing: there is no open browser with this id.",
  });
  expect(await firecrawl.refused("close_browser", { browser: "no-such-browser" })).toContain("no such browser");
});
