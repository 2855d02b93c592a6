import type { BatchScrapeResponse } from "firecrawl";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { waitInput } from "../job.ts";
import {
  batchJob,
  cancelledOutput,
  cancelPageJob,
  pageJobErrors,
  pageJobErrorsInput,
  pageJobErrorsOutput,
  pageJobStatus,
  pageJobStatusInput,
  pageJobStatusOutput,
  previewPageJobCancel,
} from "../page-job.ts";
import { idInput, pageOptions, scrapeOptionsOf, urlInput } from "../page-options.ts";
import { webhookInput, webhookOf } from "../webhook.ts";

const batchId = idInput.describe("Id that batch_scrape gave");

export const batchScrape = defineTool({
  name: "batch_scrape",
  title: "Start reading many pages",
  description:
    "Starts reading pages whose addresses you know, a credit each, and gives an id at once; then ask batch_scrape_status for them. For one page use scrape; for all of a site use crawl.",
  scope: "firecrawl:crawl",
  toolset: "sites",
  readOnly: false,
  input: z.strictObject({
    urls: z.array(urlInput).min(1).max(500).describe("Whole addresses of the pages; all have to be public"),
    webhook: webhookInput(["started", "page", "completed", "failed"]),
    ...pageOptions,
  }),
  output: z.object({
    id: z.string().describe("For batch_scrape_status, batch_scrape_errors and cancel_batch_scrape"),
    invalid_urls: z.array(z.string()).describe("What Firecrawl does not take; the others are read"),
  }),
  async run(args, { upstream, signal }) {
    const body = {
      urls: args.urls.map((url) => upstream.target(url)),
      ...scrapeOptionsOf(args),
      ignoreInvalidURLs: true,
      ...webhookOf(args.webhook, upstream),
    };
    const { id, invalidURLs } = await upstream.post<BatchScrapeResponse>("/v2/batch/scrape", body, signal, {
      advice: { unanswered: "It may have been started, and paid for: tell the person before you try again." },
    });
    return { id, invalid_urls: invalidURLs ?? [] };
  },
});

export const batchScrapeStatus = defineTool({
  name: "batch_scrape_status",
  title: "See how a batch goes on",
  description:
    "Tells how far a batch is and gives its pages, each cut to some characters; read_document gives the rest of one. Call again with next_cursor for more pages. With wait_seconds it waits until the batch is done.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({ id: batchId, ...pageJobStatusInput, wait_seconds: waitInput }),
  output: pageJobStatusOutput,
  run: (args, context) => pageJobStatus(batchJob, args, context),
});

export const batchScrapeErrors = defineTool({
  name: "batch_scrape_errors",
  title: "See what a batch could not read",
  description: "Lists the pages that a batch could not read, and why, and those that robots.txt kept from it.",
  scope: "firecrawl:read",
  toolset: "sites",
  readOnly: true,
  input: z.strictObject({ id: batchId, ...pageJobErrorsInput }),
  output: pageJobErrorsOutput,
  run: (args, context) => pageJobErrors(batchJob, args, context),
});

export const cancelBatchScrape = defineTool({
  name: "cancel_batch_scrape",
  title: "Stop a batch",
  description: "Stops a batch. The pages that it has read can still be had; the others are not read.",
  scope: "firecrawl:crawl",
  toolset: "sites",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ id: batchId }),
  output: cancelledOutput,
  run: ({ id }, context) => cancelPageJob(batchJob, id, context),
  preview: ({ id }, context) => previewPageJobCancel(batchJob, id, context),
});
