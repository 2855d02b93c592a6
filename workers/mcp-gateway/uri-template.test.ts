import fc from "fast-check";
import { expect, test } from "vitest";
import { couldBe } from "./uri-template.ts";

test.each([
  ["notes://by-id/{id}", "notes://by-id/7", true],
  ["notes://by-id/{id}", "notes://by-id/7/8", false],
  ["notes://by-id/{id}", "notes://by-name/7", false],
  ["notes://by-id/{id}/text", "notes://by-id/7/text", true],
  ["github://repos/{owner}/{repo}/contents/{+path}", "github://repos/ada/orchard/contents/src/index.ts", true],
  ["github://repos/{owner}/{repo}/contents/{+path}", "github://repos/ada/contents/src", false],
  ["files:///{/path}", "files:///a/b", true],
  ["plain://one", "plain://one", true],
  ["plain://one", "plain://ones", false],
  ["a{", "a{", true],
])("%s and %s: %s", (template, uri, fits) => expect(couldBe(uri, template)).toBe(fits));

test("whatever a server writes, an answer comes at once", () => {
  const hostile = `coda://${"{a}".repeat(600)}!`;
  const started = performance.now();
  expect(couldBe(`coda://${"x".repeat(1_900)}`, hostile)).toBe(false);
  // A template that is followed back takes longer than anybody waits.
  expect(performance.now() - started).toBeLessThan(10_000);
});

test("a URI that was made from a template fits it", () => {
  const part = fc.stringMatching(/^[a-z0-9%.-]*$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part), { maxLength: 6 }), (pieces) => {
      const template = pieces.map(([literal], i) => `${literal}{v${i}}`).join("/");
      const uri = pieces.map(([literal, value]) => literal + value).join("/");
      expect(couldBe(uri, template)).toBe(true);
    }),
  );
});
