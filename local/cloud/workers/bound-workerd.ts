import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

/** The path of the platform's binary; the package is CommonJS without types. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };

/**
 * Writes a launcher of workerd that ends with the process that started it, even if that is killed: an orphan would keep
 * the SQLite files locked. On Linux the kernel sees to it (`prctl(2)`, PR_SET_PDEATHSIG), elsewhere a watching shell.
 * @param dir where the launcher goes.
 * @returns its path, for Miniflare's MINIFLARE_WORKERD_PATH.
 */
export async function writeBoundWorkerd(dir: string): Promise<string> {
  const file = join(dir, "workerd");
  const hasSetpriv = process.platform === "linux" && spawnSync("setpriv", ["--version"]).status === 0;
  const script = hasSetpriv ? `exec setpriv --pdeathsig KILL -- ${quote(workerd)} "$@"` : watched(quote(workerd));
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

function watched(binary: string): string {
  return `parent=$PPID
self=$$
(
  while kill -0 "$parent" && kill -0 "$self"; do sleep 1; done
  kill -9 "$self"
) </dev/null >/dev/null 2>&1 3>&- &
exec ${binary} "$@"`;
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
