import { processIdentity } from "../engine/pid-lock.mjs";

/** A process that another one cannot be mistaken for: numbers are used again, a number with its start time is not. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, and in which boot of the machine. */
  started: string;
}

/** @returns undefined when no such process runs */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = processIdentity(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  return processIdentity(pid) === started;
}

/**
 * Ends a process and all of its group: the signal, then SIGKILL when it still runs after the grace period.
 * @param graceMs - in milliseconds
 */
export async function endProcess(process_: ProcessIdentity, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  signalGroup(process_, signal);
  const deadline = Date.now() + graceMs;
  while (isAlive(process_)) {
    if (Date.now() >= deadline) signalGroup(process_, "SIGKILL");
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** To the whole group, as the process was started as the leader of one. */
export function signalGroup(process_: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(process_)) return;
  try {
    process.kill(-process_.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
