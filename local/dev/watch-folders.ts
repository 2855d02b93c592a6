import { type FSWatcher, watch } from "node:fs";

/** An editor writes several files, or one in several steps: how long to wait for the last of them, in milliseconds. */
const SETTLE_MS = 50;

/**
 * Calls back after files below some folders have changed, one call at a time; what changes during a call leads to
 * another one.
 *
 * @param onChange never rejects
 * @param onError is told when the system stops watching
 * @returns ends the watch and waits for a call that runs
 */
export function watchFolders(
  folders: string[],
  onChange: () => Promise<void>,
  onError: (error: Error) => void,
): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(onChange);
    }, SETTLE_MS);
  };
  const watchers: FSWatcher[] = folders.map((folder) =>
    watch(folder, { recursive: true }, changed).on("error", onError),
  );
  return async () => {
    for (const watcher of watchers) watcher.close();
    clearTimeout(timer);
    await running;
  };
}
