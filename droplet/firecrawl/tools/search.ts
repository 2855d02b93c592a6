import type {
  DeveloperSearchResponse,
  Document,
  SearchData,
  SearchResultImages,
  SearchResultNews,
  SearchResultWeb,
} from "firecrawl";
import { z } from "zod";
import { defineTool, HARMLESS } from "../api.ts";
import { addressOf, textOf, WITHHELD } from "../documents.ts";
import { excerpt } from "../excerpt.ts";
import { given, partsOf } from "../page-options.ts";

/** Most characters of pages that an answer has. */
const MOST_CHARACTERS = 50_000;

const domains = z.array(z.string().min(1).max(253)).min(1).max(50).optional();

const source = z.enum(["web", "news", "images"]);

type Item = (SearchResultWeb | SearchResultNews | SearchResultImages | Document) &
  Partial<SearchResultWeb & SearchResultNews & SearchResultImages & Document>;

export const search = defineTool({
  name: "search",
  title: "Search the web",
  description:
    "Searches the web, news or images. Gives addresses with short descriptions; then scrape the ones you need. With read_pages the beginning of each page comes too, for a credit each.",
  scope: "firecrawl:read",
  toolset: "pages",
  readOnly: true,
  input: z
    .strictObject({
      query: z.string().min(1).max(500).describe('What to search; operators such as site:example.com and "…" work'),
      sources: z.array(source).min(1).max(3).default(["web"]).describe("What to search: web, news, images"),
      categories: z
        .array(z.enum(["github", "research", "pdf"]))
        .min(1)
        .max(3)
        .optional()
        .describe("Only pages of GitHub, of academic sites, or PDF files"),
      includeDomains: domains.describe("Only pages of these domains"),
      excludeDomains: domains.describe("No pages of these domains; not together with includeDomains"),
      limit: z.int().min(1).max(50).default(10).describe("How many results at most of each source"),
      since: z
        .enum(["hour", "day", "week", "month", "year"])
        .optional()
        .describe("Only what was published within the last hour, day …"),
      location: z.string().min(1).max(200).optional().describe('Search as from there, e.g. "Oslo,Norway"'),
      country: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .optional()
        .describe("Search as from this country (ISO 3166-1, e.g. DE)"),
      read_pages: z.boolean().default(false).describe("Read each page too, as markdown of its main content"),
      characters: z.int().min(200).max(10_000).default(1500).describe("With read_pages: how many characters of each"),
    })
    .refine(({ includeDomains, excludeDomains }) => !(includeDomains && excludeDomains), {
      error: "Give includeDomains or excludeDomains, not both",
    }),
  output: z.object({
    search: z.string().optional().describe("Id of this search, for send_feedback"),
    results: z.array(
      z.object({
        source,
        url: z.string(),
        title: z.string().optional(),
        description: z.string().optional(),
        date: z.string().optional(),
        image_url: z.string().optional(),
        markdown: z.string().optional().describe("The beginning of the page; scrape its url for the rest"),
        total_characters: z.int().optional().describe("Of the whole page"),
      }),
    ),
    note: z.string().optional(),
  }),
  async run(args, { upstream, signal }) {
    const { query, sources, categories, includeDomains, excludeDomains, limit, since, location, country } = args;
    const scrapeOptions = args.read_pages ? { formats: ["markdown" as const], onlyMainContent: true } : undefined;
    const body = {
      query,
      sources,
      limit,
      ...given({
        categories,
        includeDomains: includeDomains?.map((name) => upstream.domain(name)),
        excludeDomains,
        tbs: since && `qdr:${since[0]}`,
        location,
        country,
        scrapeOptions,
      }),
    };
    const answer = await upstream.post<{ id?: string; data?: SearchData; warning?: string }>(
      "/v2/search",
      body,
      signal,
      {
        timeoutMs: 55_000,
        advice: HARMLESS,
      },
    );
    const notes = answer.warning ? [answer.warning] : [];
    const items = source.options.flatMap((name) =>
      ((answer.data?.[name] ?? []) as Item[]).map((item) => ({ source: name, item })),
    );
    const each = Math.max(200, Math.min(args.characters, Math.floor(MOST_CHARACTERS / Math.max(items.length, 1))));
    const results = [];
    for (const { source, item } of items) {
      const url = item.url ?? addressOf(item);
      if (!upstream.isPublic(url) || !upstream.mayGive(item)) {
        notes.push(`A result ${WITHHELD}.`);
        continue;
      }
      const markdown = partsOf(item).filter(({ format }) => format === "markdown");
      const { parts, total } = await excerpt(markdown, each, undefined);
      results.push({
        source,
        url,
        title: textOf(item.title ?? item.metadata?.title),
        description: textOf(item.description ?? item.snippet ?? item.metadata?.description)?.slice(0, 500),
        date: item.date,
        image_url: item.imageUrl,
        ...(parts[0] && { markdown: parts[0].text, total_characters: total }),
      });
    }
    return { search: answer.id, results, ...(notes.length > 0 && { note: [...new Set(notes)].join(" ") }) };
  },
});

export const searchDeveloper = defineTool({
  name: "search_developer",
  title: "Search what developers write",
  description:
    "Searches documentation, issues, pull requests and READMEs of open-source projects, and gives the passages that answer. Use it for errors, bugs and APIs of libraries; use search for everything else.",
  scope: "firecrawl:read",
  toolset: "research",
  readOnly: true,
  input: z.strictObject({
    query: z.string().min(1).max(1000).describe("What to find, in words or as an error message"),
    types: z
      .array(z.enum(["doc", "issue", "pull_request", "readme"]))
      .min(1)
      .max(4)
      .optional()
      .describe("Only these kinds"),
    repos: z
      .array(z.string().regex(/^[\w.-]+\/[\w.-]+$/))
      .min(1)
      .max(20)
      .optional()
      .describe("Only these GitHub repositories, as owner/name"),
    language: z.string().min(1).max(50).optional().describe("Only repositories in this programming language"),
    limit: z.int().min(1).max(50).default(10).describe("How many results at most"),
    passages: z.int().min(1).max(5).default(2).describe("How many passages of each"),
  }),
  output: z.object({
    results: z.array(
      z.object({ id: z.string(), url: z.string(), title: z.string().optional(), passages: z.array(z.string()) }),
    ),
  }),
  async run({ query, types, repos, language, limit, passages }, { upstream, signal }) {
    const body = { query, k: limit, passages, ...given({ types, repos, language }) };
    const { results } = await upstream.post<DeveloperSearchResponse>("/v2/search/developer", body, signal, {
      timeoutMs: 50_000,
      advice: HARMLESS,
    });
    return {
      results: (results ?? []).map(({ id, url, title, passages }) => ({
        id,
        url,
        title,
        passages: (passages ?? []).map(({ text }) => text.slice(0, 1000)),
      })),
    };
  },
});
