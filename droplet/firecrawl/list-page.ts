import { z } from "zod";

/** Where a list goes on: how many things come before. */
export const listCursor = z.string().regex(/^\d{1,6}$/);

/** One page of a list that the API gives whole. @param cursor of the page before; undefined for the first */
export function listPage<Item>(
  items: readonly Item[],
  limit: number,
  cursor: string | undefined,
): { items: Item[]; nextCursor: string | undefined } {
  const start = Number(cursor ?? 0);
  const end = start + limit;
  return { items: items.slice(start, end), nextCursor: end < items.length ? String(end) : undefined };
}

/** Where a list goes on that the API gives in pages without saying whether there is another. */
export function cursorAfter(got: number, limit: number, cursor: string | undefined): string | undefined {
  return got >= limit ? String(Number(cursor ?? 0) + got) : undefined;
}
