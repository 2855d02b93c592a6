import { expect, test } from "vitest";
import { isAtLeast } from "./version.ts";

test.each([
  ["v3.250.0", true],
  ["3.250.0\n", true],
  ["3.1000.0", true],
  ["v4.0.0", true],
  ["v3.251.0-alpha.xabc", true],
  ["v3.250.0+build", true],
  ["v3.250.0-alpha.1", false],
  ["v3.249.9", false],
  ["v3.25.0", false],
  ["2.999.999", false],
  ["", false],
  ["dev", false],
])("version %j at least 3.250.0: %j", (version, expected) => {
  expect(isAtLeast(version, "3.250.0")).toBe(expected);
});
