import { z } from "zod";

/** Where a list goes on: the page's number, or what GitHub names in its place; nothing else of a request. */
const CURSOR = /^(?:page=[1-9]\d{0,5}|after=[\w=+/-]{1,500})$/;

/** The input that asks for one page of a list. */
export const pageInput = {
  limit: z.int().min(1).max(100).default(30).describe("How many at most"),
  cursor: z
    .string()
    .regex(CURSOR, "must be a next_cursor of the answer before")
    .optional()
    .describe("next_cursor of the answer before, for what comes after it; all else as it was"),
};

/** The query parameters that a page is asked for with. */
export function pageQuery({
  limit,
  cursor,
}: {
  limit: number;
  cursor?: string | undefined;
}): Record<string, string | number> {
  if (cursor === undefined) return { per_page: limit };
  // Not as a query is read: in base64, + is a sign of its own.
  const [name = "", ...value] = cursor.split("=");
  return { per_page: limit, [name]: value.join("=") };
}

/**
 * The cursor of the next page.
 * @param link the `Link` header (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api)
 * @returns undefined on the last page
 */
export function nextCursor(link: string | undefined): string | undefined {
  const next = /<([^<>]+)>; *rel="next"/.exec(link ?? "")?.[1];
  if (!next) return undefined;
  const { searchParams } = new URL(next);
  for (const name of ["after", "page"]) {
    const value = searchParams.get(name);
    if (value !== null) return `${name}=${value}`;
  }
  return undefined;
}
