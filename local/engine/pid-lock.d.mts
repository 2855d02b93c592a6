/**
 * What tells a process from a later one with the same pid; a zombie counts as gone.
 * @returns undefined if there is no such process
 */
export function processIdentity(pid: number): string | undefined;

/**
 * Runs `work` while this process holds the lock at `path` (a directory that is made for it, with its parents).
 * A lock whose owner is dead is taken over.
 * @param options `onWait` is called once if somebody else holds it; `pollMs` is how often to look again (200 ms)
 * @returns what `work` returns
 * @throws the signal's reason when `options.signal` aborts while waiting
 */
export function withPidLock<T>(
  path: string,
  work: () => Promise<T> | T,
  options?: { onWait?: (ownerPid: number) => void; signal?: AbortSignal; pollMs?: number },
): Promise<T>;

/** The pid of the process that holds the lock at `path`; undefined: it is free. */
export function liveOwner(path: string): number | undefined;
