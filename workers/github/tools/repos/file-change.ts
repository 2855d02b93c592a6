import type { components } from "@octokit/openapi-types";
import { z } from "zod";

/** The input that says how much of each file's patch is given. */
export const patchLength = z
  .int()
  .min(0)
  .max(50_000)
  .default(1000)
  .describe("How much of each file's patch, in characters; 0 for none. What is cut off is marked patch_truncated");

/** A file that a commit or pull request changes. */
export const fileChangeOutput = z.object({
  path: z.string(),
  status: z.string(),
  additions: z.int(),
  deletions: z.int(),
  previous_path: z.string().optional(),
  patch: z.string().optional().describe("Left out by GitHub when the file is binary or large"),
  patch_truncated: z.boolean().optional(),
});

export function fileChange(file: components["schemas"]["diff-entry"], length: number) {
  const { filename, status, additions, deletions, previous_filename, patch = "" } = file;
  const shown = length === 0 ? undefined : patch.slice(0, length).toWellFormed();
  return {
    path: filename,
    status,
    additions,
    deletions,
    previous_path: previous_filename,
    ...(shown && { patch: shown }),
    ...(shown && patch.length > length && { patch_truncated: true }),
  };
}
