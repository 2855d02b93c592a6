import { partOf } from "./part-of.ts";

/**
 * A value of Coda's that is too long for a model as a part of its text, which says so; any other as it is.
 *
 * @param length most characters
 * @param rest how to get the rest
 * @param offset characters of a text that are left out
 */
export function cutValue(value: unknown, length: number, rest: string, offset = 0): unknown {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= length && (offset === 0 || typeof value !== "string")) return value;
  const from = Math.min(offset, text.length);
  const part = partOf(text, from, length);
  return `${part} [characters ${from} to ${from + part.length} of ${text.length}; ${rest}]`;
}
