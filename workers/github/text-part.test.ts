import { describe, expect, test } from "vitest";
import { decodeWindow, readWindow } from "./read-window.ts";
import { textPart } from "./text-part.ts";

const TEXT = "Écoute, žluťoučký 果樹園 🍎🍏 end";
const bytes = new TextEncoder().encode(TEXT);

function stream(chunkSize: number) {
  let at = 0;
  let cancelled = false;
  const readable = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.subarray(at, at + chunkSize));
        at += chunkSize;
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { readable, consumed: () => at, cancelled: () => cancelled };
}

describe("a part of a file", () => {
  test.each([1, 3, 4, 5, 7, 100])("is whole characters, and %i bytes at a time give the whole file", (size) => {
    let text = "";
    let offset = 0;
    while (offset < bytes.length) {
      const window = bytes.subarray(offset, offset + Math.max(4, size));
      const part = textPart(window, offset === 0, offset + window.length === bytes.length)!;
      expect(part.skipped).toBe(0);
      expect(part.length).toBeGreaterThan(0);
      text += part.text;
      offset += part.length;
    }
    expect(text).toBe(TEXT);
  });

  test("that begins inside a character begins with the next one", () => {
    const apple = TEXT.indexOf("🍎");
    const at = new TextEncoder().encode(TEXT.slice(0, apple)).length;
    expect(textPart(bytes.subarray(at + 1), false, true)).toEqual({
      text: "🍏 end",
      skipped: 3,
      length: bytes.length - at - 4,
    });
  });

  test("is no text with a zero byte, in another encoding, or when the file ends inside a character", () => {
    expect(textPart(new Uint8Array([104, 0, 105]), true, true)).toBeUndefined();
    expect(textPart(new Uint8Array([0xc9, 0x63, 0x6f]), true, true)).toBeUndefined();
    expect(textPart(bytes.subarray(0, 1), true, true)).toBeUndefined();
    expect(textPart(new Uint8Array(), true, true)).toEqual({ text: "", skipped: 0, length: 0 });
  });
});

describe("a window", () => {
  const windows = [0, 1, 2, 3, 10].flatMap((offset) => [1, 2, 3, 12, 1000].map((length) => ({ offset, length })));

  test.each(windows)("of a stream and of base64 text is these bytes: %j", async (window) => {
    const expected = bytes.subarray(window.offset, window.offset + window.length);
    for (const chunkSize of [1, 4, 1000]) {
      expect(await readWindow(stream(chunkSize).readable, window)).toEqual(expected);
    }
    const base64 = Buffer.from(bytes)
      .toString("base64")
      .replace(/.{1,8}/g, "$&\n");
    expect(decodeWindow(base64, window)).toEqual(expected);
  });

  test("of a stream lets go what is behind it", async () => {
    const { readable, consumed, cancelled } = stream(4);
    await readWindow(readable, { offset: 5, length: 3 });
    expect([consumed(), cancelled()]).toEqual([8, true]);
  });
});
