import { type Ref, refsOf } from "./files.ts";
import { blobSha, commitSha, type Entry, entrySha, type Signature, type Tree, tagSha, treeSha } from "./git-object.ts";
import { personOf } from "./people.ts";

export interface Commit {
  sha: string;
  tree: Tree;
  parents: string[];
  message: string;
  author: Signature;
  committer: Signature;
}

export interface AnnotatedTag {
  sha: string;
  name: string;
  /** A commit's id. */
  object: string;
  message: string;
  tagger: Signature;
}

type StoredEntry = Exclude<Entry, { type: "file" }> | { type: "file"; sha: string };

/** A repository's objects and refs as JSON: contents by their ids, without what is there from the start. */
export interface StoredGit {
  refs: [name: string, sha: string][];
  commits: (Omit<Commit, "tree"> & { tree: [path: string, entry: StoredEntry][] })[];
  tags: AnnotatedTag[];
  /** In base64, by id. */
  contents: Record<string, string>;
}

const seededCommits = (fullName: string) => (refsOf[fullName] ?? []).map(commitOf);
const commitOf = ({ sha, tree, parents, message, author }: Ref): Commit => ({
  ...{ sha, tree, parents, message, author, committer: author },
});

/** The commits of a repository, and the names that lead to them. */
export class GitRepository {
  /** By full name, `refs/heads/main`. */
  readonly refs = new Map<string, string>();
  readonly commits = new Map<string, Commit>();
  readonly tags = new Map<string, AnnotatedTag>();
  /** Trees and contents that are in no commit yet. */
  readonly trees = new Map<string, Tree>();
  readonly contents = new Map<string, Buffer>();

  /** What a seeded repository has from the start; any other has nothing. @param fullName e.g. `ada/orchard` */
  static seeded(fullName: string): GitRepository {
    const git = new GitRepository();
    for (const commit of seededCommits(fullName)) git.commits.set(commit.sha, commit);
    for (const { kind, name, sha } of refsOf[fullName] ?? []) {
      git.refs.set(`refs/${kind === "branch" ? "heads" : "tags"}/${name}`, sha);
    }
    return git;
  }

  static restored(fullName: string, stored: StoredGit): GitRepository {
    const git = GitRepository.seeded(fullName);
    const contents = new Map<string, Buffer>();
    for (const [sha, text] of Object.entries(stored.contents)) contents.set(sha, Buffer.from(text, "base64"));
    for (const { tree } of git.commits.values()) {
      for (const entry of tree.values()) if (entry.type === "file") contents.set(entrySha(entry), entry.content);
    }
    for (const { tree, ...commit } of stored.commits) {
      const entries = tree.map(([path, entry]): [string, Entry] => [
        path,
        entry.type === "file" ? { type: "file", content: contents.get(entry.sha)! } : entry,
      ]);
      git.commits.set(commit.sha, { ...commit, tree: new Map(entries) });
    }
    for (const tag of stored.tags) git.tags.set(tag.sha, tag);
    git.refs.clear();
    for (const [name, sha] of stored.refs) git.refs.set(name, sha);
    return git;
  }

  stored(fullName: string): StoredGit {
    const seeded = new Map(seededCommits(fullName).map((commit) => [commit.sha, commit]));
    const known = new Set([...seeded.values()].flatMap(({ tree }) => [...tree.values()].map(entrySha)));
    const contents: Record<string, string> = {};
    const commits = [...this.commits.values()]
      .filter(({ sha }) => !seeded.has(sha))
      .map(({ tree, ...commit }) => ({
        ...commit,
        tree: [...tree].map(([path, entry]): [string, StoredEntry] => {
          if (entry.type !== "file") return [path, entry];
          const sha = entrySha(entry);
          if (!known.has(sha)) contents[sha] = entry.content.toString("base64");
          return [path, { type: "file", sha }];
        }),
      }));
    return { refs: [...this.refs], commits, tags: [...this.tags.values()], contents };
  }

  /** What a fork begins with. */
  copy(): GitRepository {
    const copy = new GitRepository();
    for (const [name, sha] of this.refs) copy.refs.set(name, sha);
    for (const [sha, commit] of this.commits) copy.commits.set(sha, commit);
    for (const [sha, tag] of this.tags) copy.tags.set(sha, tag);
    return copy;
  }

  branch(name: string): Commit | undefined {
    return this.commits.get(this.refs.get(`refs/heads/${name}`) ?? "");
  }

  /** @param name of a branch or tag, in full or not, or a commit's id, of which 7 signs are enough */
  resolve(name: string): Commit | undefined {
    for (const full of [name, `refs/${name}`, `refs/heads/${name}`, `refs/tags/${name}`]) {
      const sha = this.refs.get(full);
      if (sha !== undefined) return this.commits.get(this.tags.get(sha)?.object ?? sha);
    }
    if (!/^[0-9a-f]{7,40}$/.test(name)) return undefined;
    return [...this.commits.values()].find(({ sha }) => sha.startsWith(name));
  }

  /** Every tree by its id, of commits and of their folders. */
  treeOf(sha: string): Tree | undefined {
    const made = this.trees.get(sha);
    if (made) return made;
    for (const { tree } of this.commits.values()) {
      if (treeSha(tree, "") === sha) return tree;
      for (const folder of foldersOf(tree)) if (treeSha(tree, `${folder}/`) === sha) return below(tree, `${folder}/`);
    }
    return undefined;
  }

  contentOf(sha: string): Buffer | undefined {
    const made = this.contents.get(sha);
    if (made) return made;
    for (const { tree } of this.commits.values()) {
      for (const entry of tree.values()) if (entry.type === "file" && entrySha(entry) === sha) return entry.content;
    }
    return undefined;
  }

  keepContent(content: Buffer): string {
    const sha = blobSha(content);
    this.contents.set(sha, content);
    return sha;
  }

  commit(tree: Tree, parents: string[], message: string, login: string, at: string): Commit {
    const signature = signatureOf(login, at);
    const sha = commitSha(tree, parents, message, { author: signature, committer: signature });
    const commit = { sha, tree, parents, message, author: signature, committer: signature };
    this.commits.set(sha, commit);
    return commit;
  }

  tag(name: string, object: string, message: string, login: string, at: string): AnnotatedTag {
    const tagger = signatureOf(login, at);
    const tag = { sha: tagSha(name, object, message, tagger), name, object, message, tagger };
    this.tags.set(tag.sha, tag);
    return tag;
  }

  /** A commit and all before it, newest first. */
  history(sha: string): Commit[] {
    const found = new Map<string, Commit>();
    const waiting = [sha];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const commit = this.commits.get(next);
      if (!commit || found.has(next)) continue;
      found.set(next, commit);
      waiting.push(...commit.parents);
    }
    return [...found.values()];
  }

  /** The newest commit that two have in common. */
  mergeBase(one: string, other: string): Commit | undefined {
    const ofOther = new Set(this.history(other).map(({ sha }) => sha));
    return this.history(one).find(({ sha }) => ofOther.has(sha));
  }

  /**
   * The tree with what both have changed since their merge base.
   * @returns undefined when both changed a file, each in its own way
   */
  merged(base: Commit, head: Commit): Tree | undefined {
    const common = this.mergeBase(base.sha, head.sha)?.tree ?? new Map<string, Entry>();
    const tree = new Map(base.tree);
    for (const path of changedPaths(common, head.tree)) {
      const ours = idAt(base.tree, path);
      const theirs = idAt(head.tree, path);
      if (ours !== idAt(common, path) && ours !== theirs) return undefined;
      const entry = head.tree.get(path);
      if (entry) tree.set(path, entry);
      else tree.delete(path);
    }
    return tree;
  }
}

/** Paths of which two trees have different contents, sorted. */
export function changedPaths(from: Tree, to: Tree): string[] {
  const paths = new Set([...from.keys(), ...to.keys()]);
  return [...paths].filter((path) => idAt(from, path) !== idAt(to, path)).toSorted();
}

export function foldersOf(tree: Tree): string[] {
  const folders = new Set<string>();
  for (const path of tree.keys()) {
    const parts = path.split("/");
    for (let length = 1; length < parts.length; length++) folders.add(parts.slice(0, length).join("/"));
  }
  return [...folders].toSorted();
}

/** @param prefix ends with a slash */
export function below(tree: Tree, prefix: string): Tree {
  const inside = [...tree].filter(([path]) => path.startsWith(prefix));
  return new Map(inside.map(([path, entry]) => [path.slice(prefix.length), entry]));
}

function idAt(tree: Tree, path: string): string | undefined {
  const entry = tree.get(path);
  return entry && entrySha(entry);
}

function signatureOf(login: string, date: string): Signature {
  const { name, email } = personOf(login);
  return { name: name ?? login, email: email ?? `${login}@users.noreply.github.com`, date };
}
