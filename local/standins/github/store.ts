import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GithubState, Repository } from "./model.ts";
import { seedGithubState } from "./seed.ts";

/** The repositories as they are now. */
export interface GithubStore {
  repositories(): readonly Repository[];
  /** Logins and names are compared as GitHub does, without regard to case. */
  repository(owner: string, name: string): Repository | undefined;
  /** An id that nothing else has. */
  nextId(): number;
  /** Keeps what was changed; call it after every change, before the answer. */
  save(): void;
}

/**
 * Opens the state in `stateDir`, or seeds it.
 * @param stateDir directory of the state file; without one, the state is gone with the process
 * @throws {Error} when the state file is not one that this can read
 */
export function openGithubStore(stateDir: string | undefined): GithubStore {
  const file = stateDir === undefined ? undefined : join(stateDir, "github.json");
  const state = readState(file) ?? seedGithubState();
  return {
    repositories: () => state.repositories,
    repository: (owner, name) =>
      state.repositories.find((each) => isSame(each.owner, owner) && isSame(each.name, name)),
    nextId: () => ++state.nextId,
    save() {
      if (file !== undefined) writeState(file, state);
    },
  };
}

/** Whether two logins, names of repositories or names of labels mean the same. */
export function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function readState(file: string | undefined): GithubState | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as GithubState;
    if (state.version === 1) return state;
  } catch {
    // Told below, together with a version that is not known.
  }
  throw new Error(`${file} is not a state of the GitHub stand-in that this version reads: remove it to start anew.`);
}

/** Write and rename, so that a process that dies in between leaves the old state whole. */
function writeState(file: string, state: GithubState): void {
  mkdirSync(join(file, ".."), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify(state), { mode: 0o600, flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
