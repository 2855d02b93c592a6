import { z } from "zod";

/** What the stand-in can make of a page. */
export const scrapeFormats = ["markdown", "html", "rawHtml", "links"] as const;
export type ScrapeFormat = (typeof scrapeFormats)[number];

/** A format is given by its name or as `{type}`. */
const format = z.preprocess(
  (given) => {
    if (typeof given !== "object" || given === null || Object.keys(given).join() !== "type") return given;
    return (given as { type: unknown }).type;
  },
  z.enum(scrapeFormats, {
    error: ({ input }) => `This stand-in has no format ${JSON.stringify(input)}, only ${scrapeFormats.join(", ")}.`,
  }),
);

/** Taken because a client may send it, and without effect here: nothing is kept, rendered or sent through a proxy. */
const ignored = z.unknown().optional();

/**
 * The body of `POST /v2/scrape` (https://docs.firecrawl.dev/api-reference/endpoint/scrape). As in the API, a URL without
 * a scheme is one of http, and a key that is not known is an error.
 */
export const scrapeRequest = z
  .strictObject({
    url: z
      .string()
      .transform((text) => (/^[^.:/]+:\/\//.test(text) ? text : `http://${text}`))
      .refine((text) => URL.canParse(text), "Invalid URL")
      .refine((text) => /^https?:/i.test(text), "URL uses unsupported protocol")
      .transform((text) => new URL(text)),
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
    origin: ignored,
    integration: ignored,
  })
  .refine(({ waitFor, timeout }) => waitFor <= timeout / 2, {
    path: ["waitFor"],
    error: "waitFor must not exceed half of timeout",
  });

export type ScrapeRequest = z.output<typeof scrapeRequest>;
