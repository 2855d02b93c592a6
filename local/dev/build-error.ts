import { join, relative } from "node:path";
import type { BuildFailure } from "esbuild";

/**
 * What a person reads when a Worker cannot be replaced: each of esbuild's errors as `file:line:column: message`, or the
 * reason why the module did not start.
 *
 * @param folder of the Worker, to which esbuild's paths are relative
 * @param root to which the paths that are shown are relative
 */
export function buildErrorLines(error: unknown, folder: string, root: string): string[] {
  const { errors } = error as Partial<BuildFailure>;
  if (!Array.isArray(errors)) return [error instanceof Error ? error.message : String(error)];
  return errors.map(({ text, location }) => {
    if (!location) return text;
    // esbuild counts columns from 0, editors from 1.
    return `${relative(root, join(folder, location.file))}:${location.line}:${location.column + 1}: ${text}`;
  });
}
