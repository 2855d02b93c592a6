/**
 * The part of a text that begins at `offset`: at most `length` characters, to the end of a line where there is one in its
 * second half.
 */
export function partOf(text: string, offset: number, length: number): string {
  if (text.length - offset <= length) return text.slice(offset);
  const part = text.slice(offset, offset + length);
  const line = part.lastIndexOf("\n");
  if (line >= length / 2) return part.slice(0, line + 1);
  // Half of a character that takes two is none.
  return /[\uD800-\uDBFF]$/.test(part) ? part.slice(0, -1) : part;
}
