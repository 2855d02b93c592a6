import { expect, test } from "vitest";
import { BoundedMap } from "./bounded-map.ts";

test("what was used longest ago is forgotten first, by weight", () => {
  const map = new BoundedMap<string>(10);
  map.set("a", "A", 4);
  map.set("b", "B", 4);
  map.get("a");
  map.set("c", "C", 4);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual(["A", undefined, "C"]);
  map.set("a", "smaller", 1);
  map.set("d", "D", 5);
  expect([map.get("a"), map.get("c"), map.get("d")]).toEqual(["smaller", "C", "D"]);
});

test("what is too heavy by itself is not kept, and pushes nothing out", () => {
  const map = new BoundedMap<string>(10);
  map.set("a", "A", 4);
  map.set("b", "B", 11);
  expect([map.get("a"), map.get("b")]).toEqual(["A", undefined]);
});
