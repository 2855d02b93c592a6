import { join } from "node:path";
import { readState, writeState } from "../state-file.ts";
import { GitRepository } from "./git-repository.ts";
import type { GithubState, Repository } from "./model.ts";
import { newIssueFields, newRepository, seedGithubState } from "./seed.ts";

/** The repositories as they are now. */
export interface GithubStore {
  repositories(): readonly Repository[];
  /** Logins and names are compared as GitHub does, without regard to case. */
  repository(owner: string, name: string): Repository | undefined;
  /** What an area keeps besides, under a name of its own; seeded when it is asked for the first time. */
  area<State extends object>(name: string, seed: () => State): State;
  byId(id: number): Repository | undefined;
  /** Adds a repository. @param git what it begins with */
  add(repository: Repository, git?: GitRepository): void;
  remove(repository: Repository): void;
  /** Commits, branches and tags of a repository. */
  git(repository: Repository): GitRepository;
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
  // A file of an earlier version has less.
  state.repositories = state.repositories.map((each) => ({
    ...newRepository(),
    ...each,
    issues: each.issues.map((issue) => ({ ...newIssueFields(), ...issue })),
  }));
  const gits = new Map(
    state.repositories.map((each) => {
      const stored = state.git?.[each.id];
      const name = seededName(each);
      return [each.id, stored ? GitRepository.restored(name, stored) : GitRepository.seeded(name)];
    }),
  );
  return {
    repositories: () => state.repositories,
    repository: (owner, name) =>
      state.repositories.find((each) => isSame(each.owner, owner) && isSame(each.name, name)),
    area<State extends object>(name: string, seed: () => State) {
      state.areas ??= {};
      state.areas[name] ??= seed();
      return state.areas[name] as State;
    },
    byId: (id) => state.repositories.find((each) => each.id === id),
    add(repository, git = new GitRepository()) {
      state.repositories.push(repository);
      gits.set(repository.id, git);
    },
    remove(repository) {
      state.repositories = state.repositories.filter((each) => each !== repository);
      gits.delete(repository.id);
    },
    git: (repository) => gits.get(repository.id)!,
    nextId: () => ++state.nextId,
    save() {
      if (file === undefined) return;
      state.git = Object.fromEntries(
        state.repositories.map((each) => [each.id, gits.get(each.id)!.stored(seededName(each))]),
      );
      writeState(file, state);
    },
  };
}

/** The name under which a repository was seeded, whatever it is called by now; of others none. */
function seededName({ id }: Repository): string {
  return { 2001: "ada/orchard", 2002: "ada/ledger" }[id] ?? "";
}

/** Whether two logins, names of repositories or names of labels mean the same. */
export function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
