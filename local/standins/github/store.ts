import { join } from "node:path";
import { readState, writeState } from "../state-file.ts";
import type { GithubState, Repository } from "./model.ts";
import { seedGithubState } from "./seed.ts";

/** The repositories as they are now. */
export interface GithubStore {
  repositories(): readonly Repository[];
  /** Logins and names are compared as GitHub does, without regard to case. */
  repository(owner: string, name: string): Repository | undefined;
  /** What an area keeps besides, under a name of its own; seeded when it is asked for the first time. */
  area<State extends object>(name: string, seed: () => State): State;
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
  const state = readState<GithubState>(file, "GitHub") ?? seedGithubState();
  return {
    repositories: () => state.repositories,
    repository: (owner, name) =>
      state.repositories.find((each) => isSame(each.owner, owner) && isSame(each.name, name)),
    area<State extends object>(name: string, seed: () => State) {
      state.areas ??= {};
      state.areas[name] ??= seed();
      return state.areas[name] as State;
    },
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
