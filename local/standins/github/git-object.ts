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
  const sha = known.get(entry) ?? blobSha(entry.type === "file" ? entry.content : Buffer.from(entry.target));
  known.set(entry, sha);
  return sha;
}

/** Entries never change. */
const known = new WeakMap<Entry, string>();

export function blobSha(content: Buffer): string {
  return objectSha("blob", content);
}

/** The mode that Git writes before an entry; a folder has none. */
export function modeOf(entry: Entry | undefined): "100644" | "120000" | "160000" | "040000" {
  return entry ? ({ file: "100644", symlink: "120000", submodule: "160000" } as const)[entry.type] : "040000";
}

/** The id that Git gives a folder: the root with an empty path, others with a slash at the end (`docs/`). */
export function treeSha(tree: Tree, prefix: string): string {
  const children = childrenOf(tree, prefix).map(({ name, entry }) => ({
    name,
    // Git sorts a folder as if its name ended in a slash.
    sortKey: entry ? name : `${name}/`,
    mode: modeOf(entry).replace(/^0/, ""),
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

/** Who wrote something, and when (ISO 8601). */
export interface Signature {
  name: string;
  email: string;
  date: string;
}

/** The id that Git gives a commit. */
export function commitSha(
  tree: Tree,
  parents: readonly string[],
  message: string,
  { author, committer }: { author: Signature; committer: Signature },
): string {
  const lines = [
    `tree ${treeSha(tree, "")}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${signed(author)}`,
    `committer ${signed(committer)}`,
    "",
    message,
  ];
  return objectSha("commit", Buffer.from(lines.join("\n")));
}

/** The id that Git gives an annotated tag of a commit. */
export function tagSha(name: string, commit: string, message: string, tagger: Signature): string {
  const lines = [`object ${commit}`, "type commit", `tag ${name}`, `tagger ${signed(tagger)}`, "", message];
  return objectSha("tag", Buffer.from(lines.join("\n")));
}

const signed = ({ name, email, date }: Signature) => `${name} <${email}> ${Date.parse(date) / 1000} +0000`;

function objectSha(kind: string, content: Buffer): string {
  return createHash("sha1").update(`${kind} ${content.length}\0`).update(content).digest("hex");
}
