import { existsSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withPidLock } from "./pid-lock.mjs";

export interface PublishOptions {
  /** Asked whether an existing target can stay; default: it can. */
  usable?(): Promise<boolean>;
  /** Told once that another process is making the target. */
  onWait?(pid: number): void;
  /** Called with a temporary folder before it is removed, also with what a killed attempt left. */
  beforeRemove?(workDir: string): Promise<void>;
  signal?: AbortSignal;
}

/**
 * Makes a file or folder that is either complete or not there: it is made in a temporary folder beside it and renamed at the end.
 * What an earlier, killed attempt left is removed first. Two at once: the second waits, then finds it made.
 * @param target the path to make
 * @param make fills the temporary folder and returns the path in it that is to become `target`
 */
export async function publish(
  target: string,
  make: (workDir: string) => Promise<string>,
  options: PublishOptions = {},
): Promise<void> {
  const remove = async (dir: string) => {
    await options.beforeRemove?.(dir);
    await rm(dir, { recursive: true, force: true });
  };
  const usable = async () => existsSync(target) && (options.usable === undefined || (await options.usable()));
  if (await usable()) return;
  await withPidLock(
    `${target}.lock`,
    async () => {
      if (await usable()) return;
      // It exists: the lock is in it.
      const parent = dirname(target);
      const prefix = `${basename(target)}.making-`;
      // Whoever made these is dead, or it would hold the lock.
      for (const name of await readdir(parent)) {
        if (name.startsWith(prefix)) await remove(join(parent, name));
      }
      const workDir = await mkdtemp(join(parent, prefix));
      try {
        const made = await make(workDir);
        await rm(target, { recursive: true, force: true });
        await rename(made, target);
      } finally {
        await remove(workDir);
      }
    },
    { onWait: options.onWait, signal: options.signal },
  );
}
