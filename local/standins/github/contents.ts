import { posix } from "node:path";
import { GithubError } from "./error.ts";
import { childrenOf, type Entry, entrySha, type Tree, treeSha } from "./git-object.ts";
import type { GitRepository } from "./git-repository.ts";
import type { Repository } from "./model.ts";

/** The form of the answer that a client asks for (media types of the operation `repos/get-content`). */
export type ContentsForm = "json" | "object" | "raw";

const MEGABYTE = 1_000_000;

/**
 * Reads the form out of an `Accept` header, e.g. `application/vnd.github.raw+json`; the last part of the older names with
 * a version in them counts too.
 */
export function contentsForm(accept: string | undefined): ContentsForm {
  const form = /application\/vnd\.github(?:\.v3)?\.(raw|object)(?:\+json)?/.exec(accept ?? "")?.[1];
  return form === "raw" || form === "object" ? form : "json";
}

/**
 * What is at a path: https://docs.github.com/en/rest/repos/contents#get-repository-content
 * @param base the API's base URL
 * @param refName name of a branch or tag, a commit's id, or undefined for the default branch
 * @param path from the root, without slashes around it; empty for the root
 * @returns bytes for a file in raw form, else the JSON body
 * @throws {GithubError} 404 when ref or path are not there; 403 for a file above 1 MB in the form `json`
 */
export function contentsOf(
  base: string,
  repository: Repository,
  git: GitRepository,
  refName: string | undefined,
  path: string,
  form: ContentsForm,
): Buffer | object {
  const name = refName ?? repository.defaultBranch;
  const ref = git.resolve(name);
  if (!ref) throw new GithubError(404, `No commit found for the ref ${name}`);
  const at = (of: string) => links(base, repository, name, of);
  const prefix = path === "" ? "" : `${path}/`;

  const found = ref.tree.get(path);
  // A link to a file of the repository is answered as that file.
  const entry = (found?.type === "symlink" && linkedFile(ref.tree, path, found.target)) || found;
  if (entry?.type === "file" && form === "raw") return entry.content;
  if (entry) return { ...described(at, path, entry), ...details(entry, form) };

  const children = childrenOf(ref.tree, prefix);
  if (children.length === 0) throw new GithubError(404, "Not Found");
  const entries = children.map(({ name, entry: child }) =>
    child ? listed(at, `${prefix}${name}`, child) : folder(at, ref.tree, `${prefix}${name}`),
  );
  return form === "object" ? { ...folder(at, ref.tree, path), entries } : entries;
}

type At = (path: string) => ReturnType<typeof links>;

function linkedFile(tree: Tree, path: string, target: string): Entry | undefined {
  const entry = tree.get(posix.join(posix.dirname(path), target));
  return entry?.type === "file" ? entry : undefined;
}

function links(base: string, repository: Repository, ref: string, path: string) {
  const name = `${repository.owner}/${repository.name}`;
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return {
    self: `${base}/repos/${name}/contents/${encoded}?ref=${encodeURIComponent(ref)}`,
    git: (kind: "blobs" | "trees", sha: string) => `${base}/repos/${name}/git/${kind}/${sha}`,
    html: (kind: "blob" | "tree") => `https://github.com/${name}/${kind}/${ref}/${encoded}`,
    download: `https://raw.githubusercontent.com/${name}/${ref}/${encoded}`,
  };
}

function common(path: string, self: string, sha: string, size: number, git: string | null, html: string | null) {
  return {
    name: posix.basename(path),
    path,
    sha,
    size,
    url: self,
    html_url: html,
    git_url: git,
    _links: { self, git, html },
  };
}

function folder(at: At, tree: Tree, path: string) {
  const sha = treeSha(tree, path === "" ? "" : `${path}/`);
  const { self, git, html } = at(path);
  return { ...common(path, self, sha, 0, git("trees", sha), html("tree")), download_url: null, type: "dir" };
}

function described(at: At, path: string, entry: Entry) {
  const sha = entrySha(entry);
  const { self, git, html, download } = at(path);
  // Of a submodule that is not on GitHub there are no links.
  if (entry.type === "submodule") {
    return { ...common(path, self, sha, 0, null, null), download_url: null, type: entry.type };
  }
  const size = entry.type === "file" ? entry.content.length : Buffer.byteLength(entry.target);
  return {
    ...common(path, self, sha, size, git("blobs", sha), html("blob")),
    download_url: download,
    type: entry.type,
  };
}

/** In a listing, submodules "have their type specified as file", says the description. */
function listed(at: At, path: string, entry: Entry) {
  const description = described(at, path, entry);
  return entry.type === "submodule" ? { ...description, type: "file" } : description;
}

function details(entry: Entry, form: ContentsForm) {
  if (entry.type === "symlink") return { target: entry.target };
  if (entry.type === "submodule") return { submodule_git_url: entry.url };
  if (entry.content.length <= MEGABYTE) {
    // Lines of 60 characters, each with an end.
    const content = entry.content.toString("base64").replace(/.{1,60}/g, "$&\n");
    return { content, encoding: "base64" };
  }
  if (form === "object") return { content: "", encoding: "none" };
  // GitHub names the field in `errors` too, which its description of a 403 does not have.
  throw new GithubError(
    403,
    "This API returns blobs up to 1 MB in size. The requested blob is too large to fetch via the API, but you can use the Git Data API to request blobs up to 100 MB in size.",
  );
}
