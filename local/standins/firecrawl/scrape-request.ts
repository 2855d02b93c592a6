import { z } from "zod";

/** What the stand-in can make of a page without more words. */
export const scrapeFormats = ["markdown", "html", "rawHtml", "links", "images", "summary"] as const;

const named = z.enum(scrapeFormats, {
  error: ({ input }) => `This stand-in has no format ${JSON.stringify(input)}, only ${scrapeFormats.join(", ")}.`,
});

/** Taken because a client may send it, and without effect here: nothing is kept, rendered or sent through a proxy. */
const ignored = z.unknown().optional();

/** A JSON Schema, as far as {@link extractBySchema} reads it. */
export const jsonSchema = z.looseObject({});

const wordy = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("json"), prompt: z.string().optional(), schema: jsonSchema.optional() })
    .refine(({ prompt, schema }) => prompt !== undefined || schema !== undefined, "json needs a prompt or a schema"),
  z.strictObject({ type: z.literal("question"), question: z.string().trim().min(1) }),
  z.strictObject({ type: z.literal("highlights"), query: z.string().trim().min(1) }),
]);

/** A format is given by its name or as an object with its `type`. */
const format = z.unknown().transform((given, context) => {
  const type = (given as { type?: unknown } | null)?.type;
  const isWordy = ["json", "question", "highlights"].includes(String(type));
  const plain = typeof given === "object" && given !== null && Object.keys(given).join() === "type" ? type : given;
  const parsed = isWordy ? wordy.safeParse(given) : named.safeParse(plain);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: parsed.error.issues[0]!.message });
  return z.NEVER;
});

const pageOptions = {
  formats: z.array(format).default(["markdown"]),
  onlyMainContent: z.boolean().default(true),
  includeTags: z.array(z.string().min(1)).default([]),
  excludeTags: z.array(z.string().min(1)).default([]),
  headers: z.record(z.string(), z.string()).default({}),
  /** Milliseconds until the page has to be there. */
  timeout: z.int().min(1000).default(30_000),
  /** Milliseconds to wait after the page was loaded. */
  waitFor: z.int().min(0).max(60_000).default(0),
  maxAge: ignored,
  minAge: ignored,
  storeInCache: ignored,
  mobile: ignored,
  blockAds: ignored,
  fastMode: ignored,
  proxy: ignored,
  location: ignored,
  parsers: ignored,
  removeBase64Images: ignored,
  skipTlsVerification: ignored,
  integration: ignored,
};

/** As in the API, a URL without a scheme is one of http. */
export const pageUrl = z
  .string()
  .transform((text) => (/^[^.:/]+:\/\//.test(text) ? text : `http://${text}`))
  .refine((text) => URL.canParse(text), "Invalid URL")
  .refine((text) => /^https?:/i.test(text), "URL uses unsupported protocol")
  .transform((text) => new URL(text));

/** `scrapeOptions` of a crawl, a search and the like. */
export const scrapeOptions = z.strictObject(pageOptions);

/** The body of `POST /v2/scrape` (https://docs.firecrawl.dev/api-reference/endpoint/scrape). A key that is not known is an error. */
export const scrapeRequest = z
  .strictObject({ url: pageUrl, ...pageOptions })
  .refine(({ waitFor, timeout }) => waitFor <= timeout / 2, {
    path: ["waitFor"],
    error: "waitFor must not exceed half of timeout",
  });

/** The body of `POST /v2/batch/scrape`: the options stand beside the URLs. */
export const batchScrapeRequest = z.strictObject({
  urls: z.array(z.string()).min(1),
  ...pageOptions,
  ignoreInvalidURLs: z.boolean().default(true),
  maxConcurrency: ignored,
  webhook: ignored,
});

export type ScrapeRequest = z.output<typeof scrapeRequest>;
export type ScrapeOptionsGiven = z.output<typeof scrapeOptions>;
