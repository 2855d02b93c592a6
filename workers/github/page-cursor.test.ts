import { expect, test } from "vitest";
import { nextCursor, pageQuery } from "./page-cursor.ts";

test.each(["after=Y3Vyc29yOnYyOpK5+/8=", "page=2"])("the cursor %s comes back as GitHub gave it", (cursor) => {
  const [name, value] = cursor.split(/=(.*)/s) as [string, string];
  const next = `https://api.github.com/x?per_page=9&${name}=${encodeURIComponent(value)}`;
  expect(nextCursor(`<${next}>; rel="next", <https://api.github.com/x>; rel="first"`)).toBe(cursor);
  expect(pageQuery({ limit: 9, cursor })).toEqual({ per_page: 9, [name]: value });
});

test("the last page has no cursor", () => {
  expect(nextCursor('<https://api.github.com/x?page=1>; rel="prev"')).toBeUndefined();
  expect(nextCursor(undefined)).toBeUndefined();
});
