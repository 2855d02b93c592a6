import { describe, expect, test } from "vitest";
import { listed } from "./listed.ts";

/** A list of numbers of which at most `most` are given at a time; a page token says where to go on, and how far. */
function numbers(count: number, most = 100) {
  const asked: { limit: number; pageToken?: string }[] = [];
  const ask = async (page: { limit: number; pageToken?: string }) => {
    asked.push(page);
    const [from, limit] = page.pageToken?.split("/").map(Number) ?? [0, Math.min(page.limit, most)];
    const end = Math.min(from! + limit!, count);
    const items = Array.from({ length: end - from! }, (_, index) => from! + index);
    return { items, ...(end < count && { nextPageToken: `${end}/${limit}` }) };
  };
  return { ask, asked };
}

async function all(count: number, limit: number, { most = 100, pageSize = limit, chars = 1 } = {}) {
  const { ask, asked } = numbers(count, most);
  const pages: number[] = [];
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const { items, next_cursor } = await listed(ask, (n) => [n, "x".repeat(chars)] as const, {
      limit,
      cursor,
      pageSize,
    });
    pages.push(items.length);
    seen.push(...items.map(([n]) => n));
    cursor = next_cursor;
  } while (cursor !== undefined && pages.length < 1000);
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => index));
  return { pages, asked };
}

describe("a list that is asked for page by page", () => {
  test("is given whole when it is short, and empty when there is nothing", async () => {
    expect((await all(3, 10)).pages).toEqual([3]);
    expect((await all(0, 10)).pages).toEqual([0]);
    expect((await all(10, 10)).pages).toEqual([10]);
  });

  test("goes on by Coda's own cursor where a page ends", async () => {
    expect((await all(25, 10)).pages).toEqual([10, 10, 5]);
  });

  test("is asked for until there is as much as wanted, when Coda gives less at a time", async () => {
    const { pages, asked } = await all(25, 10, { most: 4 });
    expect(pages).toEqual([10, 10, 5]);
    expect(asked.every(({ limit }) => limit === 10)).toBe(true);
  });

  test("ends in the middle of a page when that is what is wanted, and the rest comes once", async () => {
    expect((await all(250, 120, { pageSize: 50 })).pages).toEqual([120, 120, 10]);
    expect((await all(9, 4, { pageSize: 3 })).pages).toEqual([4, 4, 1]);
  });

  test("ends where a model could not read more, but never without an entry", async () => {
    expect((await all(5, 10, { chars: 20_000 })).pages).toEqual([2, 2, 1]);
    expect((await all(2, 10, { chars: 80_000 })).pages).toEqual([1, 1]);
  });
});
