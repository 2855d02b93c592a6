import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Check {
  check: string;
  status: string;
  summary: Record<string, number>;
  pages: { url: string; status: string; difference?: string; total_characters?: number }[];
  next_cursor?: string;
  note?: string;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const create = async (args: Record<string, unknown> = {}) => {
  const targets = [{ type: "scrape", urls: [`${site}tides`, site] }];
  const made = await firecrawl.call<{ id: string }>("create_monitor", {
    name: "Tides",
    schedule: { text: "every 30 minutes" },
    targets,
    ...args,
  });
  return made.id;
};
const run = async (monitor: string) => (await firecrawl.call<Check>("run_monitor", { monitor })).check;
const look = (monitor: string, check: string, args = {}) =>
  firecrawl.call<Check>("get_monitor_check", { monitor, check, ...args });

test("create_monitor: makes one that get_monitor gives as it was asked for", async () => {
  const monitor = await create({
    targets: [
      { type: "crawl", url: site, limit: 2 },
      { type: "search", queries: ["harbour news"], searchWindow: "24h", includeDomains: ["example.com"] },
    ],
    goal: "Changes of the rules",
    email_recipients: ["ada@example.com"],
    webhook: { url: "https://example.com/hook", events: ["monitor.check.completed"] },
  });
  expect(await firecrawl.call("get_monitor", { monitor })).toMatchObject({
    name: "Tides",
    status: "active",
    schedule: { cron: "*/30 * * * *", timezone: "UTC" },
    targets: [
      { type: "crawl", url: site, crawlOptions: { limit: 2 } },
      { type: "search", queries: ["harbour news"] },
    ],
    goal: "Changes of the rules",
    webhook_url: "https://example.com/hook",
    email_recipients: ["ada@example.com"],
  });
});

test("create_monitor: and update_monitor take no address that is not public, in whatever field it is", async () => {
  const monitor = await create();
  firecrawl.harness.arrived.length = 0;
  for (const change of [
    { targets: [{ type: "scrape", urls: [site, "http://10.0.0.1/"] }] },
    { targets: [{ type: "crawl", url: "http://[fd00::1]/" }] },
    { targets: [{ type: "search", queries: ["x"], includeDomains: ["printer.local"] }] },
    { webhook: { url: "http://127.1/" } },
  ]) {
    const made = {
      name: "Inside",
      schedule: { text: "hourly" },
      targets: [{ type: "scrape", urls: [site] }],
      ...change,
    };
    expect(await firecrawl.refused("create_monitor", made)).toContain("cannot be read");
    expect(await firecrawl.refused("update_monitor", { monitor, ...change })).toContain("cannot be read");
  }
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("list_monitors: has them in parts, the newest first", async () => {
  const older = await create({ name: "Older" });
  const newer = await create({ name: "Newer" });
  const first = await firecrawl.call<{ monitors: object[]; next_cursor: string }>("list_monitors", { limit: 1 });
  expect(first.monitors).toMatchObject([{ id: newer, name: "Newer", cron: "*/30 * * * *" }]);
  const second = await firecrawl.call("list_monitors", { limit: 1, cursor: first.next_cursor });
  expect(second).toMatchObject({ monitors: [{ id: older }] });
});

test("update_monitor: changes what is given and leaves the rest", async () => {
  const monitor = await create();
  await firecrawl.call("update_monitor", {
    monitor,
    name: "Water",
    schedule: { cron: "0 6 * * *", timezone: "Europe/Oslo" },
  });
  expect(await firecrawl.call("get_monitor", { monitor })).toMatchObject({
    name: "Water",
    status: "active",
    schedule: { cron: "0 6 * * *", timezone: "Europe/Oslo" },
    targets: [{ type: "scrape", urls: [`${site}tides`, site] }],
  });
});

test("run_monitor: does not run one that is paused", async () => {
  const monitor = await create();
  await firecrawl.call("update_monitor", { monitor, status: "paused" });
  expect(await firecrawl.refused("run_monitor", { monitor })).toMatch(
    /^Firecrawl answered 409\. It says: Monitor is paused/,
  );
});

test("get_monitor_check: tells what changed since the check before", async () => {
  const monitor = await create();
  expect(await look(monitor, await run(monitor))).toMatchObject({
    status: "completed",
    summary: { totalPages: 2, new: 2 },
  });
  await fetch(`${site}tides`, { method: "PUT", body: "Spring tide on Friday" });
  const check = await look(monitor, await run(monitor));
  await fetch(`${site}tides`, { method: "PUT", body: "" });
  expect(check.summary).toMatchObject({ same: 1, changed: 1 });
  expect(check.pages).toMatchObject([
    { url: `${site}tides`, status: "changed", difference: "+Spring tide on Friday", total_characters: 22 },
    { url: site, status: "same" },
  ]);
  const changed = await look(monitor, check.check, { status: "changed" });
  expect(changed.pages).toHaveLength(1);
});

test("get_monitor_check: goes on by cursor", async () => {
  const monitor = await create();
  const check = await run(monitor);
  const first = await look(monitor, check, { limit: 1 });
  expect(first).toMatchObject({ pages: { length: 1 }, next_cursor: "1" });
  const second = await look(monitor, check, { limit: 1, cursor: first.next_cursor });
  expect(second.pages).toMatchObject([{ url: site }]);
  expect(second.next_cursor).toBeUndefined();
});

test("get_monitor_check: does not give a page that led to an address that is not public", async () => {
  const monitor = await create({ targets: [{ type: "scrape", urls: [`${site}traps/inside`, site] }] });
  const check = await look(monitor, await run(monitor));
  expect(check.pages).toMatchObject([{ url: site }]);
  expect(check.note).toBe("1 pages are not given: they came from addresses that are not public.");
  expect(JSON.stringify(check)).not.toContain("inside");
});

test("list_monitor_checks: has the checks, the newest first, in parts", async () => {
  const monitor = await create();
  const older = await run(monitor);
  await look(monitor, older);
  const newer = await run(monitor);
  const first = await firecrawl.call<{ checks: Check[]; next_cursor: string }>("list_monitor_checks", {
    monitor,
    limit: 1,
  });
  expect(first.checks).toMatchObject([{ check: newer, status: "queued", trigger: "manual" }]);
  const second = await firecrawl.call("list_monitor_checks", { monitor, limit: 1, cursor: first.next_cursor });
  expect(second).toMatchObject({ checks: [{ check: older, status: "completed", credits_used: 2 }] });
});

test("get_monitor: of one that there is not says so", async () => {
  expect(await firecrawl.refused("get_monitor", { monitor: "no-such-monitor" })).toContain("There is no such monitor");
});

test("delete_monitor: says what would be lost, and then does it", async () => {
  const monitor = await create();
  await look(monitor, await run(monitor));
  const { would } = await firecrawl.call<{ would: string }>("delete_monitor", { monitor, dry_run: true });
  expect(would).toMatch(/^Deletes the monitor Tides with all its checks, the last of \d{4}-/);
  expect(await firecrawl.call("get_monitor", { monitor })).toMatchObject({ id: monitor });
  expect(await firecrawl.call("delete_monitor", { monitor })).toEqual({ monitor, deleted: true });
  expect(await firecrawl.refused("get_monitor", { monitor })).toContain("404");
});
