import { z } from "zod";
import { mayPush } from "./access.ts";
import { asDiff, wantsDiff } from "./commits.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { diffText, gitResources } from "./git-resources.ts";
import { bodyOf, newIssue } from "./issue-edit.ts";
import type { Check, Repository } from "./model.ts";
import { type Pull, pullChanges, pullCommits, pullIn, pullResources } from "./pull-resources.ts";
import { isSame } from "./store.ts";

const create = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
  maintainer_can_modify: z.boolean().default(true),
});
const update = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
  maintainer_can_modify: z.boolean().optional(),
});
const merge = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
});
const updateBranch = z.object({ expected_head_sha: z.string().optional() });
const reviewers = z.object({ reviewers: z.array(z.string()).default([]) });

const wrong = (field: string, message: string) =>
  validationFailed({ resource: "PullRequest", field, code: "custom", message });

/** https://docs.github.com/en/rest/pulls/pulls */
export const addPullRoutes: AddRoutes = (app, context) => {
  const { store, as, paged, editor, time, repositoryOf, writableRepositoryOf } = context;

  const pullAt = (c: Call, repository: Repository): Pull => {
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue?.pull) throw new GithubError(404, "Not Found");
    return pullIn(context, repository, issue);
  };
  const found = (c: Call) => pullAt(c, repositoryOf(c, "pull_requests"));

  app.get("/repos/:owner/:repo/pulls", (c) => {
    const repository = repositoryOf(c, "pull_requests");
    const { state = "open", head, base, sort = "created", direction } = c.req.query();
    const pulls = repository.issues
      .filter((issue) => issue.pull && (state === "all" || issue.state === state))
      .map((issue) => pullIn(context, repository, issue))
      .filter(({ pull }) => {
        const owner = store.byId(pull.head.repository)?.owner;
        return (!base || pull.base.ref === base) && (!head || head === `${owner}:${pull.head.ref}`);
      });
    const key = ({ issue }: Pull) => (sort === "updated" ? issue.updatedAt : issue.createdAt);
    const order = pulls.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    const upwards = direction === "asc" || (direction === undefined && sort !== "created");
    return paged(c, upwards ? order : order.toReversed(), pullResources(c, context).simple);
  });

  app.post("/repos/:owner/:repo/pulls", async (c) => {
    const repository = repositoryOf(c, "pull_requests", "write");
    const edit = await bodyOf(c.req, create);
    const [, owner = repository.owner, ref = ""] = /^(?:([^:]+):)?(.+)$/.exec(edit.head) ?? [];
    const source = store
      .repositories()
      .find((each) => isSame(each.owner, owner) && (each === repository || each.parent === repository.id));
    const head = source && store.git(source).branch(ref);
    if (!source || !head) throw validationFailed({ resource: "PullRequest", field: "head", code: "invalid" });
    const base = store.git(repository).branch(edit.base);
    if (!base) throw validationFailed({ resource: "PullRequest", field: "base", code: "invalid" });
    if (!mayPush(c.get("access").login, source)) throw new GithubError(403, "Must have push access to the head.");
    const isSameBranch = ({ pull, state }: (typeof repository.issues)[number]) =>
      state === "open" && pull?.head.ref === ref && pull.head.repository === source.id && pull.base.ref === edit.base;
    if (repository.issues.some(isSameBranch)) {
      throw wrong("head", `A pull request already exists for ${owner}:${ref}.`);
    }
    const by = editor(c);
    const issue = newIssue(repository, { title: edit.title, body: edit.body }, by);
    issue.isPullRequest = true;
    issue.pull = {
      head: { repository: source.id, ref, sha: head.sha },
      base: { ref: edit.base, sha: base.sha },
      ...{ draft: edit.draft, maintainerCanModify: source !== repository && edit.maintainer_can_modify },
      ...{ mergedAt: null, mergedBy: null, mergeCommitSha: null },
      ...{ requestedReviewers: [], reviews: [], reviewComments: [] },
    };
    const pull = pullIn(context, repository, issue);
    if (pullCommits(pull).length === 0) throw wrong("head", `No commits between ${edit.base} and ${edit.head}`);
    repository.issues.push(issue);
    store.save();
    return c.json(pullResources(c, context).whole(pull), 201);
  });

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}", (c) => {
    const pull = found(c);
    if (wantsDiff(c)) return asDiff(c, diffText(pullChanges(pull)));
    return c.json(pullResources(c, context).whole(pull));
  });

  app.patch("/repos/:owner/:repo/pulls/:number{[0-9]+}", async (c) => {
    const repository = repositoryOf(c, "pull_requests", "write");
    const of = pullAt(c, repository);
    const { login, at } = editor(c);
    if (!mayPush(login, repository) && !isSame(login, of.issue.author)) {
      throw new GithubError(403, "Must have admin rights to Repository.");
    }
    const edit = await bodyOf(c.req, update);
    if (edit.base !== undefined && !of.git.branch(edit.base)) {
      throw validationFailed({ resource: "PullRequest", field: "base", code: "invalid" });
    }
    if (edit.state === "open" && of.pull.mergedAt) throw wrong("state", "state cannot be changed. It was merged.");
    const { issue, pull } = of;
    if (edit.title !== undefined) issue.title = edit.title;
    if (edit.body !== undefined) issue.body = edit.body;
    if (edit.base !== undefined) pull.base.ref = edit.base;
    pull.maintainerCanModify = edit.maintainer_can_modify ?? pull.maintainerCanModify;
    if (edit.state !== undefined && edit.state !== issue.state) {
      issue.state = edit.state;
      issue.closedAt = edit.state === "closed" ? at : null;
      issue.closedBy = edit.state === "closed" ? login : null;
    }
    issue.updatedAt = at;
    store.save();
    return c.json(pullResources(c, context).whole(pullIn(context, repository, issue)));
  });

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}/files", (c) => {
    const of = found(c);
    const to = gitResources(as(c), of.repository);
    return paged(c, pullChanges(of), (change) => to.fileChange(of.head.sha, change));
  });

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}/commits", (c) => {
    const of = found(c);
    return paged(c, pullCommits(of), gitResources(as(c), of.repository).commit);
  });

  app.put("/repos/:owner/:repo/pulls/:number{[0-9]+}/merge", async (c) => {
    const repository = writableRepositoryOf(c, "contents");
    const of = pullAt(c, repository);
    const edit = await bodyOf(c.req, merge);
    const { pull, issue, git, head, base } = of;
    const tree = git.merged(base, head);
    if (edit.sha !== undefined && edit.sha !== head.sha) {
      throw new GithubError(409, "Head branch was modified. Review and try the merge again.");
    }
    if (issue.state !== "open" || pull.draft || !tree) throw new GithubError(405, "Pull Request is not mergeable");
    const allowed = { merge: "allow_merge_commit", squash: "allow_squash_merge", rebase: "allow_rebase_merge" };
    if (repository.settings[allowed[edit.merge_method]] === false) {
      throw new GithubError(405, `${edit.merge_method} merges are not allowed on this repository.`);
    }
    const { login, at } = editor(c);
    const title =
      edit.commit_title ?? (edit.merge_method === "merge" ? `Merge pull request #${issue.number}` : issue.title);
    const message = [title, edit.commit_message].filter(Boolean).join("\n\n");
    const parents = edit.merge_method === "merge" ? [base.sha, head.sha] : [base.sha];
    const { sha } = git.commit(tree, parents, message, login, at);
    git.refs.set(`refs/heads/${pull.base.ref}`, sha);
    Object.assign(pull, { mergedAt: at, mergedBy: login, mergeCommitSha: sha });
    Object.assign(issue, { state: "closed", closedAt: at, closedBy: login, updatedAt: at });
    store.save();
    return c.json({ sha, merged: true, message: "Pull Request successfully merged" });
  });

  app.put("/repos/:owner/:repo/pulls/:number{[0-9]+}/update-branch", async (c) => {
    const repository = writableRepositoryOf(c, "pull_requests");
    const of = pullAt(c, repository);
    const { expected_head_sha } = await bodyOf(c.req, updateBranch);
    const { git, head, base, pull } = of;
    if (expected_head_sha !== undefined && expected_head_sha !== head.sha) {
      throw new GithubError(422, "expected head sha didn’t match current head ref.");
    }
    if (git.history(head.sha).some(({ sha }) => sha === base.sha)) {
      throw new GithubError(422, "There are no new commits on the base branch.");
    }
    const tree = git.merged(head, base);
    if (!tree) throw new GithubError(422, "merge conflict between base and head");
    const source = store.git(store.byId(pull.head.repository)!);
    const { login } = editor(c);
    const message = `Merge branch '${pull.base.ref}' into ${pull.head.ref}`;
    for (const commit of git.history(base.sha)) source.commits.set(commit.sha, commit);
    const { sha } = source.commit(tree, [head.sha, base.sha], message, login, time());
    source.refs.set(`refs/heads/${pull.head.ref}`, sha);
    store.save();
    return c.json({ message: "Updating pull request branch.", url: as(c).repositoryUrl(repository) }, 202);
  });

  app.post("/repos/:owner/:repo/pulls/:number{[0-9]+}/requested_reviewers", async (c) => {
    const repository = writableRepositoryOf(c, "pull_requests");
    const of = pullAt(c, repository);
    const { reviewers: logins } = await bodyOf(c.req, reviewers);
    if (logins.some((login) => isSame(login, of.issue.author))) {
      throw new GithubError(422, "Review cannot be requested from pull request author.");
    }
    if (logins.some((login) => !mayPush(login, repository))) {
      throw new GithubError(422, "Reviews may only be requested from collaborators.");
    }
    of.pull.requestedReviewers = [...new Set([...of.pull.requestedReviewers, ...logins])];
    store.save();
    return c.json(pullResources(c, context).simple(of), 201);
  });

  app.delete("/repos/:owner/:repo/pulls/:number{[0-9]+}/requested_reviewers", async (c) => {
    const of = pullAt(c, writableRepositoryOf(c, "pull_requests"));
    const { reviewers: logins } = await bodyOf(c.req, reviewers);
    of.pull.requestedReviewers = of.pull.requestedReviewers.filter(
      (each) => !logins.some((login) => isSame(login, each)),
    );
    store.save();
    return c.json(pullResources(c, context).simple(of));
  });

  app.get("/repos/:owner/:repo/commits/:ref/pulls", (c) => {
    const repository = repositoryOf(c, "pull_requests");
    const git = store.git(repository);
    const commit = git.resolve(c.req.param("ref"));
    if (!commit) throw new GithubError(422, `No commit found for SHA: ${c.req.param("ref")}`);
    const head = git.branch(repository.defaultBranch);
    const isIn = head !== undefined && git.history(head.sha).some(({ sha }) => sha === commit.sha);
    const pulls = repository.issues
      .filter(({ pull, state }) => pull && (pull.mergedAt !== null || (state === "open" && !isIn)))
      .map((issue) => pullIn(context, repository, issue))
      .filter((of) => of.pull.mergeCommitSha === commit.sha || pullCommits(of).some(({ sha }) => sha === commit.sha));
    return paged(c, pulls, pullResources(c, context).simple);
  });

  const checksAt = (c: Call, kind: Check["kind"]) => {
    const repository = repositoryOf(c, kind === "check" ? "checks" : "statuses");
    const commit = store.git(repository).resolve(c.req.param("ref") ?? "");
    if (!commit) throw new GithubError(422, `No commit found for SHA: ${c.req.param("ref")}`);
    const checks = repository.checks.filter((each) => each.kind === kind && each.sha === commit.sha);
    return { repository, sha: commit.sha, checks };
  };

  app.get("/repos/:owner/:repo/commits/:ref/status", (c) => {
    const { repository, sha, checks } = checksAt(c, "status");
    const url = `${as(c).repositoryUrl(repository)}/commits/${sha}`;
    const results = new Set(checks.map(({ result }) => result));
    return c.json({
      state: results.has("failure") ? "failure" : results.size === 1 && results.has("success") ? "success" : "pending",
      statuses: checks.map(({ id, name, result, summary, at }) => ({
        ...{ id, node_id: `status-${id}`, state: result ?? "pending", context: name, description: summary },
        ...{ target_url: null, avatar_url: null, url: `${url}/statuses`, created_at: at, updated_at: at },
      })),
      ...{ sha, total_count: checks.length, repository: as(c).repository(repository, c.get("access")) },
      ...{ commit_url: url, url: `${url}/status` },
    });
  });

  app.get("/repos/:owner/:repo/commits/:ref/check-runs", (c) => {
    const { repository, sha, checks } = checksAt(c, "check");
    const url = `${as(c).repositoryUrl(repository)}/check-runs`;
    const runs = checks.map(({ id, name, result, summary, at }) => ({
      ...{ id, head_sha: sha, node_id: `check-${id}`, external_id: null, url: `${url}/${id}`, html_url: null },
      ...{ details_url: null, status: result === null ? "in_progress" : "completed", conclusion: result },
      ...{ started_at: at, completed_at: result === null ? null : at, name, check_suite: { id: 1 }, app: null },
      output: { title: name, summary, text: null, annotations_count: 0, annotations_url: `${url}/${id}/annotations` },
      pull_requests: [],
    }));
    return c.json({ total_count: runs.length, check_runs: runs });
  });
};
