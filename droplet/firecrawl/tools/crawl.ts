import type { ActiveCrawlsResponse, CrawlOptions, CrawlResponse } from "firecrawl";
import { z } from "zod";
import { defineTool, HARMLESS } from "../api.ts";
import { waitInput } from "../job.ts";
import { listCursor, listPage } from "../list-page.ts";
import {
  cancelledOutput,
  cancelPageJob,
  crawlJob,
  pageJobErrors,
  pageJobErrorsInput,
  pageJobErrorsOutput,
  pageJobStatus,
  pageJobStatusInput,
  pageJobStatusOutput,
  previewPageJobCancel,
} from "../page-job.ts";
import { given, idInput, pageOptions, scrapeOptionsOf, urlInput } from "../page-options.ts";
import { webhookInput, webhookOf } from "../webhook.ts";

const crawlId = idInput.describe("Id that crawl gave");
const paths = z.array(z.string().min(1).max(500)).max(100).optional();

export const crawl = defineTool({
  name: "crawl",
  title: "Start reading a whole site",
  description:
    "Starts reading a site by its links, a credit per page, and gives an id at once; then ask crawl_status for the pages. For a few pages whose addresses you know use scrape or batch_scrape; to see what there is use map first.",
  scope: "firecrawl:crawl",
  toolset: "sites",
  readOnly: false,
  input: z.strictObject({
    url: urlInput.describe("Where to begin; without crawlEntireDomain only pages below its folder are read"),
    limit: z.int().min(1).max(10_000).default(50).describe("How many pages at most; each costs a credit"),
    includePaths: paths.describe('Only pages whose path fits one of these regular expressions, e.g. "^/docs/"'),
    excludePaths: paths.describe("No pages whose path fits one of these regular expressions"),
    maxDiscoveryDepth: z.int().min(0).max(100).optional().describe("How many links away from the start at most"),
    crawlEntireDomain: z.boolean().default(false).describe("Pages beside and above the start too"),
    allowSubdomains: z.boolean().default(false).describe("Pages of subdomains too"),
    allowExternalLinks: z.boolean().default(false).describe("Follow links to other sites too; seldom wanted"),
    sitemap: z
      .enum(["include", "skip", "only"])
      .default("include")
      .describe("Use the site's own sitemap, or not, or only"),
    ignoreQueryParameters: z.boolean().default(false).describe("Addresses that differ in the query only are one page"),
    delay: z.number().min(0).max(60).optional().describe("Seconds to wait between pages, for a site that minds"),
    prompt: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe("What to read, in words; Firecrawl makes paths and limits of it where none are given"),
    webhook: webhookInput(["started", "page", "completed", "failed"]),
    ...pageOptions,
  }),
  output: z.object({ id: z.string().describe("For crawl_status, crawl_errors and cancel_crawl") }),
  async run(args, { upstream, signal }) {
    const { url, limit, crawlEntireDomain, allowSubdomains, allowExternalLinks, sitemap, ignoreQueryParameters } = args;
    const { includePaths, excludePaths, maxDiscoveryDepth, delay, prompt } = args;
    const body: CrawlOptions & { url: string } = {
      url: upstream.target(url),
      limit,
      crawlEntireDomain,
      allowSubdomains,
      allowExternalLinks,
      sitemap,
      ignoreQueryParameters,
      ...given({ includePaths, excludePaths, maxDiscoveryDepth, delay }),
      ...(prompt !== undefined && { prompt: upstream.words(prompt) }),
      ...webhookOf(args.webhook, upstream),
      scrapeOptions: scrapeOptionsOf(args),
    };
    const { id } = await upstream.post<CrawlResponse>("/v2/crawl", body, signal, {
      advice: { unanswered: "It may have been started: look at list_active_crawls before you try again." },
    });
    return { id };
  },
});

export const crawlStatus = defineTool({
  name: "crawl_status",
  title: "See how a crawl goes on",
  description:
    "Tells how far a crawl is and gives its pages, each cut to some characters; read_document gives the rest of one. Call again with next_cursor for more pages. With wait_seconds it waits until the crawl is done.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({ id: crawlId, ...pageJobStatusInput, wait_seconds: waitInput }),
  output: pageJobStatusOutput,
  run: (args, context) => pageJobStatus(crawlJob, args, context),
});

export const crawlErrors = defineTool({
  name: "crawl_errors",
  title: "See what a crawl could not read",
  description: "Lists the pages that a crawl could not read, and why, and those that robots.txt kept from it.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({ id: crawlId, ...pageJobErrorsInput }),
  output: pageJobErrorsOutput,
  run: (args, context) => pageJobErrors(crawlJob, args, context),
});

export const cancelCrawl = defineTool({
  name: "cancel_crawl",
  title: "Stop a crawl",
  description: "Stops a crawl. The pages that it has read can still be had; the others are not read.",
  scope: "firecrawl:crawl",
  toolset: "sites",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ id: crawlId }),
  output: cancelledOutput,
  run: ({ id }, context) => cancelPageJob(crawlJob, id, context),
  preview: ({ id }, context) => previewPageJobCancel(crawlJob, id, context),
});

export const listActiveCrawls = defineTool({
  name: "list_active_crawls",
  title: "List the crawls that are running",
  description: "Lists the account's crawls that are running, with their ids for crawl_status and cancel_crawl.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({
    limit: z.int().min(1).max(100).default(50).describe("How many at most"),
    cursor: listCursor.optional().describe("next_cursor of the answer before"),
  }),
  output: z.object({
    crawls: z.array(z.object({ id: z.string(), url: z.string() })),
    next_cursor: z.string().optional(),
  }),
  async run({ limit, cursor }, { upstream, signal }) {
    const { crawls } = await upstream.get<ActiveCrawlsResponse>("/v2/crawl/active", {}, signal);
    const { items, nextCursor } = listPage(crawls ?? [], limit, cursor);
    return { crawls: items.map(({ id, url }) => ({ id, url })), next_cursor: nextCursor };
  },
});

export const previewCrawl = defineTool({
  name: "preview_crawl",
  title: "Turn words into options of a crawl",
  description:
    "Looks at a site and says with which options (paths, limit …) a crawl would read what you describe. Nothing is read; check the options and give them to crawl.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({
    url: urlInput.describe("Where the site begins"),
    prompt: z
      .string()
      .min(1)
      .max(10_000)
      .describe("What is to be read, e.g. the documentation of version 2, not the blog"),
  }),
  output: z.object({ options: z.record(z.string(), z.unknown()).describe("In the words of the tool crawl") }),
  async run({ url, prompt }, { upstream, signal }) {
    const body = { url: upstream.target(url), prompt: upstream.words(prompt) };
    const { data } = await upstream.post<{ data?: Record<string, unknown> }>("/v2/crawl/params-preview", body, signal, {
      timeoutMs: 50_000,
      advice: HARMLESS,
    });
    const { url: _, ...options } = data ?? {};
    return { options };
  },
});
