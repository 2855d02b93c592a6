import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyPart } from "./body-part.ts";

test("the parts of a text are the whole text, and none cuts a character in two", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 7 }), (text, body_length) => {
      let read = "";
      let body_offset: number | undefined = 0;
      while (body_offset !== undefined) {
        const part = bodyPart(text, { body_offset, body_length });
        expect(part.body?.length ?? 0).toBeLessThanOrEqual(body_length);
        expect(part.body?.isWellFormed() ?? true).toBe(true);
        read += part.body ?? "";
        body_offset = part.next_body_offset;
      }
      expect(read).toBe(text);
    }),
  );
});

test("of nothing, or for no length, there is no part", () => {
  expect(bodyPart(null, { body_length: 10 })).toEqual({});
  expect(bodyPart("text", { body_length: 0 })).toEqual({});
});
