import { z } from "zod";

/** The input that says how much of each text a list gives. */
export const beginningInput = (usual: number) =>
  z
    .int()
    .min(0)
    .max(65_536)
    .default(usual)
    .describe("How much of each text, in characters; 0 for none. What is cut off is marked body_truncated");

/** What {@link beginning} gives. */
export const beginningOutput = { body: z.string().optional(), body_truncated: z.boolean().optional() };

/** The beginning of a text, for a list. @param length characters */
export function beginning(text: string | null | undefined, length: number) {
  if (length === 0 || !text) return {};
  // By characters, each of one or two code units, so that none is cut in two.
  const characters = [...text.slice(0, (length + 1) * 2)];
  if (characters.length <= length) return { body: text };
  return { body: characters.slice(0, length).join(""), body_truncated: true };
}

/** The input that asks for a part of one long text. */
export const partInput = {
  body_offset: z.int().min(0).default(0).describe("Where in the text to begin: next_body_offset of the answer before"),
  body_length: z.int().min(1000).max(65_536).default(30_000).describe("How much of the text at most, in characters"),
};

/** What {@link part} gives. */
export const partOutput = {
  body: z.string().optional(),
  next_body_offset: z.int().optional().describe("There is more of the text: the body_offset to go on with"),
};

/** A part of a long text, without a character that is cut in two. */
export function part(
  text: string | null | undefined,
  { body_offset: offset, body_length: length }: { body_offset: number; body_length: number },
) {
  if (!text || offset >= text.length) return {};
  let end = Math.min(offset + length, text.length);
  if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--;
  return { body: text.slice(offset, end), ...(end < text.length && { next_body_offset: end }) };
}
