import { checkDeadline, checkTools } from "../../testing/check-tools.ts";
import { githubService } from "../testing/github-service.ts";
import { contextTools } from "./context.ts";
import { gitTools } from "./git.ts";
import { issueTools } from "./issues.ts";
import { labelTools } from "./labels.ts";
import { pullRequestTools } from "./pull-requests.ts";
import { repoTools } from "./repos.ts";
import { searchTools } from "./search.ts";
import { starTools } from "./stars.ts";
import { userTools } from "./users.ts";

const orchard = { owner: "ada", repo: "orchard" };
const issue = { ...orchard, number: 1 };
const pull = { ...orchard, number: 16 };
const comment = { ...orchard, comment_id: 1 };
const subIssue = { ...issue, sub_issue_id: 2 };
const review = { ...pull, review_id: 1 };
const file = { ...orchard, path: "README.md", message: "Ripe" };
const sha = "5bb43f8fdbd9a1a2a8b4b2d2b4a43d4d2d77f2d1";

const { harness } = githubService();

checkTools(
  "github",
  [
    ...[...contextTools, ...repoTools, ...issueTools, ...pullRequestTools, ...searchTools],
    ...[...userTools, ...labelTools, ...gitTools, ...starTools],
  ],
  {
    get_me: {},

    list_repositories: {},
    get_repository: orchard,
    get_file_contents: { ...orchard, path: "README.md" },
    create_or_update_file: { ...file, content: "Apples" },
    push_files: { ...orchard, message: "Ripe", files: [{ path: "README.md", content: "Apples" }] },
    delete_file: file,
    list_branches: orchard,
    create_branch: { ...orchard, branch: "ripe", from: "main" },
    delete_branch: { ...orchard, branch: "next" },
    list_tags: orchard,
    list_commits: orchard,
    get_commit: { ...orchard, ref: "main" },
    compare_commits: { ...orchard, base: "main", head: "next" },
    get_diff: { ...orchard, head: "next" },
    create_repository: { name: "cider" },
    fork_repository: orchard,
    update_repository: { ...orchard, description: "Apples" },
    delete_repository: orchard,
    list_collaborators: orchard,

    list_issues: orchard,
    get_issue: issue,
    create_issue: { ...orchard, title: "Ripe too early" },
    update_issue: { ...issue, state: "closed" },
    lock_issue: issue,
    list_issue_comments: issue,
    get_issue_comment: comment,
    add_issue_comment: { ...issue, body: "Seen" },
    update_issue_comment: { ...comment, body: "Seen" },
    delete_issue_comment: comment,
    list_sub_issues: issue,
    add_sub_issue: subIssue,
    remove_sub_issue: subIssue,
    reprioritize_sub_issue: { ...subIssue, after_id: 3 },
    list_assignees: orchard,
    list_milestones: orchard,
    create_milestone: { ...orchard, title: "Harvest" },

    list_pull_requests: orchard,
    get_pull_request: pull,
    create_pull_request: { ...orchard, title: "Weigh", head: "next", base: "main" },
    update_pull_request: { ...pull, title: "Weigh" },
    list_pull_request_files: pull,
    get_pull_request_diff: pull,
    list_pull_request_commits: pull,
    get_pull_request_status: pull,
    merge_pull_request: pull,
    update_pull_request_branch: pull,
    request_reviewers: { ...pull, reviewers: ["grace"] },
    remove_requested_reviewers: { ...pull, reviewers: ["grace"] },
    list_pull_request_reviews: pull,
    create_pull_request_review: { ...pull, event: "APPROVE" },
    submit_pending_review: { ...review, event: "APPROVE" },
    delete_pending_review: review,
    list_review_comments: pull,
    reply_to_review_comment: { ...pull, comment_id: 1, body: "Done" },

    search_code: { query: "apples" },
    search_repositories: { query: "orchard" },
    search_issues: { query: "apples" },
    search_pull_requests: { query: "apples" },
    search_users: { query: "ada" },
    search_commits: { query: "seed" },

    get_user: { login: "grace" },
    list_followers: { login: "grace" },
    list_following: { login: "grace" },

    list_labels: orchard,
    get_label: { ...orchard, name: "bug" },
    create_label: { ...orchard, name: "ripe" },
    update_label: { ...orchard, name: "bug", color: "00ff00" },
    delete_label: { ...orchard, name: "bug" },

    get_tree: orchard,
    list_refs: { ...orchard, prefix: "heads/" },
    get_tag: { ...orchard, tag: "v1.0" },
    create_tag: { ...orchard, tag: "v2.0", ref: "main" },
    update_branch: { ...orchard, branch: "next", sha },

    list_starred_repositories: {},
    list_stargazers: orchard,
    star_repository: orchard,
    unstar_repository: orchard,
  },
  harness,
);

checkDeadline("get_me", {}, harness);
