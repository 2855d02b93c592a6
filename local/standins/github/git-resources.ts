import { type Entry, entrySha, modeOf, type Tree, treeSha } from "./git-object.ts";
import { type AnnotatedTag, type Commit, changedPaths, foldersOf, type GitRepository } from "./git-repository.ts";
import { lineDiff } from "./line-diff.ts";
import type { Repository } from "./model.ts";
import { nodeId } from "./resources.ts";
import { SEEDED_PEOPLE } from "./seed.ts";

const unsigned = { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null };

interface Resources {
  repositoryUrl(repository: Repository): string;
  simpleUser(login: string): object;
}

/** A change of a file between two trees. */
export interface FileChange {
  path: string;
  status: "added" | "removed" | "modified";
  from: Entry | undefined;
  to: Entry | undefined;
}

export function changesBetween(from: Tree, to: Tree): FileChange[] {
  return changedPaths(from, to).map((path) => {
    const [before, after] = [from.get(path), to.get(path)];
    const status = before ? (after ? "modified" : "removed") : "added";
    return { path, status, from: before, to: after };
  });
}

/** What a commit changes, seen from its first parent. */
export function changesOf(git: GitRepository, commit: Commit): FileChange[] {
  return changesBetween(git.commits.get(commit.parents[0] ?? "")?.tree ?? new Map(), commit.tree);
}

function textIn(entry: Entry | undefined): string | undefined {
  if (entry?.type === "file") return entry.content.includes(0) ? undefined : entry.content.toString();
  return entry?.type === "symlink" ? entry.target : undefined;
}

/** The changes as `git diff` shows them, in the media type `application/vnd.github.diff`. */
export function diffText(changes: FileChange[]): string {
  return changes
    .map(({ path, status, from, to }) => {
      const lines = [
        `diff --git a/${path} b/${path}`,
        ...(status === "added" ? [`new file mode ${modeOf(to)}`] : []),
        ...(status === "removed" ? [`deleted file mode ${modeOf(from)}`] : []),
        `--- ${from ? `a/${path}` : "/dev/null"}`,
        `+++ ${to ? `b/${path}` : "/dev/null"}`,
        lineDiff(textIn(from), textIn(to)).patch,
      ];
      return `${lines.join("\n")}\n`;
    })
    .join("");
}

/** The API's resources of commits and what belongs to them; otherwise as `resources`. */
export function gitResources({ repositoryUrl, simpleUser }: Resources, of: Repository) {
  const api = repositoryUrl(of);
  const html = `https://github.com/${of.owner}/${of.name}`;

  const commitLink = (sha: string) => ({ sha, url: `${api}/commits/${sha}`, html_url: `${html}/commit/${sha}` });
  const author = ({ author: { email } }: Commit) => {
    const person = SEEDED_PEOPLE.find((each) => each.email === email);
    return person ? simpleUser(person.login) : null;
  };

  const fileChange = (sha: string, { path, status, from, to }: FileChange) => {
    const { additions, deletions, patch } = lineDiff(textIn(from), textIn(to));
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    return {
      sha: entrySha((to ?? from)!),
      filename: path,
      status,
      additions,
      deletions,
      changes: additions + deletions,
      blob_url: `${html}/blob/${sha}/${encoded}`,
      raw_url: `${html}/raw/${sha}/${encoded}`,
      contents_url: `${api}/contents/${encoded}?ref=${sha}`,
      patch,
    };
  };

  const commit = (each: Commit) => ({
    ...commitLink(each.sha),
    node_id: nodeId("Commit", 0),
    comments_url: `${api}/commits/${each.sha}/comments`,
    commit: {
      url: `${api}/git/commits/${each.sha}`,
      author: each.author,
      committer: each.committer,
      message: each.message,
      comment_count: 0,
      tree: { sha: treeSha(each.tree, ""), url: `${api}/git/trees/${treeSha(each.tree, "")}` },
      verification: unsigned,
    },
    author: author(each),
    committer: author(each),
    parents: each.parents.map(commitLink),
  });

  return {
    commitLink,
    fileChange,
    commit,
    gitCommit: (each: Commit) => ({
      sha: each.sha,
      node_id: nodeId("Commit", 0),
      url: `${api}/git/commits/${each.sha}`,
      html_url: `${html}/commit/${each.sha}`,
      author: each.author,
      committer: each.committer,
      message: each.message,
      tree: { sha: treeSha(each.tree, ""), url: `${api}/git/trees/${treeSha(each.tree, "")}` },
      parents: each.parents.map(commitLink),
      verification: unsigned,
    }),
    tree(tree: Tree, recursive: boolean) {
      const entries = [...tree].map(([path, entry]) => ({
        path,
        mode: modeOf(entry),
        type: entry.type === "submodule" ? "commit" : "blob",
        sha: entrySha(entry),
        ...(entry.type === "file" && { size: entry.content.length }),
        ...(entry.type !== "submodule" && { url: `${api}/git/blobs/${entrySha(entry)}` }),
      }));
      const folders = foldersOf(tree).map((path) => {
        const sha = treeSha(tree, `${path}/`);
        return { path, mode: modeOf(undefined), type: "tree", sha, url: `${api}/git/trees/${sha}` };
      });
      const sha = treeSha(tree, "");
      const all = [...entries, ...folders].toSorted((a, b) => (a.path < b.path ? -1 : 1));
      return {
        sha,
        url: `${api}/git/trees/${sha}`,
        tree: recursive ? all : all.filter(({ path }) => !path.includes("/")),
        truncated: false,
      };
    },
    ref: (name: string, sha: string, type: "commit" | "tag") => ({
      ref: name,
      node_id: nodeId("Ref", 0),
      url: `${api}/git/${name}`,
      object: { sha, type, url: `${api}/git/${type}s/${sha}` },
    }),
    annotatedTag: (each: AnnotatedTag) => ({
      node_id: nodeId("Tag", 0),
      tag: each.name,
      sha: each.sha,
      url: `${api}/git/tags/${each.sha}`,
      message: each.message,
      tagger: each.tagger,
      object: { sha: each.object, type: "commit", url: `${api}/git/commits/${each.object}` },
      verification: unsigned,
    }),
    tag: (name: string, sha: string) => ({
      name,
      commit: { sha, url: `${api}/commits/${sha}` },
      zipball_url: `${api}/zipball/refs/tags/${name}`,
      tarball_url: `${api}/tarball/refs/tags/${name}`,
      node_id: nodeId("Ref", 0),
    }),
    branch: (name: string, sha: string) => ({
      name,
      commit: { sha, url: `${api}/commits/${sha}` },
      protected: false,
    }),
    branchInFull: (name: string, each: Commit) => ({
      name,
      commit: commit(each),
      _links: { self: `${api}/branches/${encodeURIComponent(name)}`, html: `${html}/tree/${name}` },
      protected: false,
      protection: { enabled: false, required_status_checks: { enforcement_level: "off", contexts: [], checks: [] } },
      protection_url: `${api}/branches/${encodeURIComponent(name)}/protection`,
    }),
  };
}
