import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { processIdentity } from "../engine/pid-lock.mjs";
import { say, UserError } from "./user-error.ts";

/** Environment variable of the engine, and of all that it starts: the stack's directory and the command that it works for. */
export const RUN_VARIABLE = "HYBRID_MCP_RUN";

/** How long ended processes may take to be gone, in milliseconds. */
const GONE_MS = 10_000;
/** How long what an engine has started may take to end by itself after it, in milliseconds. */
const PATIENCE_MS = 3_000;

/** The variable's value for what this process starts on a stack. */
export function runMark(stackDir: string): string {
  return `${process.pid}_${processIdentity(process.pid)} ${stackDir}`;
}

/**
 * Ends what commands that are gone have left running on a stack: a command that is killed cannot stop its engine, whose
 * language host and plugins are in process groups of their own, besides.
 *
 * @param stackDir the stack's directory; this process holds its lock
 * @throws {UserError} when something cannot be ended
 */
export async function endKilledRuns(stackDir: string): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  // Again until there is none: one that is being started is not seen yet.
  for (let told = false, left = orphans(stackDir); left.length > 0; left = orphans(stackDir)) {
    if (!told) say("The last command was killed; ending what it left running.");
    told = true;
    for (const pid of left) end(pid);
    if (performance.now() > deadline) {
      throw new UserError(
        `Processes of a command that was killed do not end: ${left.join(", ")}. End them and run this again.`,
      );
    }
    await delay(50);
  }
}

/**
 * Waits until what this command's engine has started is gone: plugins and the language host outlive the engine by a moment.
 * What does not go by itself is ended.
 *
 * @param stackDir the stack's directory
 */
export async function awaitOwnRuns(stackDir: string): Promise<void> {
  const mark = runMark(stackDir);
  const own = () => processes().filter((pid) => markOf(pid) === mark);
  const patience = performance.now() + PATIENCE_MS;
  for (let left = own(); left.length > 0; left = own()) {
    if (performance.now() > patience) for (const pid of left) end(pid);
    if (performance.now() > patience + GONE_MS) return;
    await delay(20);
  }
}

/** Processes of a stack whose command is gone. */
function orphans(stackDir: string): number[] {
  return processes().filter((pid) => {
    const mark = markOf(pid);
    const space = mark?.indexOf(" ") ?? -1;
    if (!mark || mark.slice(space + 1) !== stackDir) return false;
    const [owner, identity] = mark.slice(0, space).split("_");
    return processIdentity(Number(owner)) !== identity;
  });
}

function processes(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function markOf(pid: number): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return environment.find((entry) => entry.startsWith(`${RUN_VARIABLE}=`))?.slice(RUN_VARIABLE.length + 1);
  } catch {
    // It ended, or is somebody else's.
    return undefined;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
