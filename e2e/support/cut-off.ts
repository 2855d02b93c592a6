import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { eventsOf } from "../../local/cli/update.ts";
import { stepsOf } from "./engine-steps.ts";
import type { CommandResult, TestStack } from "./test-stack.ts";

/** How a command is cut off: `kill -9` of it and its engine, or Ctrl-C, once or twice. */
export type CutOff = "kill" | "interrupt" | "interrupt twice";

/** Between the first and the second Ctrl-C, in milliseconds. */
const BETWEEN_MS = 300;

export interface CutOffRun {
  /** How a command ended that was not killed. */
  result: CommandResult | undefined;
  /** The steps that its engine had come to when it was cut off. */
  steps: string[];
}

/**
 * Runs a command and cuts it off as soon as its engine has written a step into its event log.
 *
 * @throws {Error} when the step never comes
 */
export async function cutOff(stack: TestStack, how: CutOff, step: string, command: string[]): Promise<CutOffRun> {
  const file = stack.stack.path("events.jsonl");
  rmSync(file, { force: true });
  const [name, ...args] = command;
  const { child, finished } = stack.startJob(name!, ...args);
  const gone = once(child, "exit");
  let steps: string[] = [];
  for (let seen = 0; !steps.includes(step); await wait(2)) {
    const { exitCode } = child;
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size !== seen) steps = stepsOf(eventsOf(stack.stack));
    else if (exitCode !== null) {
      throw new Error(`"${step}" never came; ${command.join(" ")} ended with:\n${(await finished).output}`);
    }
    seen = size;
  }
  const signal = (which: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, which);
    } catch (error) {
      // It has come to its end meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  signal(how === "kill" ? "SIGKILL" : "SIGINT");
  if (how === "interrupt twice") {
    await wait(BETWEEN_MS);
    signal("SIGINT");
  }
  await gone;
  // What a killed engine has started may hold its output open.
  return { result: how === "kill" ? undefined : await finished, steps };
}
