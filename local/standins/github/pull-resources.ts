import type { Call, GithubContext } from "./context.ts";
import type { Commit, GitRepository } from "./git-repository.ts";
import { changesBetween, gitResources } from "./git-resources.ts";
import type { Issue, PullRequest, Repository, Review, ReviewComment } from "./model.ts";
import { nodeId, reactions } from "./resources.ts";

/** A pull request with the commits that it is about. */
export interface Pull {
  repository: Repository;
  issue: Issue;
  pull: PullRequest;
  git: GitRepository;
  head: Commit;
  base: Commit;
}

/** Looks where the branches of a pull request are now, as long as it is open. */
export function pullIn({ store }: GithubContext, repository: Repository, issue: Issue): Pull {
  const { pull } = issue as Issue & { pull: PullRequest };
  const git = store.git(repository);
  if (issue.state === "open") {
    const source = store.byId(pull.head.repository);
    const head = source && store.git(source).branch(pull.head.ref);
    if (source && head) {
      // As GitHub does, so that the base knows the commits of a fork.
      for (const commit of store.git(source).history(head.sha)) git.commits.set(commit.sha, commit);
      pull.head.sha = head.sha;
    }
    pull.base.sha = git.branch(pull.base.ref)?.sha ?? pull.base.sha;
  }
  return { repository, issue, pull, git, head: git.commits.get(pull.head.sha)!, base: git.commits.get(pull.base.sha)! };
}

export function pullCommits({ git, head, base }: Pull): Commit[] {
  const known = new Set(git.history(base.sha).map(({ sha }) => sha));
  return git
    .history(head.sha)
    .filter(({ sha }) => !known.has(sha))
    .toReversed();
}

export function pullChanges({ git, head, base }: Pull) {
  return changesBetween(git.mergeBase(base.sha, head.sha)?.tree ?? new Map(), head.tree);
}

/** The API's resources of pull requests (schemas of the published description). */
export function pullResources(c: Call, { as, store }: GithubContext) {
  const to = as(c);

  const simple = ({ repository, issue, pull }: Pull) => {
    const url = `${to.repositoryUrl(repository)}/pulls/${issue.number}`;
    const issueUrl = `${to.repositoryUrl(repository)}/issues/${issue.number}`;
    const html = `https://github.com/${repository.owner}/${repository.name}/pull/${issue.number}`;
    const statuses = `${to.repositoryUrl(repository)}/statuses/${pull.head.sha}`;
    const side = (of: Repository, { ref, sha }: { ref: string; sha: string }) => ({
      label: `${of.owner}:${ref}`,
      ref,
      sha,
      repo: to.repository(of, c.get("access")),
      user: to.simpleUser(of.owner),
    });
    const { id, node_id, title, body, user, state, locked, labels, milestone, assignee, assignees, ...rest } = to.issue(
      repository,
      issue,
    );
    return {
      ...{
        url,
        id,
        node_id,
        html_url: html,
        diff_url: `${html}.diff`,
        patch_url: `${html}.patch`,
        issue_url: issueUrl,
      },
      commits_url: `${url}/commits`,
      review_comments_url: `${url}/comments`,
      review_comment_url: `${to.repositoryUrl(repository)}/pulls/comments{/number}`,
      comments_url: `${issueUrl}/comments`,
      statuses_url: statuses,
      ...{ number: issue.number, state, locked, title, user, body, milestone, assignee, assignees },
      labels: labels.map((label) => ({ ...label, description: label.description ?? "" })),
      active_lock_reason: rest.active_lock_reason,
      ...{ created_at: rest.created_at, updated_at: rest.updated_at, closed_at: rest.closed_at },
      merged_at: pull.mergedAt,
      merge_commit_sha: pull.mergeCommitSha,
      requested_reviewers: pull.requestedReviewers.map(to.simpleUser),
      requested_teams: [],
      head: side(store.byId(pull.head.repository) ?? repository, pull.head),
      base: side(repository, pull.base),
      _links: {
        self: { href: url },
        html: { href: html },
        issue: { href: issueUrl },
        comments: { href: `${issueUrl}/comments` },
        review_comments: { href: `${url}/comments` },
        review_comment: { href: `${to.repositoryUrl(repository)}/pulls/comments{/number}` },
        commits: { href: `${url}/commits` },
        statuses: { href: statuses },
      },
      author_association: rest.author_association,
      auto_merge: null,
      draft: pull.draft,
    };
  };

  const whole = (of: Pull) => {
    const { issue, pull, git, head, base } = of;
    const changes = pullChanges(of).map((change) => gitResources(to, of.repository).fileChange(head.sha, change));
    const fits = git.merged(base, head) !== undefined;
    return {
      ...simple(of),
      merged: pull.mergedAt !== null,
      mergeable: issue.state === "open" ? fits : null,
      rebaseable: issue.state === "open" ? fits : null,
      mergeable_state: issue.state === "open" ? (fits ? (pull.draft ? "draft" : "clean") : "dirty") : "unknown",
      merged_by: pull.mergedBy === null ? null : to.simpleUser(pull.mergedBy),
      comments: issue.comments.length,
      review_comments: pull.reviewComments.length,
      maintainer_can_modify: pull.maintainerCanModify,
      commits: pullCommits(of).length,
      additions: changes.reduce((count, { additions }) => count + additions, 0),
      deletions: changes.reduce((count, { deletions }) => count + deletions, 0),
      changed_files: changes.length,
    };
  };

  const links = ({ repository, issue }: Pull, anchor: string) => ({
    html: `https://github.com/${repository.owner}/${repository.name}/pull/${issue.number}#${anchor}`,
    pull: `${to.repositoryUrl(repository)}/pulls/${issue.number}`,
  });

  const review = (of: Pull, each: Review) => {
    const { html, pull } = links(of, `pullrequestreview-${each.id}`);
    return {
      id: each.id,
      node_id: nodeId("PullRequestReview", each.id),
      user: to.simpleUser(each.author),
      body: each.body,
      state: each.state,
      html_url: html,
      pull_request_url: pull,
      author_association: to.association(of.repository, each.author),
      _links: { html: { href: html }, pull_request: { href: pull } },
      ...(each.submittedAt !== null && { submitted_at: each.submittedAt }),
      commit_id: each.commitId,
    };
  };

  const reviewComment = (of: Pull, each: ReviewComment) => {
    const { html, pull } = links(of, `discussion_r${each.id}`);
    const url = `${to.repositoryUrl(of.repository)}/pulls/comments/${each.id}`;
    return {
      url,
      pull_request_review_id: each.reviewId,
      id: each.id,
      node_id: nodeId("PullRequestReviewComment", each.id),
      diff_hunk: "@@ -1 +1 @@",
      path: each.path,
      commit_id: each.commitId,
      original_commit_id: each.commitId,
      ...(each.inReplyTo !== null && { in_reply_to_id: each.inReplyTo }),
      user: to.simpleUser(each.author),
      body: each.body,
      created_at: each.createdAt,
      updated_at: each.updatedAt,
      html_url: html,
      pull_request_url: pull,
      author_association: to.association(of.repository, each.author),
      _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
      ...{ line: each.line, original_line: each.line, side: each.side },
      ...{ start_line: each.startLine, original_start_line: each.startLine, start_side: each.startSide },
      subject_type: "line",
      reactions: reactions(url),
    };
  };

  return { simple, whole, review, reviewComment };
}
