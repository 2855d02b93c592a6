import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";

/** A copy of this checkout that a test may break. */
export interface CheckoutCopy {
  path: string;
  /** Replaces a file's text; fails when `search` is not in it, so that no test breaks nothing. */
  edit(file: string, search: string, replacement: string): void;
  /** Copies a folder. */
  duplicate(folder: string, to: string): void;
  remove(): void;
}

/** The project's own packages among the installed ones: npm links each to its folder. */
const OWN = "@hybrid-mcp";

/**
 * Copies the files that git knows or would take. Packages are shared with the original, but for the project's own, which
 * are the copy's, and what is built, which would be taken for the original's.
 */
export function copyCheckout(): CheckoutCopy {
  const path = mkdtempSync(join(tmpdir(), "hybrid-mcp-copy-"));
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  for (const file of stdout.split("\0").filter(Boolean)) {
    cpSync(join(repositoryRoot, file), join(path, file), { recursive: true });
  }
  const packages = join(repositoryRoot, "node_modules");
  mkdirSync(join(path, "node_modules", OWN), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (name !== OWN && name !== ".cache") symlinkSync(join(packages, name), join(path, "node_modules", name));
  }
  for (const name of readdirSync(join(packages, OWN))) {
    symlinkSync(readlinkSync(join(packages, OWN, name)), join(path, "node_modules", OWN, name));
  }
  return {
    path,
    edit(file, search, replacement) {
      const text = readFileSync(join(path, file), "utf8");
      if (!text.includes(search)) throw new Error(`${file} has no ${JSON.stringify(search)}`);
      writeFileSync(join(path, file), text.replace(search, replacement));
    },
    duplicate: (folder, to) => cpSync(join(path, folder), join(path, to), { recursive: true }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
