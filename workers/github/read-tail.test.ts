import fc from "fast-check";
import { expect, test } from "vitest";
import { readTail } from "./read-tail.ts";

test("the end of a stream, however it comes", async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 40 }), async (parts, length) => {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      const whole = parts.flatMap((part) => [...part]);
      const { bytes, size } = await readTail(stream, length);
      expect(size).toBe(whole.length);
      expect([...bytes]).toEqual(whole.slice(-length));
    }),
  );
});
