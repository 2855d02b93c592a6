import { describe, expect, test } from "vitest";
import { CURSOR, excerpt, type Part } from "./excerpt.ts";

const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index}`).join(" ");

/** Every stretch of a page, in order. */
async function readAll(parts: Part<string>[], limit: number) {
  const stretches: Part<string>[][] = [];
  let cursor: string | undefined;
  do {
    const stretch = await excerpt(parts, limit, cursor);
    expect(stretch.changed).toBe(false);
    expect(stretch.parts.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(limit);
    stretches.push(stretch.parts);
    cursor = stretch.nextCursor;
    if (cursor) expect(cursor).toMatch(CURSOR);
  } while (cursor);
  return stretches;
}

describe("excerpt", () => {
  test("gives a page that fits whole, without a cursor", async () => {
    const parts = [
      { format: "markdown", text: "# Title" },
      { format: "html", text: "" },
      { format: "links", text: "https://a.example/" },
    ];
    expect(await excerpt(parts, 1000, undefined)).toEqual({
      parts,
      total: 25,
      nextCursor: undefined,
      changed: false,
    });
  });

  test("gives stretches that are the whole page when they are put together, whatever the limit", async () => {
    const parts = [
      { format: "markdown", text: `${words(40)}\n\n${words(30)}\n${words(20)}` },
      { format: "rawHtml", text: "" },
      { format: "html", text: words(50) },
      { format: "links", text: "https://a.example/\nhttps://b.example/" },
    ];
    for (const limit of [7, 50, 100, 333, 400]) {
      const stretches = (await readAll(parts, limit)).flat();
      for (const { format, text } of parts) {
        const together = stretches.filter((part) => part.format === format).map((part) => part.text);
        expect(together.join(""), `${format} by ${limit}`).toBe(text);
      }
    }
  });

  test("cuts between paragraphs, else lines, else words, when there is such a place near the end", async () => {
    const first = async (text: string) =>
      (await excerpt([{ format: "markdown", text }], 100, undefined)).parts[0]!.text;
    expect(await first(`${"a".repeat(85)}\n\nb\nc ${"d".repeat(90)}`)).toBe(`${"a".repeat(85)}\n\n`);
    expect(await first(`${"a".repeat(85)}\nb c ${"d".repeat(90)}`)).toBe(`${"a".repeat(85)}\n`);
    expect(await first(`${"a".repeat(85)} b${"d".repeat(90)}`)).toBe(`${"a".repeat(85)} `);
    expect(await first(`a\n\n${"b".repeat(200)}`)).toHaveLength(100);
  });

  test("never cuts a character in two", async () => {
    const stretches = await readAll([{ format: "markdown", text: "😀".repeat(50) }], 7);
    for (const [part] of stretches) expect(part!.text.isWellFormed()).toBe(true);
  });

  test("tells when the page is another one than the cursor was made for", async () => {
    const page = (text: string) => [{ format: "markdown", text }];
    const { nextCursor } = await excerpt(page("a".repeat(200)), 100, undefined);
    expect((await excerpt(page("a".repeat(200)), 100, nextCursor)).changed).toBe(false);
    expect((await excerpt(page("b".repeat(200)), 100, nextCursor)).changed).toBe(true);
    await expect(excerpt(page("b".repeat(100)), 100, nextCursor)).rejects.toThrow("again without a cursor");
  });
});
