import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";

/** A copy of this checkout that a test may break. */
export interface CheckoutCopy {
  path: string;
  /** Replaces a file's text; fails when `search` is not in it, so that no test breaks nothing. */
  edit(file: string, search: string, replacement: string): void;
  remove(): void;
}

/** Copies the files that git knows or would take; packages are shared with the original. */
export function copyCheckout(): CheckoutCopy {
  const path = mkdtempSync(join(tmpdir(), "hybrid-mcp-copy-"));
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  for (const file of stdout.split("\0").filter(Boolean)) {
    cpSync(join(repositoryRoot, file), join(path, file), { recursive: true });
  }
  symlinkSync(join(repositoryRoot, "node_modules"), join(path, "node_modules"));
  return {
    path,
    edit(file, search, replacement) {
      const text = readFileSync(join(path, file), "utf8");
      if (!text.includes(search)) throw new Error(`${file} has no ${JSON.stringify(search)}`);
      writeFileSync(join(path, file), text.replace(search, replacement));
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
