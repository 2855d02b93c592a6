import { z } from "zod";
import { branchOf } from "./commits.ts";
import { contentsForm, contentsOf } from "./contents.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError } from "./error.ts";
import { entrySha, type Tree } from "./git-object.ts";
import type { Commit } from "./git-repository.ts";
import { gitResources } from "./git-resources.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Repository } from "./model.ts";

const fileDelete = z.object({ message: z.string(), sha: z.string().optional(), branch: z.string().optional() });
const fileWrite = fileDelete.extend({ content: z.string() });

/** https://docs.github.com/en/rest/repos/contents */
export const addContentsRoutes: AddRoutes = (app, { store, as, editor, repositoryOf, writableRepositoryOf }) => {
  const pathOf = (c: Call) => (c.req.param("path") ?? "").replace(/^\/+|\/+$/g, "");

  const contents = (c: Call) => {
    const repository = repositoryOf(c, "contents");
    const form = contentsForm(c.req.header("accept"));
    const found = contentsOf(c.get("base"), repository, store.git(repository), c.req.query("ref"), pathOf(c), form);
    if (!Buffer.isBuffer(found)) return c.json(found);
    return c.body(new Uint8Array(found), 200, { "content-type": "application/vnd.github.raw+json; charset=utf-8" });
  };
  app.get("/repos/:owner/:repo/contents", contents);
  app.get("/repos/:owner/:repo/contents/:path{.*}", contents);

  /** The branch that is written to, and the file there, which has to be the one that the client knows. */
  const target = (repository: Repository, path: string, branch: string | undefined, sha: string | undefined) => {
    const at = branchOf(store.git(repository), repository, branch);
    const entry = at.commit?.tree.get(path);
    if (!entry) return { ...at, entry };
    if (sha === undefined) throw new GithubError(422, `Invalid request.\n\n"sha" wasn't supplied.`);
    if (sha !== entrySha(entry)) throw new GithubError(409, `${path} does not match ${sha}`);
    return { ...at, entry };
  };
  const commitTo = (c: Call, repository: Repository, branch: string, tree: Tree, message: string, parent?: Commit) => {
    const { login, at } = editor(c);
    const git = store.git(repository);
    const commit = git.commit(tree, parent ? [parent.sha] : [], message, login, at);
    git.refs.set(`refs/heads/${branch}`, commit.sha);
    repository.pushedAt = at;
    store.save();
    return gitResources(as(c), repository).gitCommit(commit);
  };

  app.put("/repos/:owner/:repo/contents/:path{.+}", async (c) => {
    const repository = writableRepositoryOf(c, "contents");
    const { message, content, sha, branch: wanted } = await bodyOf(c.req, fileWrite);
    const path = pathOf(c);
    const { branch, commit: parent, entry } = target(repository, path, wanted, sha);
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)) throw new GithubError(422, "content is not valid Base64");
    const tree: Tree = new Map(parent?.tree);
    tree.set(path, { type: "file", content: Buffer.from(content, "base64") });
    const commit = commitTo(c, repository, branch, tree, message, parent);
    const described = contentsOf(c.get("base"), repository, store.git(repository), branch, path, "object") as object;
    const { content: _, encoding: __, ...file } = described as Record<string, unknown>;
    return c.json({ content: file, commit }, entry ? 200 : 201);
  });

  app.delete("/repos/:owner/:repo/contents/:path{.+}", async (c) => {
    const repository = writableRepositoryOf(c, "contents");
    const { message, sha, branch: wanted } = await bodyOf(c.req, fileDelete);
    const path = pathOf(c);
    const { branch, commit: parent, entry } = target(repository, path, wanted, sha);
    if (!entry) throw new GithubError(404, "Not Found");
    const tree: Tree = new Map(parent?.tree);
    tree.delete(path);
    return c.json({ content: null, commit: commitTo(c, repository, branch, tree, message, parent) });
  });
};
