import { existsSync, rmSync, writeFileSync } from "node:fs";
import type { LocalStack } from "./stack.ts";

const mark = (stack: LocalStack) => stack.path("refresh-due");

/**
 * Remembers, whatever becomes of this command, that the state may not say what is there: the next command that works on the
 * stack refreshes it first (`recover`).
 */
export function markRefreshDue(stack: LocalStack): void {
  writeFileSync(mark(stack), "");
}

/** Whether a refresh is due that has not come to its end. */
export function isRefreshDue(stack: LocalStack): boolean {
  return existsSync(mark(stack));
}

/** The state is as it should be. */
export function refreshDone(stack: LocalStack): void {
  rmSync(mark(stack), { force: true });
}
