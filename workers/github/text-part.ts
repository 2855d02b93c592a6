/** A part of a file as text. */
export interface TextPart {
  text: string;
  /** How many bytes at the start belong to a character that began before the part. */
  skipped: number;
  /** How many bytes the text has; a character that is cut off at the end is left to the next part. */
  length: number;
}

/**
 * Reads a part of a file as UTF-8.
 * @param bytes the part
 * @param isFirst whether the file begins here
 * @param isLast whether the file ends here
 * @returns undefined when the file is not text: it has a zero byte, as Git judges it, or is no UTF-8
 */
export function textPart(bytes: Uint8Array, isFirst: boolean, isLast: boolean): TextPart | undefined {
  if (bytes.includes(0)) return undefined;
  let start = 0;
  while (!isFirst && start < Math.min(3, bytes.length) && isContinuation(bytes[start]!)) start++;
  const end = isLast ? bytes.length : start + wholeCharacters(bytes.subarray(start));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end));
    return { text, skipped: start, length: end - start };
  } catch {
    return undefined;
  }
}

/** The length without a last character that is not there in full (RFC 3629 section 3). */
function wholeCharacters(bytes: Uint8Array): number {
  let lead = bytes.length - 1;
  while (lead > 0 && bytes.length - lead < 4 && isContinuation(bytes[lead]!)) lead--;
  const byte = bytes[lead];
  if (byte === undefined) return 0;
  let size = 1;
  if (byte >= 0xf0) size = 4;
  else if (byte >= 0xe0) size = 3;
  else if (byte >= 0xc0) size = 2;
  return lead + size > bytes.length ? lead : bytes.length;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
