import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { runTool } from "./run-tool.ts";
import { isAtLeast } from "./version.ts";

/** The CLI's version from which on a failing hook fails the update, which the program relies on. */
export const MINIMUM_VERSION = "3.250.0";

export interface InstalledEngine {
  /** Absolute path of the CLI. */
  command: string;
  /** Without a leading `v`. */
  version: string;
  /** The folders that have the CLI and the Node language host. */
  binDirs: string[];
}

/**
 * Looks for a CLI that can run our program: new enough, and with its Node language host beside it or in one of the folders.
 * @param dirs folders in the order in which to search
 * @returns what was found, or a sentence that says why not
 */
export async function installedEngine(dirs: string[]): Promise<InstalledEngine | string> {
  const command = findExecutable("pulumi", dirs);
  if (command === undefined) return "there is no pulumi";
  let version: string;
  try {
    // The real folder: releases have the language host beside the CLI, to which a symbolic link may point.
    const env = { PULUMI_SKIP_UPDATE_CHECK: "true" };
    version = (await runTool(command, ["version"], { env, timeoutMs: 30_000 })).trim().replace(/^v/, "");
  } catch (error) {
    return `${command} does not run: ${(error as Error).message}`;
  }
  if (!isAtLeast(version, MINIMUM_VERSION)) return `${command} is ${version}, at least ${MINIMUM_VERSION} is needed`;
  const host = findExecutable("pulumi-language-nodejs", [dirname(realpathSync(command)), dirname(command), ...dirs]);
  if (host === undefined) return `${command} is ${version}, but its pulumi-language-nodejs is not beside it`;
  return { command, version, binDirs: [...new Set([dirname(command), dirname(host)])] };
}

function findExecutable(name: string, dirs: string[]): string | undefined {
  for (const dir of dirs) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
