import { expect, test } from "vitest";
import { z } from "zod";
import { nextCursor, pageInput, pageQuery } from "./page-cursor.ts";

const input = z.object(pageInput);
const link = (query: string) => `<https://api.github.com/x?per_page=3&${query}>; rel="next", <https://x>; rel="last"`;

test.each([
  ["page=2", "page=2", { page: "2" }],
  ["after=Y3Vy%2Bc29y%2FOg%3D%3D&page=2", "after=Y3Vy+c29y/Og==", { after: "Y3Vy+c29y/Og==" }],
])("a next page at %s is asked for as GitHub named it", (query, cursor, asked) => {
  expect(nextCursor(link(query))).toBe(cursor);
  expect(pageQuery(input.parse({ limit: 3, cursor }))).toEqual({ per_page: 3, ...asked });
});

test("the last page has no cursor", () => {
  expect(nextCursor(undefined)).toBeUndefined();
  expect(nextCursor('<https://api.github.com/x?page=1>; rel="prev"')).toBeUndefined();
});

test.each(["page=0", "page=2&baseUrl=x", "baseUrl=x", "after=a&b", ""])("%j is no cursor", (cursor) => {
  expect(input.safeParse({ cursor }).success).toBe(false);
});
