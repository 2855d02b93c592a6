import { ToolError } from "@hybrid-mcp/service-kit/tool";

/** One form of a page. */
export interface Part<Format extends string> {
  format: Format;
  text: string;
}

/** A stretch of a page. */
export interface Excerpt<Format extends string> {
  parts: Part<Format>[];
  /** Length of the whole, in characters. */
  total: number;
  /** Leads to the stretch after this one; undefined at the end. */
  nextCursor: string | undefined;
  /** Whether the page is another one than the cursor was made for. */
  changed: boolean;
}

/** `<offset>-<first 8 digits of the page's hash>` */
export const CURSOR = /^\d{1,9}-[0-9a-f]{8}$/;

/**
 * Cuts a page to a size that a model can use. Cuts are made between paragraphs, lines or words where there are any near
 * the end, and the stretches put together are the whole page.
 *
 * @param parts the page in each form that was asked for
 * @param limit most characters of a stretch
 * @param cursor of the stretch before; undefined for the first
 * @throws {ToolError} when the page ends before the cursor
 */
export async function excerpt<Format extends string>(
  parts: readonly Part<Format>[],
  limit: number,
  cursor: string | undefined,
): Promise<Excerpt<Format>> {
  const [offset, expected] = cursor ? [Number(cursor.split("-")[0]), cursor.split("-")[1]] : [0, undefined];
  const total = parts.reduce((sum, { text }) => sum + text.length, 0);
  if (offset > 0 && offset >= total) {
    throw new ToolError("The page is shorter than it was when it was last read. Ask for it again without a cursor.");
  }
  const hash = await hashOf(parts);

  const taken: Part<Format>[] = [];
  let start = offset;
  let room = limit;
  for (const { format, text } of parts) {
    if (start > 0 && start >= text.length) {
      start -= text.length;
      continue;
    }
    const end = cut(text, start, room);
    taken.push({ format, text: text.slice(start, end) });
    room -= end - start;
    start = 0;
    if (end < text.length || room <= 0) break;
  }

  const next = offset + taken.reduce((sum, { text }) => sum + text.length, 0);
  return {
    parts: taken,
    total,
    nextCursor: next < total ? `${next}-${hash}` : undefined,
    changed: expected !== undefined && expected !== hash,
  };
}

/** Where a stretch from `start` of at most `room` characters ends best. */
function cut(text: string, start: number, room: number): number {
  const end = start + room;
  if (end >= text.length) return text.length;
  const earliest = start + Math.floor(room * 0.8);
  for (const boundary of ["\n\n", "\n", " "]) {
    const at = text.lastIndexOf(boundary, end - boundary.length);
    if (at >= earliest) return at + boundary.length;
  }
  // Between the halves of a surrogate pair there is no place to cut.
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code <= 0xdbff && room > 1 ? end - 1 : end;
}

async function hashOf(parts: readonly Part<string>[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
