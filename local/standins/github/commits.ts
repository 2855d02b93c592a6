import { isReservedName } from "./branch-name.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import type { Commit, GitRepository } from "./git-repository.ts";
import { changesBetween, changesOf, diffText, gitResources } from "./git-resources.ts";
import type { Repository } from "./model.ts";
import { pageOf } from "./page.ts";
import { isSame } from "./store.ts";

/** Commits, branches and tags: https://docs.github.com/en/rest/commits, https://docs.github.com/en/rest/branches */
export const addCommitRoutes: AddRoutes = (app, { store, as, paged, repositoryOf }) => {
  const found = (c: Call) => {
    const repository = repositoryOf(c, "contents");
    return { repository, git: store.git(repository), to: gitResources(as(c), repository) };
  };
  const commitAt = (git: GitRepository, name: string): Commit => {
    const commit = git.resolve(name);
    if (!commit) throw new GithubError(422, `No commit found for SHA: ${name}`);
    return commit;
  };

  /** What a name means, `owner:branch` in somebody's fork. */
  const commitIn = (repository: Repository, name: string): Commit | undefined => {
    const git = store.git(repository);
    const [, owner, branch] = /^([^:]+):(.+)$/.exec(name) ?? [];
    if (!owner || !branch) return git.resolve(name);
    const original = repository.parent ?? repository.id;
    const source = store
      .repositories()
      .find((each) => isSame(each.owner, owner) && (each.id === original || each.parent === original));
    const commit = source && store.git(source).branch(branch);
    if (source && commit) for (const each of store.git(source).history(commit.sha)) git.commits.set(each.sha, each);
    return commit;
  };

  app.get("/repos/:owner/:repo/branches", (c) => {
    const { git, to } = found(c);
    const heads = [...git.refs].filter(([name]) => name.startsWith("refs/heads/"));
    const wanted = c.req.query("protected") === "true" ? [] : heads.toSorted();
    return paged(c, wanted, ([name, sha]) => to.branch(name.slice("refs/heads/".length), sha));
  });

  app.get("/repos/:owner/:repo/branches/:branch", (c) => {
    const { git, to } = found(c);
    const name = c.req.param("branch");
    const commit = git.branch(name);
    if (!commit) throw new GithubError(404, "Branch not found");
    return c.json(to.branchInFull(name, commit));
  });

  app.get("/repos/:owner/:repo/tags", (c) => {
    const { git, to } = found(c);
    const tags = [...git.refs].filter(([name]) => name.startsWith("refs/tags/")).toSorted();
    return paged(c, tags, ([name, sha]) => to.tag(name.slice("refs/tags/".length), git.tags.get(sha)?.object ?? sha));
  });

  app.get("/repos/:owner/:repo/commits", (c) => {
    const { repository, git, to } = found(c);
    const start = c.req.query("sha") ?? repository.defaultBranch;
    const { path, author, since, until } = c.req.query();
    const head = git.resolve(start);
    if (!head) throw new GithubError(404, "Not Found");
    const wanted = git
      .history(head.sha)
      .filter(
        (commit) =>
          (path === undefined || changesOf(git, commit).some((change) => within(change.path, path))) &&
          (author === undefined || isBy(commit, author)) &&
          (since === undefined || commit.committer.date >= since) &&
          (until === undefined || commit.committer.date <= until),
      );
    return paged(c, wanted, to.commit);
  });

  app.get("/repos/:owner/:repo/commits/:ref", (c) => {
    const { git, to } = found(c);
    const commit = commitAt(git, c.req.param("ref"));
    const changes = changesOf(git, commit);
    if (wantsDiff(c)) return asDiff(c, diffText(changes));
    const all = changes.map((change) => to.fileChange(commit.sha, change));
    const { items, headers } = pageOf(new URL(c.req.url), all);
    const sum = (field: "additions" | "deletions" | "changes") =>
      all.reduce((count, change) => count + change[field], 0);
    const stats = { additions: sum("additions"), deletions: sum("deletions"), total: sum("changes") };
    return c.json({ ...to.commit(commit), stats, files: items }, 200, headers);
  });

  app.get("/repos/:owner/:repo/compare/:basehead", (c) => {
    const { repository, git, to } = found(c);
    const [baseName, headName] = c.req.param("basehead").split("...");
    const [base, head] = [commitIn(repository, baseName ?? ""), commitIn(repository, headName ?? "")];
    const common = base && head && git.mergeBase(base.sha, head.sha);
    if (!common) throw new GithubError(404, "Not Found");
    const changes = changesBetween(common.tree, head.tree);
    if (wantsDiff(c)) return asDiff(c, diffText(changes));
    const beyond = (from: Commit, of: Commit) => {
      const known = new Set(git.history(of.sha).map(({ sha }) => sha));
      return git.history(from.sha).filter(({ sha }) => !known.has(sha));
    };
    const ahead = beyond(head, base).toReversed();
    const behind = beyond(base, head);
    const { items, headers } = pageOf(new URL(c.req.url), ahead);
    const html = `https://github.com/${repository.owner}/${repository.name}/compare/${base.sha}...${head.sha}`;
    const state = ahead.length > 0 ? (behind.length > 0 ? "diverged" : "ahead") : undefined;
    const isFirst = Number(c.req.query("page") ?? 1) === 1;
    return c.json(
      {
        url: `${as(c).repositoryUrl(repository)}/compare/${base.sha}...${head.sha}`,
        html_url: html,
        permalink_url: html,
        diff_url: `${html}.diff`,
        patch_url: `${html}.patch`,
        base_commit: to.commit(base),
        merge_base_commit: to.commit(common),
        status: state ?? (behind.length > 0 ? "behind" : "identical"),
        ahead_by: ahead.length,
        behind_by: behind.length,
        total_commits: ahead.length,
        commits: items.map(to.commit),
        // The first page has all files, the others none.
        files: isFirst ? changes.slice(0, 300).map((change) => to.fileChange(head.sha, change)) : [],
      },
      200,
      headers,
    );
  });
};

export function wantsDiff(c: Call): boolean {
  return /application\/vnd\.github(?:\.v3)?\.diff/.test(c.req.header("accept") ?? "");
}

/** GitHub gives no longer diff, in lines. */
const LONGEST_DIFF = 20_000;

/** @throws {GithubError} 406 for a diff that is too long */
export function asDiff(c: Call, diff: string): Response {
  if (diff.split("\n").length > LONGEST_DIFF) {
    throw new GithubError(406, `Sorry, the diff exceeded the maximum number of lines (${LONGEST_DIFF})`);
  }
  return c.body(diff, 200, { "content-type": "application/vnd.github.diff; charset=utf-8" });
}

function within(path: string, wanted: string): boolean {
  return path === wanted || path.startsWith(`${wanted}/`);
}

function isBy({ author }: Commit, wanted: string): boolean {
  return isSame(author.email, wanted) || isSame(author.email.split("@")[0]!, wanted);
}

/**
 * Checks a new ref's name, `refs/heads/next`.
 * @throws {GithubError} 422 for one that Git does not take, or that is there already
 */
export function checkNewRef(git: GitRepository, name: string): void {
  if (!/^refs\/[^/]+\/./.test(name) || isReservedName(name)) {
    throw new GithubError(422, `Reference name must be fully qualified and one that Git takes: ${name}`);
  }
  if (git.refs.has(name)) throw new GithubError(422, "Reference already exists");
}

/** @throws {GithubError} 422 for a branch that is not there */
export function branchOf(git: GitRepository, repository: Repository, name: string | undefined) {
  const branch = name ?? repository.defaultBranch;
  const commit = git.branch(branch);
  if (!commit && git.commits.size > 0) {
    if (name === undefined) throw validationFailed({ resource: "Repository", field: "branch", code: "missing" });
    throw new GithubError(404, `Branch ${name} not found`);
  }
  return { branch, commit };
}
