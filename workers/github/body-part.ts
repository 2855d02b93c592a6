import { z } from "zod";

/** The input that asks for a part of a text of one thing, in characters (UTF-16 code units, as JavaScript counts). */
export const bodyInput = {
  body_offset: z.int().min(0).default(0).describe("Character of the text to begin at"),
  body_length: z.int().min(0).max(50_000).default(20_000).describe("How much of the text at most, in characters"),
};

/** The input of a list: how much of the text of each. @param usual characters */
export const excerptInput = (usual: number) => ({
  body_length: z.int().min(0).max(5_000).default(usual).describe("How much of each text, in characters; 0 for none"),
});

/** What {@link bodyPart} makes. */
export const bodyOutput = {
  body: z.string().optional(),
  next_body_offset: z.int().optional().describe("There is more of the text: the body_offset to go on with"),
};

/** Cuts a part out of a text, without cutting a character in two. */
export function bodyPart(
  text: string | null | undefined,
  { body_offset = 0, body_length }: { body_offset?: number; body_length: number },
): { body?: string; next_body_offset?: number } {
  if (!text || body_length === 0) return {};
  let end = Math.min(text.length, body_offset + body_length);
  // A first half of two that make one character is left to the next part, unless nothing would be left of this one.
  if (end < text.length && end - 1 > body_offset && isHighSurrogate(text, end - 1)) end--;
  return { body: text.slice(body_offset, end), ...(end < text.length && { next_body_offset: end }) };
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
