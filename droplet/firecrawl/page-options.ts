import type { Document, FormatOption, ScrapeOptions } from "firecrawl";
import { z } from "zod";
import type { Part } from "./excerpt.ts";

/** What a page can be asked for by name. */
export const pageFormat = z.enum(["markdown", "html", "rawHtml", "links", "images", "summary"]);

/** What a page comes as: by name, as data of its own, or as an answer. */
export const partFormat = z.enum([...pageFormat.options, "json", "answer"]);
export type PartFormat = z.output<typeof partFormat>;

/** A URL that a model gives; whether it may be read is for `FirecrawlApi.target` to say. */
export const urlInput = z.string().min(1).max(4096);

/** An id that the API gave, and nothing that leads elsewhere in a path. */
export const idInput = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);

/** A JSON Schema for what is to be found. */
export const schemaInput = z.record(z.string(), z.unknown());

const dataInput = z
  .strictObject({
    prompt: z.string().min(1).max(10_000).optional().describe("What to find, in words"),
    schema: schemaInput.optional().describe("JSON Schema of what to find"),
  })
  .refine(({ prompt, schema }) => prompt !== undefined || schema !== undefined, "json needs a prompt or a schema");

const selectors = z.array(z.string().min(1).max(500)).max(50).optional();

/** How pages are read, in the API's words: what a tool that reads pages takes besides its own. */
export const pageOptions = {
  formats: z
    .array(pageFormat)
    .min(1)
    .max(6)
    .default(["markdown"])
    .describe(
      "markdown; html: cleaned; rawHtml: as the site sent it; links and images: addresses, one per line; summary: a short one",
    ),
  json: dataInput.optional().describe("Data to take from each page, as JSON; costs more credits"),
  onlyMainContent: z.boolean().default(true).describe("Leave out headers, navigation and footers"),
  includeTags: selectors.describe("CSS selectors of the only elements to keep"),
  excludeTags: selectors.describe("CSS selectors of elements to leave out"),
  waitFor: z
    .int()
    .min(0)
    .max(30_000)
    .optional()
    .describe("Milliseconds to wait after loading, for pages made by scripts"),
  mobile: z.boolean().optional().describe("Read the page as a phone would show it"),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .describe("Read the page from this country (ISO 3166-1, e.g. DE)"),
  maxAge: z
    .int()
    .min(0)
    .optional()
    .describe("A copy that Firecrawl made at most this many milliseconds ago will do; 0 reads the page anew"),
};

type PageOptions = z.output<z.ZodObject<typeof pageOptions>>;

/** The options as the API takes them. */
export function scrapeOptionsOf(options: PageOptions & { question?: string | undefined }): ScrapeOptions {
  const { formats, json, question, onlyMainContent, country } = options;
  const asked: FormatOption[] = pageFormat.options.filter((each) => formats.includes(each));
  if (json) asked.push({ type: "json", ...given({ prompt: json.prompt, schema: json.schema }) });
  if (question !== undefined) asked.push({ type: "question", question });
  const { includeTags, excludeTags, waitFor, mobile, maxAge } = options;
  return {
    formats: asked,
    onlyMainContent,
    ...given({ includeTags, excludeTags, waitFor, mobile, maxAge }),
    ...(country !== undefined && { location: { country } }),
  };
}

/** A page in every form that it came in. */
export function partsOf(document: Document): Part<PartFormat>[] {
  return partFormat.options.flatMap((format) => {
    const value = document[format];
    if (value === undefined || value === null) return [];
    if (format === "links" || format === "images") return { format, text: [value].flat().map(String).join("\n") };
    return { format, text: typeof value === "string" ? value : JSON.stringify(value, null, 2) };
  });
}

/** Without what was not given: the API takes no undefined for a field that is left out. */
export function given<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
