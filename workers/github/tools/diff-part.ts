import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { textPart } from "../text-part.ts";

/** The input that asks for a part of a diff. */
export const diffInput = {
  offset: z.int().min(0).max(100_000_000).default(0).describe("Where to begin: next_offset of the answer before"),
  max_bytes: z.int().min(1000).max(200_000).default(50_000).describe("How much of the diff at most"),
};

export const diffOutput = z.object({
  diff: z.string().describe("As git diff shows it"),
  next_offset: z.int().optional().describe("There is more: the offset to go on with"),
});

/** The part of a diff that was asked for, of whole characters. @param read gives bytes of the diff */
export async function diffPart(
  { offset, max_bytes }: { offset: number; max_bytes: number },
  read: (window: { offset: number; length: number }) => Promise<Uint8Array>,
): Promise<z.infer<typeof diffOutput>> {
  // One byte more tells whether there is more.
  const bytes = await read({ offset, length: max_bytes + 1 });
  if (offset > 0 && bytes.length === 0) throw new ToolError(`The diff ends before offset ${offset}.`);
  const isLast = bytes.length <= max_bytes;
  const part = textPart(isLast ? bytes : bytes.subarray(0, max_bytes), offset === 0, isLast);
  if (!part) throw new ToolError("This part of the diff is not text in UTF-8. Look at the files one by one instead.");
  return { diff: part.text, ...(!isLast && { next_offset: offset + part.skipped + part.length }) };
}
