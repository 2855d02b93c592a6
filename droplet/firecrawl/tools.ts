import { creditUsage, queueStatus, sendFeedback, tokenUsage, usageHistory } from "./tools/account.ts";
import { agent, agentStatus, agentThread, agentTrace, cancelAgent, listAgents } from "./tools/agent.ts";
import { batchScrape, batchScrapeErrors, batchScrapeStatus, cancelBatchScrape } from "./tools/batch-scrape.ts";
import { closeBrowser, interact, listBrowsers, openBrowser, runInBrowser, stopInteract } from "./tools/browser.ts";
import { cancelCrawl, crawl, crawlErrors, crawlStatus, listActiveCrawls, previewCrawl } from "./tools/crawl.ts";
import { readDocument } from "./tools/documents.ts";
import { extract, extractStatus } from "./tools/extract.ts";
import { map } from "./tools/map.ts";
import {
  createMonitor,
  deleteMonitor,
  getMonitor,
  getMonitorCheck,
  listMonitorChecks,
  listMonitors,
  runMonitor,
  updateMonitor,
} from "./tools/monitors.ts";
import { readPaper, searchPapers, similarPapers } from "./tools/research.ts";
import { scrape } from "./tools/scrape.ts";
import { search, searchDeveloper } from "./tools/search.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [
  ...[scrape, search, map],
  ...[crawl, crawlStatus, crawlErrors, cancelCrawl, listActiveCrawls, previewCrawl],
  ...[batchScrape, batchScrapeStatus, batchScrapeErrors, cancelBatchScrape, readDocument],
  ...[extract, extractStatus, agent, agentStatus, cancelAgent, listAgents, agentThread, agentTrace],
  ...[interact, stopInteract, openBrowser, runInBrowser, listBrowsers, closeBrowser],
  ...[listMonitors, getMonitor, createMonitor, updateMonitor, deleteMonitor, runMonitor],
  ...[listMonitorChecks, getMonitorCheck],
  ...[searchDeveloper, searchPapers, readPaper, similarPapers],
  ...[creditUsage, tokenUsage, usageHistory, queueStatus, sendFeedback],
];
