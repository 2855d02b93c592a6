import { createHash } from "node:crypto";

/** What a commit has at a path. */
export type Entry =
  | { type: "file"; content: Buffer }
  | { type: "symlink"; target: string }
  /** A commit of another repository. */
  | { type: "submodule"; url: string; commit: string };

/** All entries of a commit, by their path from the root, without a leading slash. */
export type Tree = Map<string, Entry>;

/** The id that Git gives an entry (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). */
export function entrySha(entry: Entry): string {
  if (entry.type === "submodule") return entry.commit;
  return objectSha("blob", entry.type === "file" ? entry.content : Buffer.from(entry.target));
}

/** The id that Git gives a folder: the root with an empty path, others with a slash at the end (`docs/`). */
export function treeSha(tree: Tree, prefix: string): string {
  const children = childrenOf(tree, prefix).map(({ name, entry }) => ({
    name,
    // Git sorts a folder as if its name ended in a slash.
    sortKey: entry ? name : `${name}/`,
    mode: entry ? { file: "100644", symlink: "120000", submodule: "160000" }[entry.type] : "40000",
    sha: entry ? entrySha(entry) : treeSha(tree, `${prefix}${name}/`),
  }));
  children.sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
  return objectSha(
    "tree",
    Buffer.concat(
      children.flatMap(({ mode, name, sha }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, "hex")]),
    ),
  );
}

/** What is directly in a folder, sorted by name; a folder in it has no entry of its own. */
export function childrenOf(tree: Tree, prefix: string): { name: string; entry: Entry | undefined }[] {
  const children = new Map<string, Entry | undefined>();
  for (const [path, entry] of tree) {
    if (!path.startsWith(prefix)) continue;
    const [name, ...rest] = path.slice(prefix.length).split("/");
    children.set(name!, rest.length === 0 ? entry : undefined);
  }
  return [...children].map(([name, entry]) => ({ name, entry })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The id of a commit that only this stand-in knows: one author, one time, no parent. */
export function commitSha(tree: Tree, message: string): string {
  const person = "Ada Lovelace <ada@example.com> 1767603600 +0000";
  return objectSha(
    "commit",
    Buffer.from(`tree ${treeSha(tree, "")}\nauthor ${person}\ncommitter ${person}\n\n${message}\n`),
  );
}

function objectSha(kind: string, content: Buffer): string {
  return createHash("sha1").update(`${kind} ${content.length}\0`).update(content).digest("hex");
}
