import type { Document } from "firecrawl";
import { z } from "zod";
import type { FirecrawlApi } from "./api.ts";
import { excerpt } from "./excerpt.ts";
import { type PartFormat, partFormat, partsOf } from "./page-options.ts";

/** Most characters of pages that an answer has. */
const MOST_CHARACTERS = 50_000;

/** A page among others, in an output schema. */
export const documentOutput = z.object({
  document: z.int().describe("Its number, for read_document"),
  url: z.string().describe("Where it was at last, after redirects"),
  status: z.int().optional().describe("HTTP status; from 400 on the content is an error page"),
  title: z.string().optional(),
  content: z.array(z.object({ format: partFormat, text: z.string() })),
  total_characters: z.int().describe("Of the whole page; when content is shorter, read_document gives the rest"),
});

/** Why a page is missing from a list. */
export const WITHHELD = "is not given: it came from an address that is not public";

/**
 * Makes of a job's pages what a model can use.
 *
 * @param first number of the first page in the job
 * @param characters most of each page; fewer when all together would be too much
 * @returns without those that came from where nothing may be read, which `notes` tells
 */
export async function trimmed(
  documents: readonly Document[],
  first: number,
  characters: number,
  upstream: FirecrawlApi,
): Promise<{ documents: z.input<typeof documentOutput>[]; notes: string[] }> {
  const each = Math.max(200, Math.min(characters, Math.floor(MOST_CHARACTERS / Math.max(documents.length, 1))));
  const notes: string[] = [];
  const result: z.input<typeof documentOutput>[] = [];
  for (const [index, document] of documents.entries()) {
    const number = first + index;
    if (!upstream.mayGive(document)) {
      notes.push(`Document ${number} ${WITHHELD}.`);
      continue;
    }
    const { parts, total } = await excerpt<PartFormat>(partsOf(document), each, undefined);
    result.push({
      document: number,
      url: addressOf(document),
      status: document.metadata?.statusCode,
      title: textOf(document.metadata?.title),
      content: parts,
      total_characters: total,
    });
  }
  return { documents: result, notes };
}

/** Where a page was at last, as the engine says. */
export function addressOf({ metadata }: Document): string {
  return textOf(metadata?.url) ?? textOf(metadata?.sourceURL) ?? "";
}

/** A page that says something twice in its metadata makes Firecrawl give a list, whatever its types say. */
export function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "string" ? value : undefined;
}
