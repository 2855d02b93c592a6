import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type { ExtractResponse } from "firecrawl";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { withoutId } from "../firecrawl-error.ts";
import { foundData, foundDataInput, foundDataOutput } from "../found-data.ts";
import { waited, waitInput } from "../job.ts";
import { given, idInput, schemaInput, urlInput } from "../page-options.ts";
import { webhookInput, webhookOf } from "../webhook.ts";

export const extract = defineTool({
  name: "extract",
  title: "Start taking data from pages",
  description:
    "Starts to fill a JSON Schema, or answer a prompt, from pages, and gives an id at once; then ask extract_status. An address may end with /* for all pages below it. For one page scrape with json is quicker; when you do not know where the data is use agent.",
  scope: "firecrawl:crawl",
  toolset: "data",
  readOnly: false,
  input: z
    .strictObject({
      urls: z.array(urlInput).min(1).max(50).optional().describe("Pages, or sites as https://example.com/*"),
      prompt: z.string().min(1).max(10_000).optional().describe("What to find, in words"),
      schema: schemaInput.optional().describe("JSON Schema of what to find"),
      enableWebSearch: z.boolean().default(false).describe("Search the web besides for what the pages do not say"),
      webhook: webhookInput(["started", "completed", "failed"]),
    })
    .refine(({ urls, prompt }) => urls !== undefined || prompt !== undefined, "Give urls, a prompt or both")
    .refine(({ prompt, schema }) => prompt !== undefined || schema !== undefined, "Give a prompt, a schema or both"),
  output: z.object({ id: z.string().describe("For extract_status") }),
  async run({ urls, prompt, schema, enableWebSearch, webhook }, { upstream, signal }) {
    const body = {
      enableWebSearch,
      // Without it nobody could tell where the data came from.
      showSources: true,
      ...given({ urls: urls?.map((url) => upstream.target(url)), schema }),
      ...(prompt !== undefined && { prompt: upstream.words(prompt) }),
      ...webhookOf(webhook, upstream),
    };
    const { id } = await upstream.post<ExtractResponse>("/v2/extract", body, signal, {
      advice: { unanswered: "It may have been started, and paid for: tell the person before you try again." },
    });
    if (!id) throw withoutId("credit_usage");
    return { id };
  },
});

export const extractStatus = defineTool({
  name: "extract_status",
  title: "See how an extraction goes on",
  description:
    "Tells whether an extraction is done, and gives what was found with the pages that it is from. With wait_seconds it waits until it is done.",
  scope: "firecrawl:read",
  toolset: "data",
  readOnly: true,
  input: z.strictObject({ id: idInput.describe("Id that extract gave"), ...foundDataInput, wait_seconds: waitInput }),
  output: z.object({
    id: z.string(),
    status: z.string().describe("processing, completed, failed or cancelled"),
    ...foundDataOutput,
    sources: z.record(z.string(), z.unknown()).optional().describe("Of each field, the pages that it is from"),
    credits_used: z.number().optional(),
    error: z.string().optional(),
    note: z.string().optional(),
  }),
  async run({ id, limit, cursor, wait_seconds }, context) {
    const { upstream, signal } = context;
    const job = await waited(
      wait_seconds,
      () => upstream.get<ExtractResponse>(`/v2/extract/${id}`, {}, signal, { what: "extraction", mayFail: true }),
      ({ status }) => ({ running: status === "processing" }),
      context,
    );
    const sources = job.sources ?? {};
    const addresses = Object.values(sources)
      .flat()
      .filter((each) => typeof each === "string");
    if (addresses.some((each) => URL.canParse(each) && !upstream.isPublic(each))) {
      throw new ToolError("What was found is not given: some of it came from an address that is not public.");
    }
    const notes = [...(job.warning ? [job.warning] : []), ...(job.warnings ?? [])];
    return {
      id,
      status: job.status ?? "processing",
      ...(await foundData(job.data, limit, cursor)),
      ...(Object.keys(sources).length > 0 && { sources }),
      credits_used: job.creditsUsed,
      error: job.error,
      ...(notes.length > 0 && { note: notes.join(" ") }),
    };
  },
});
