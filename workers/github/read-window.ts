/** A part of a file, in bytes. */
export interface Window {
  offset: number;
  length: number;
}

/**
 * Reads a part of a stream and lets the rest go, so that a large file costs neither memory nor traffic behind the part.
 * @returns fewer bytes than `length` when the stream ends in it
 */
export async function readWindow(stream: ReadableStream<Uint8Array>, { offset, length }: Window): Promise<Uint8Array> {
  const result = new Uint8Array(length);
  let position = 0;
  let filled = 0;
  const reader = stream.getReader();
  while (filled < length) {
    const { done, value } = await reader.read();
    if (done) return result.subarray(0, filled);
    const wanted = value.subarray(Math.max(0, offset - position)).subarray(0, length - filled);
    result.set(wanted, filled);
    filled += wanted.length;
    position += value.length;
  }
  await reader.cancel();
  return result;
}

/**
 * Decodes a part of base64 text, without the cost of decoding the rest. Four signs are three bytes.
 * @param base64 may have line ends in it, as GitHub's has
 * @returns fewer bytes than `length` when the text ends in it
 */
export function decodeWindow(base64: string, { offset, length }: Window): Uint8Array {
  const signs = base64.replaceAll("\n", "");
  const first = Math.floor(offset / 3);
  const bytes = atob(signs.slice(first * 4, Math.ceil((offset + length) / 3) * 4));
  const decoded = Uint8Array.from(bytes, (sign) => sign.charCodeAt(0));
  return decoded.subarray(offset - first * 3).subarray(0, length);
}
