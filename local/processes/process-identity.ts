import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that another one cannot be mistaken for: numbers are used again, a number with its start time is not. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own notation. */
  started: string;
}

/** @returns undefined when no such process runs */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === "linux" ? startedOnLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  return identify(pid)?.started === started;
}

/** proc(5), /proc/pid/stat: field 22 is the start time in clock ticks since boot; a zombie (field 3) runs no more. */
function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
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
