import type { Call } from "./context.ts";

/**
 * Answers with a page of a list that goes on by a cursor, `after` and `per_page` of the query
 * (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
 */
export function cursorPaged<Item>(c: Call, all: readonly Item[], toItem: (each: Item) => object): Response {
  const size = Math.min(Number(c.req.query("per_page") ?? 30) || 30, 100);
  const start = offsetOf(c.req.query("after"));
  const items = all.slice(start, start + size);
  const end = start + items.length;
  const next = new URL(c.req.url);
  next.searchParams.set("after", cursorOf(end));
  return c.json(items.map(toItem), 200, end < all.length ? { link: `<${next}>; rel="next"` } : {});
}

/** Opaque to clients. */
export function cursorOf(offset: number): string {
  return Buffer.from(`cursor:${offset}`).toString("base64");
}

/** @returns 0 for a cursor that is none */
export function offsetOf(cursor: string | null | undefined): number {
  const offset = /^cursor:(\d+)$/.exec(Buffer.from(cursor ?? "", "base64").toString())?.[1];
  return Number(offset ?? 0);
}
