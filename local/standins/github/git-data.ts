import { z } from "zod";
import { checkNewRef } from "./commits.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError } from "./error.ts";
import type { Entry, Tree } from "./git-object.ts";
import { treeSha } from "./git-object.ts";
import { gitResources } from "./git-resources.ts";
import { bodyOf } from "./issue-edit.ts";

const treeCreate = z.object({
  base_tree: z.string().optional(),
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.enum(["100644", "100755", "040000", "160000", "120000"]),
      type: z.enum(["blob", "tree", "commit"]),
      sha: z.string().nullish(),
      content: z.string().optional(),
    }),
  ),
});
const commitCreate = z.object({ message: z.string(), tree: z.string(), parents: z.array(z.string()).default([]) });
const tagCreate = z.object({ tag: z.string(), message: z.string(), object: z.string(), type: z.string() });
const blobCreate = z.object({ content: z.string(), encoding: z.enum(["utf-8", "base64"]).default("utf-8") });
const refCreate = z.object({ ref: z.string(), sha: z.string() });
const refUpdate = z.object({ sha: z.string(), force: z.boolean().default(false) });

/** https://docs.github.com/en/rest/git */
export const addGitDataRoutes: AddRoutes = (app, { store, as, editor, repositoryOf, writableRepositoryOf }) => {
  const found = (c: Call, level: "read" | "write" = "read") => {
    const repository = level === "write" ? writableRepositoryOf(c, "contents") : repositoryOf(c, "contents");
    const git = store.git(repository);
    // As GitHub answers in a repository that nothing was pushed to.
    if (git.commits.size === 0) throw new GithubError(409, "Git Repository is empty.");
    return { repository, git, to: gitResources(as(c), repository) };
  };

  app.get("/repos/:owner/:repo/git/ref/:ref{.+}", (c) => {
    const { git, to } = found(c);
    const name = `refs/${c.req.param("ref")}`;
    const sha = git.refs.get(name);
    if (sha === undefined) throw new GithubError(404, "Not Found");
    return c.json(to.ref(name, sha, git.tags.has(sha) ? "tag" : "commit"));
  });

  app.get("/repos/:owner/:repo/git/matching-refs/:ref{.+}", (c) => {
    const { git, to } = found(c);
    const refs = [...git.refs].filter(([name]) => name.startsWith(`refs/${c.req.param("ref")}`)).toSorted();
    return c.json(refs.map(([name, sha]) => to.ref(name, sha, git.tags.has(sha) ? "tag" : "commit")));
  });

  app.post("/repos/:owner/:repo/git/refs", async (c) => {
    const { git, to } = found(c, "write");
    const { ref, sha } = await bodyOf(c.req, refCreate);
    checkNewRef(git, ref);
    if (!git.commits.has(sha) && !git.tags.has(sha)) throw new GithubError(422, "Object does not exist");
    git.refs.set(ref, sha);
    store.save();
    return c.json(to.ref(ref, sha, git.tags.has(sha) ? "tag" : "commit"), 201);
  });

  app.patch("/repos/:owner/:repo/git/refs/:ref{.+}", async (c) => {
    const { git, to } = found(c, "write");
    const { sha, force } = await bodyOf(c.req, refUpdate);
    const name = `refs/${c.req.param("ref")}`;
    const before = git.refs.get(name);
    if (before === undefined) throw new GithubError(422, "Reference does not exist");
    if (!git.commits.has(sha)) throw new GithubError(422, "Object does not exist");
    const isForward = git.history(sha).some((commit) => commit.sha === before);
    if (!isForward && !force) throw new GithubError(422, "Update is not a fast forward");
    git.refs.set(name, sha);
    store.save();
    return c.json(to.ref(name, sha, "commit"));
  });

  app.delete("/repos/:owner/:repo/git/refs/:ref{.+}", (c) => {
    const { repository, git } = found(c, "write");
    const name = `refs/${c.req.param("ref")}`;
    if (!git.refs.has(name)) throw new GithubError(422, "Reference does not exist");
    if (name === `refs/heads/${repository.defaultBranch}`) {
      throw new GithubError(422, "Cannot delete the default branch");
    }
    git.refs.delete(name);
    store.save();
    return c.body(null, 204);
  });

  app.get("/repos/:owner/:repo/git/trees/:sha", (c) => {
    const { git, to } = found(c);
    const name = c.req.param("sha");
    const tree = git.resolve(name)?.tree ?? git.treeOf(name);
    if (!tree) throw new GithubError(404, "Not Found");
    return c.json(to.tree(tree, c.req.query("recursive") !== undefined));
  });

  app.post("/repos/:owner/:repo/git/trees", async (c) => {
    const { git, to } = found(c, "write");
    const body = await bodyOf(c.req, treeCreate);
    const base =
      body.base_tree === undefined ? new Map() : (git.treeOf(body.base_tree) ?? git.resolve(body.base_tree)?.tree);
    if (!base) throw new GithubError(422, "base_tree is not a tree");
    const tree: Tree = new Map(base);
    for (const { path, mode, sha, content } of body.tree) {
      if (sha === null) {
        if (!tree.delete(path)) throw new GithubError(422, "GitRPC::BadObjectState");
        continue;
      }
      const bytes = content === undefined ? git.contentOf(sha ?? "") : Buffer.from(content);
      if (!bytes) throw new GithubError(422, `tree.sha ${sha} is not a valid blob`);
      const entry: Entry =
        mode === "120000" ? { type: "symlink", target: bytes.toString() } : { type: "file", content: bytes };
      for (const other of [...tree.keys()]) {
        if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) tree.delete(other);
      }
      tree.set(path, entry);
    }
    git.trees.set(treeSha(tree, ""), tree);
    return c.json(to.tree(tree, false), 201);
  });

  app.post("/repos/:owner/:repo/git/blobs", async (c) => {
    const { repository, git } = found(c, "write");
    const { content, encoding } = await bodyOf(c.req, blobCreate);
    const sha = git.keepContent(Buffer.from(content, encoding === "base64" ? "base64" : "utf8"));
    return c.json({ url: `${as(c).repositoryUrl(repository)}/git/blobs/${sha}`, sha }, 201);
  });

  app.get("/repos/:owner/:repo/git/commits/:sha", (c) => {
    const { git, to } = found(c);
    const commit = git.commits.get(c.req.param("sha"));
    if (!commit) throw new GithubError(404, "Not Found");
    return c.json(to.gitCommit(commit));
  });

  app.post("/repos/:owner/:repo/git/commits", async (c) => {
    const { git, to } = found(c, "write");
    const { message, tree: treeId, parents } = await bodyOf(c.req, commitCreate);
    const tree = git.treeOf(treeId);
    if (!tree) throw new GithubError(422, "Tree SHA does not exist");
    if (!parents.every((sha) => git.commits.has(sha))) throw new GithubError(422, "Parent SHA does not exist");
    const { login, at } = editor(c);
    const commit = git.commit(tree, parents, message, login, at);
    store.save();
    return c.json(to.gitCommit(commit), 201);
  });

  app.post("/repos/:owner/:repo/git/tags", async (c) => {
    const { git, to } = found(c, "write");
    const { tag, message, object } = await bodyOf(c.req, tagCreate);
    if (!git.commits.has(object)) throw new GithubError(422, "Could not verify object");
    const { login, at } = editor(c);
    return c.json(to.annotatedTag(git.tag(tag, object, message, login, at)), 201);
  });

  app.get("/repos/:owner/:repo/git/tags/:sha", (c) => {
    const { git, to } = found(c);
    const tag = git.tags.get(c.req.param("sha"));
    if (!tag) throw new GithubError(404, "Not Found");
    return c.json(to.annotatedTag(tag));
  });
};
