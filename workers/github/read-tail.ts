/**
 * Reads the end of a stream, of which no more than that is kept in memory.
 * @param length bytes
 * @returns fewer bytes than `length` when the stream has fewer; `size`: bytes of the whole stream
 */
export async function readTail(
  stream: ReadableStream<Uint8Array>,
  length: number,
): Promise<{ bytes: Uint8Array; size: number }> {
  const kept: Uint8Array[] = [];
  let keptLength = 0;
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    keptLength += chunk.length;
    kept.push(chunk);
    while (keptLength - kept[0]!.length >= length) keptLength -= kept.shift()!.length;
  }
  const bytes = new Uint8Array(keptLength);
  let at = 0;
  for (const chunk of kept) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes: bytes.subarray(Math.max(0, keptLength - length)), size };
}
