import { gfm } from "@joplin/turndown-plugin-gfm";
import { type CheerioAPI, load } from "cheerio";
import type { Document, DocumentMetadata } from "firecrawl";
import Turndown from "turndown";
import { extractBySchema } from "./extract-by-schema.ts";
import type { FetchedPage } from "./fetch-page.ts";
import { relevantSentences } from "./relevant-sentences.ts";
import type { ScrapeRequest } from "./scrape-request.ts";

/** What is not the page's own matter: the elements that `onlyMainContent` leaves out. */
const AROUND_THE_MAIN_CONTENT = [
  ...["header", "footer", "nav", "aside", "[role=navigation]", "[role=banner]", "[role=contentinfo]"],
  ...[".sidebar", ".navbar", ".menu", ".breadcrumbs", ".cookie", ".modal", ".popup", ".ads", ".social", ".share"],
].join(", ");

const turndown = new Turndown({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-" }).use(gfm);

/**
 * Makes of a fetched page what the request asks for.
 * @param scrapeId for the metadata
 * @returns the `data` of the API's answer
 */
export function convertPage(page: FetchedPage, request: ScrapeRequest, scrapeId: string): Document {
  const isHtml = /html/i.test(page.contentType);
  const wants = (format: string) => request.formats.some((each) => each === format);
  const html = isHtml ? cleanHtml(page, request) : page.body;
  const markdown = isHtml ? turndown.turndown(html) : asMarkdown(page);
  const metadata = isHtml ? metadataOf(load(page.body), page.url) : {};
  return {
    ...(wants("markdown") && { markdown }),
    ...(wants("html") && { html }),
    ...(wants("rawHtml") && { rawHtml: page.body }),
    ...(wants("links") && { links: isHtml ? linksIn(html, page.url) : [] }),
    ...(wants("images") && { images: isHtml ? imagesIn(html) : [] }),
    ...(wants("summary") && { summary: firstParagraph(markdown) }),
    ...wordyFormats(markdown, page, request, metadata),
    metadata: {
      ...metadata,
      scrapeId,
      sourceURL: request.url.href,
      url: page.url,
      statusCode: page.status,
      ...(page.status >= 400 && { error: page.statusText }),
      contentType: page.contentType,
      proxyUsed: "basic",
      cacheState: "miss",
      creditsUsed: 1,
      concurrencyLimited: false,
    },
  };
}

/** What the API asks a language model for: {@link extractBySchema} and {@link relevantSentences} stand in for it. */
function wordyFormats(
  markdown: string,
  page: FetchedPage,
  { formats }: ScrapeRequest,
  { title, description }: DocumentMetadata,
): Pick<Document, "json" | "answer" | "highlights"> {
  const result: Pick<Document, "json" | "answer" | "highlights"> = {};
  for (const each of formats) {
    if (typeof each === "string") continue;
    if (each.type === "question") result.answer = sentencesOr(markdown, each.question);
    else if (each.type === "highlights") result.highlights = sentencesOr(markdown, each.query);
    else if (each.schema) result.json = extractBySchema(each.schema, { markdown, title, description, url: page.url });
    else result.json = { answer: sentencesOr(markdown, each.prompt!) };
  }
  return result;
}

function sentencesOr(markdown: string, query: string): string {
  return relevantSentences(markdown, query).join(" ") || "The page does not say.";
}

function firstParagraph(markdown: string): string {
  return markdown.split("\n\n").find((part) => !part.startsWith("#")) ?? markdown;
}

function imagesIn(html: string): string[] {
  const $ = load(html);
  const sources = $("img[src]")
    .toArray()
    .map((image) => $(image).attr("src")!);
  return [...new Set(sources)];
}

/** JSON is shown as code; any other text is markdown as it is. */
function asMarkdown({ body, contentType }: FetchedPage): string {
  return /json/i.test(contentType) ? `\`\`\`json\n${body}\n\`\`\`` : body;
}

function cleanHtml(page: FetchedPage, request: ScrapeRequest): string {
  const $ = load(page.body);
  $("script, style, noscript, template, meta, link").remove();
  for (const selector of request.excludeTags) $(selector).remove();
  if (request.includeTags.length > 0) {
    const kept = $(request.includeTags.join(", ")).toArray();
    $("body").empty().append(kept);
  } else if (request.onlyMainContent) {
    $(AROUND_THE_MAIN_CONTENT).remove();
  }
  const base = baseOf($, page.url);
  for (const [selector, attribute] of [
    ["a[href]", "href"],
    ["img[src]", "src"],
  ] as const) {
    $(selector).each((_, element) => {
      const value = $(element).attr(attribute)!;
      if (URL.canParse(value, base)) $(element).attr(attribute, new URL(value, base).href);
    });
  }
  $("head").remove();
  return $.html().trim();
}

/** Links of the page itself are absolute already; fragments of it and what is no address of anything are left out. */
function linksIn(html: string, url: string): string[] {
  const $ = load(html);
  const [page] = url.split("#");
  const links = $("a[href]")
    .toArray()
    .map((element) => $(element).attr("href")!)
    .filter((href) => /^(https?|mailto):/i.test(href) && !href.startsWith(`${page}#`));
  return [...new Set(links)];
}

function baseOf($: CheerioAPI, url: string): string {
  const base = $("base[href]").first().attr("href");
  return base !== undefined && URL.canParse(base, url) ? new URL(base, url).href : url;
}

/** Every `meta` of the page under its own name, and the usual ones under the API's. */
function metadataOf($: CheerioAPI, url: string): DocumentMetadata {
  const named = new Map<string, string>();
  $("meta[content]").each((_, element) => {
    const name = $(element).attr("name") ?? $(element).attr("property");
    if (name && !named.has(name)) named.set(name, $(element).attr("content")!);
  });
  const icon = $('link[rel~="icon"]').first().attr("href");
  const known = {
    title: $("title").first().text().trim() || undefined,
    description: named.get("description"),
    language: $("html").attr("lang"),
    keywords: named.get("keywords"),
    robots: named.get("robots"),
    ogTitle: named.get("og:title"),
    ogDescription: named.get("og:description"),
    ogUrl: named.get("og:url"),
    ogImage: named.get("og:image"),
    ogLocale: named.get("og:locale"),
    ogSiteName: named.get("og:site_name"),
    favicon: icon !== undefined && URL.canParse(icon, url) ? new URL(icon, url).href : undefined,
  } satisfies DocumentMetadata;
  const given = Object.entries(known).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(named), ...Object.fromEntries(given) };
}
