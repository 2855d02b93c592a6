import { expect, test } from "vitest";
import { cutValue } from "./cut-value.ts";

test("a value that is short enough stays as it is, whatever it is", () => {
  for (const value of ["", "abc", 7, false, ["a", 1], { name: "a" }]) expect(cutValue(value, 20, "ask")).toBe(value);
});

test("a text is cut, read on by offset, and says where it is", () => {
  expect(cutValue("abcdefgh", 3, "ask")).toBe("abc [characters 0 to 3 of 8; ask]");
  expect(cutValue("abcdefgh", 3, "ask", 6)).toBe("gh [characters 6 to 8 of 8; ask]");
  expect(cutValue("abc", 3, "ask", 10)).toBe(" [characters 3 to 3 of 3; ask]");
});

test("no half of a character is left, and lists are cut as JSON", () => {
  expect(cutValue("ab🚀cd", 3, "ask")).toBe("ab [characters 0 to 2 of 6; ask]");
  expect(cutValue("ab🚀cd", 3, "ask", 2)).toBe("🚀c [characters 2 to 5 of 6; ask]");
  expect(cutValue(["abc", "def"], 6, "ask")).toBe('["abc" [characters 0 to 6 of 13; ask]');
});
