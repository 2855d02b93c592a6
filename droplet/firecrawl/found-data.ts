import { z } from "zod";
import { CURSOR, excerpt } from "./excerpt.ts";

/** How much of what was found is given, and where to go on. */
export const foundDataInput = {
  limit: z.int().min(1000).max(50_000).default(20_000).describe("How many characters of the result at most"),
  cursor: z.string().regex(CURSOR).optional().describe("next_cursor of the answer before, for the part after it"),
};

export const foundDataOutput = {
  data: z.unknown().optional().describe("What was found"),
  data_part: z.string().optional().describe("When the data is too long: a part of it as JSON text, in place of data"),
  next_cursor: z.string().optional(),
};

/** Data as it is when it is short; else a part of its JSON. @param data undefined: there is none */
export async function foundData(
  data: unknown,
  limit: number,
  cursor: string | undefined,
): Promise<{ data?: unknown; data_part?: string; next_cursor?: string | undefined }> {
  if (data === undefined || data === null) return {};
  const text = JSON.stringify(data, null, 1);
  if (text.length <= limit && cursor === undefined) return { data };
  const { parts, nextCursor } = await excerpt([{ format: "json", text }], limit, cursor);
  return { data_part: parts[0]?.text ?? "", next_cursor: nextCursor };
}
