import { afterAll, beforeAll, expect, test } from "vitest";
import { checkDeadline, checkTools } from "../../workers/testing/check-tools.ts";
import { FirecrawlHarness } from "./testing/firecrawl-harness.ts";
import { tools } from "./tools.ts";

let firecrawl: FirecrawlHarness;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
});
afterAll(() => firecrawl?.close());

const url = "https://example.com/";
const id = "0193d1b2-7c5e-7a10-8000-000000000000";

checkTools(
  "firecrawl",
  tools,
  {
    scrape: { url },
    search: { query: "harbour" },
    map: { url },
    crawl: { url },
    crawl_status: { id },
    crawl_errors: { id },
    cancel_crawl: { id },
    list_active_crawls: {},
    preview_crawl: { url, prompt: "The guides" },
    batch_scrape: { urls: [url] },
    batch_scrape_status: { id },
    batch_scrape_errors: { id },
    cancel_batch_scrape: { id },
    read_document: { of: "crawl", id, document: 0 },
    extract: { urls: [url], prompt: "Who runs it?" },
    extract_status: { id },
    agent: { prompt: "Who runs it?" },
    agent_status: { id },
    cancel_agent: { id },
    list_agents: {},
    agent_thread: { thread: id },
    agent_trace: { id },
    interact: { scrape: id, prompt: "Click the first link" },
    stop_interact: { scrape: id },
    open_browser: {},
    run_in_browser: { browser: id, code: "page.title()" },
    list_browsers: {},
    close_browser: { browser: id },
    list_monitors: {},
    get_monitor: { monitor: id },
    create_monitor: { name: "Tides", schedule: { text: "hourly" }, targets: [{ type: "scrape", urls: [url] }] },
    update_monitor: { monitor: id, status: "paused" },
    delete_monitor: { monitor: id },
    run_monitor: { monitor: id },
    list_monitor_checks: { monitor: id },
    get_monitor_check: { monitor: id, check: id },
    search_developer: { query: "tide table" },
    search_papers: { query: "tides" },
    read_paper: { paper: "101" },
    similar_papers: { paper: "101", intent: "pilots" },
    credit_usage: {},
    token_usage: {},
    usage_history: {},
    queue_status: {},
    send_feedback: { of: "scrape", id, rating: "good" },
  },
  () => firecrawl.harness,
);

test("whatever the tools were given, Firecrawl heard and answered only what the SDK's types have", () => {
  // What fits no schema of theirs is refused by the stand-in as by the API: that is an answer, too.
  expect(firecrawl.problems.filter((problem) => !/was refused/.test(problem))).toEqual([]);
});

checkDeadline("scrape", { url: "https://example.com/", timeout: 1000 }, () => firecrawl.harness);
