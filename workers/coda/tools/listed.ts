/** What a list is asked for. */
interface Wanted {
  /** Most entries that are given. */
  limit: number;
  /** `next_cursor` of the answer before. */
  cursor?: string | undefined;
  /** Entries that Coda is asked for at a time. */
  pageSize?: number;
  /** Told after each page how many entries there are so far. */
  progress?: (entries: number) => Promise<void>;
}

/** Most characters of a list, as JSON: what a model can read at a time. */
const MAX_CHARS = 50_000;

/**
 * Asks Coda for a list, page by page, until there are as many entries as wanted, or as many as a model can read. Where that is
 * in the middle of a page of Coda's, the cursor says how many of its entries are to be skipped.
 *
 * @param ask asks Coda for one page
 * @param give makes what the model gets of an entry
 */
export async function listed<Entry, Given>(
  ask: (page: { limit: number; pageToken?: string }) => Promise<{ items: Entry[]; nextPageToken?: string }>,
  give: (entry: Entry) => Given,
  { limit, cursor, pageSize = limit, progress }: Wanted,
): Promise<{ items: Given[]; next_cursor: string | undefined }> {
  const items: Given[] = [];
  let chars = 0;
  let { pageToken, skip } = parsed(cursor);
  for (;;) {
    // The same on every page: a page token may carry the limit of the page before.
    const page = await ask({ limit: Math.min(pageSize, limit), pageToken });
    for (const [index, entry] of page.items.entries()) {
      if (index < skip) continue;
      const item = give(entry);
      chars += JSON.stringify(item).length;
      if (items.length === limit || (items.length > 0 && chars > MAX_CHARS)) {
        return { items, next_cursor: cursorOf(pageToken, index) };
      }
      items.push(item);
    }
    await progress?.(items.length);
    skip = 0;
    pageToken = page.nextPageToken;
    if (!pageToken || items.length === limit) return { items, next_cursor: pageToken };
  }
}

/** `+<entries to skip>+<page token>`, or a page token of Coda's as it is. */
const SKIPPING = /^\+(\d{1,6})\+(.*)$/s;

function parsed(cursor: string | undefined): { pageToken?: string; skip: number } {
  const found = cursor === undefined ? null : SKIPPING.exec(cursor);
  if (!found) return { pageToken: cursor, skip: 0 };
  return { pageToken: found[2] || undefined, skip: Number(found[1]) };
}

function cursorOf(pageToken: string | undefined, skip: number): string {
  return skip === 0 && pageToken ? pageToken : `+${skip}+${pageToken ?? ""}`;
}
