import { type Access, mayPush } from "./access.ts";
import type { Comment, Issue, Label, Milestone, Person, Repository } from "./model.ts";
import { personOf } from "./people.ts";
import { isSame } from "./store.ts";

/**
 * Makes the API's resources of what is kept (schemas of the published description). Links of the API begin with the base
 * that the client dialled; links for browsers are those of github.com.
 * @param base the API's base URL as the client dialled it
 */
export function resources(base: string) {
  const simpleUser = (login: string) => {
    const person = personOf(login);
    const url = `${base}/users/${person.login}`;
    return {
      login: person.login,
      id: person.id,
      node_id: nodeId("User", person.id),
      avatar_url: `https://avatars.githubusercontent.com/u/${person.id}?v=4`,
      gravatar_id: "",
      url,
      html_url: `https://github.com/${person.login}`,
      followers_url: `${url}/followers`,
      following_url: `${url}/following{/other_user}`,
      gists_url: `${url}/gists{/gist_id}`,
      starred_url: `${url}/starred{/owner}{/repo}`,
      subscriptions_url: `${url}/subscriptions`,
      organizations_url: `${url}/orgs`,
      repos_url: `${url}/repos`,
      events_url: `${url}/events{/privacy}`,
      received_events_url: `${url}/received_events`,
      type: "User",
      user_view_type: "public",
      site_admin: false,
    };
  };

  const publicUser = (person: Person, owned: readonly Repository[]) => ({
    ...simpleUser(person.login),
    name: person.name,
    company: person.company,
    blog: "",
    location: person.location,
    email: person.email,
    hireable: null,
    bio: person.bio,
    twitter_username: null,
    public_repos: owned.filter((each) => !each.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: person.createdAt,
    updated_at: person.createdAt,
  });

  /** With what only the person may see, and only by a token with the scope `read:user` or `user`. */
  const privateUser = (person: Person, owned: readonly Repository[]) => {
    const privateRepos = owned.filter((each) => each.private).length;
    return {
      ...publicUser(person, owned),
      user_view_type: "private",
      private_gists: 0,
      total_private_repos: privateRepos,
      owned_private_repos: privateRepos,
      disk_usage: 64,
      collaborators: 0,
      two_factor_authentication: true,
      plan: { name: "free", space: 976_562_499, collaborators: 0, private_repos: 10_000 },
    };
  };

  const repositoryUrl = (repository: Repository) => `${base}/repos/${repository.owner}/${repository.name}`;

  const repository = (of: Repository, access: Access) => {
    const url = repositoryUrl(of);
    const html = `https://github.com/${of.owner}/${of.name}`;
    const push = mayPush(access.login, of);
    const open = of.issues.filter((each) => each.state === "open").length;
    return {
      id: of.id,
      node_id: nodeId("Repository", of.id),
      name: of.name,
      full_name: `${of.owner}/${of.name}`,
      private: of.private,
      owner: simpleUser(of.owner),
      html_url: html,
      description: of.description,
      fork: of.parent !== null,
      url,
      archive_url: `${url}/{archive_format}{/ref}`,
      assignees_url: `${url}/assignees{/user}`,
      blobs_url: `${url}/git/blobs{/sha}`,
      branches_url: `${url}/branches{/branch}`,
      collaborators_url: `${url}/collaborators{/collaborator}`,
      comments_url: `${url}/comments{/number}`,
      commits_url: `${url}/commits{/sha}`,
      compare_url: `${url}/compare/{base}...{head}`,
      contents_url: `${url}/contents/{+path}`,
      contributors_url: `${url}/contributors`,
      deployments_url: `${url}/deployments`,
      downloads_url: `${url}/downloads`,
      events_url: `${url}/events`,
      forks_url: `${url}/forks`,
      git_commits_url: `${url}/git/commits{/sha}`,
      git_refs_url: `${url}/git/refs{/sha}`,
      git_tags_url: `${url}/git/tags{/sha}`,
      git_url: `git://github.com/${of.owner}/${of.name}.git`,
      issue_comment_url: `${url}/issues/comments{/number}`,
      issue_events_url: `${url}/issues/events{/number}`,
      issues_url: `${url}/issues{/number}`,
      keys_url: `${url}/keys{/key_id}`,
      labels_url: `${url}/labels{/name}`,
      languages_url: `${url}/languages`,
      merges_url: `${url}/merges`,
      milestones_url: `${url}/milestones{/number}`,
      notifications_url: `${url}/notifications{?since,all,participating}`,
      pulls_url: `${url}/pulls{/number}`,
      releases_url: `${url}/releases{/id}`,
      ssh_url: `git@github.com:${of.owner}/${of.name}.git`,
      stargazers_url: `${url}/stargazers`,
      statuses_url: `${url}/statuses/{sha}`,
      subscribers_url: `${url}/subscribers`,
      subscription_url: `${url}/subscription`,
      tags_url: `${url}/tags`,
      teams_url: `${url}/teams`,
      trees_url: `${url}/git/trees{/sha}`,
      clone_url: `${html}.git`,
      mirror_url: null,
      hooks_url: `${url}/hooks`,
      svn_url: html,
      homepage: of.homepage,
      language: of.language,
      forks: 0,
      forks_count: 0,
      stargazers_count: of.stars.length,
      watchers: of.stars.length,
      watchers_count: of.stars.length,
      size: 64,
      default_branch: of.defaultBranch,
      open_issues: open,
      open_issues_count: open,
      is_template: of.settings.is_template ?? false,
      topics: of.topics,
      has_issues: of.settings.has_issues ?? true,
      has_projects: of.settings.has_projects ?? true,
      has_wiki: of.settings.has_wiki ?? true,
      has_pages: false,
      has_downloads: true,
      has_discussions: of.settings.has_discussions ?? false,
      archived: of.archived,
      disabled: false,
      visibility: of.private ? "private" : "public",
      license: null,
      allow_forking: true,
      web_commit_signoff_required: false,
      created_at: of.createdAt,
      updated_at: of.updatedAt,
      pushed_at: of.pushedAt,
      permissions: { admin: isSame(access.login, of.owner), maintain: push, push, triage: push, pull: true },
    };
  };

  const label = (of: Repository, each: Label) => ({
    id: each.id,
    node_id: nodeId("Label", each.id),
    url: `${repositoryUrl(of)}/labels/${encodeURIComponent(each.name)}`,
    name: each.name,
    color: each.color,
    default: each.default,
    description: each.description,
  });

  const association = (of: Repository, login: string) => {
    if (isSame(login, of.owner)) return "OWNER";
    return mayPush(login, of) ? "COLLABORATOR" : "NONE";
  };

  const milestone = (of: Repository, each: Milestone) => {
    const url = `${repositoryUrl(of)}/milestones/${each.number}`;
    const count = (state: Issue["state"]) =>
      of.issues.filter((issue) => issue.milestone === each.number && issue.state === state).length;
    return {
      url,
      html_url: `https://github.com/${of.owner}/${of.name}/milestone/${each.number}`,
      labels_url: `${url}/labels`,
      id: each.id,
      node_id: nodeId("Milestone", each.id),
      number: each.number,
      title: each.title,
      description: each.description,
      creator: simpleUser(each.creator),
      open_issues: count("open"),
      closed_issues: count("closed"),
      state: each.state,
      created_at: each.createdAt,
      updated_at: each.createdAt,
      due_on: each.dueOn,
      closed_at: each.state === "closed" ? each.createdAt : null,
    };
  };

  const milestoneOf = (of: Repository, { milestone: number }: Issue) => {
    const found = of.milestones.find((each) => each.number === number);
    return found ? milestone(of, found) : null;
  };

  const issue = (of: Repository, each: Issue) => {
    const url = `${repositoryUrl(of)}/issues/${each.number}`;
    const html = `https://github.com/${of.owner}/${of.name}/${each.isPullRequest ? "pull" : "issues"}/${each.number}`;
    return {
      id: each.id,
      node_id: nodeId("Issue", each.id),
      url,
      repository_url: repositoryUrl(of),
      labels_url: `${url}/labels{/name}`,
      comments_url: `${url}/comments`,
      events_url: `${url}/events`,
      html_url: html,
      number: each.number,
      title: each.title,
      user: simpleUser(each.author),
      labels: each.labels.map((name) => label(of, of.labels.find((known) => isSame(known.name, name))!)),
      state: each.state,
      locked: each.locked,
      assignee: each.assignees[0] === undefined ? null : simpleUser(each.assignees[0]),
      assignees: each.assignees.map(simpleUser),
      milestone: milestoneOf(of, each),
      comments: each.comments.length,
      created_at: each.createdAt,
      updated_at: each.updatedAt,
      closed_at: each.closedAt,
      author_association: association(of, each.author),
      active_lock_reason: each.lockReason,
      ...(each.isPullRequest && {
        draft: each.pull?.draft ?? false,
        pull_request: {
          url: `${repositoryUrl(of)}/pulls/${each.number}`,
          html_url: html,
          diff_url: `${html}.diff`,
          patch_url: `${html}.patch`,
          merged_at: each.pull?.mergedAt ?? null,
        },
      }),
      body: each.body,
      closed_by: each.closedBy === null ? null : simpleUser(each.closedBy),
      reactions: reactions(url),
      timeline_url: `${url}/timeline`,
      performed_via_github_app: null,
      state_reason: each.stateReason,
    };
  };

  const comment = (of: Repository, on: Issue, each: Comment) => {
    const url = `${repositoryUrl(of)}/issues/comments/${each.id}`;
    return {
      id: each.id,
      node_id: nodeId("IssueComment", each.id),
      url,
      html_url: `https://github.com/${of.owner}/${of.name}/issues/${on.number}#issuecomment-${each.id}`,
      issue_url: `${repositoryUrl(of)}/issues/${on.number}`,
      user: simpleUser(each.author),
      created_at: each.createdAt,
      updated_at: each.updatedAt,
      author_association: association(of, each.author),
      body: each.body,
      reactions: reactions(url),
      performed_via_github_app: null,
    };
  };

  return {
    ...{ simpleUser, publicUser, privateUser, repositoryUrl, repository },
    ...{ association, label, milestone, milestoneOf, issue, comment },
  };
}

export function reactions(url: string) {
  const none = { "+1": 0, "-1": 0, laugh: 0, hooray: 0, confused: 0, heart: 0, rocket: 0, eyes: 0 };
  return { url: `${url}/reactions`, total_count: 0, ...none };
}

/** Opaque to clients; in the old form of GitHub's: `04:User1815`, in base64. */
export function nodeId(kind: string, id: number): string {
  return Buffer.from(`0${kind.length}:${kind}${id}`).toString("base64");
}
