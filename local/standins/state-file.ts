import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Reads a stand-in's state.
 * @param file undefined: the state is gone with the process
 * @param standIn whose state it is, for the error
 * @returns undefined when there is none yet
 * @throws {Error} when the file is not a state of version 1
 */
export function readState<State extends { version: 1 }>(file: string | undefined, standIn: string): State | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as State;
    if (state.version === 1) return state;
  } catch {
    // Told below, together with a version that is not known.
  }
  throw new Error(
    `${file} is not a state of the ${standIn} stand-in that this version reads: remove it to start anew.`,
  );
}

/** Writes and renames, so that a process that dies in between leaves the old state whole. */
export function writeState(file: string, state: { version: 1 }): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify(state), { mode: 0o600, flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
