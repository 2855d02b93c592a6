import type { StoredGit } from "./git-repository.ts";

/** What the GitHub stand-in keeps, in the words of the GitHub REST API (https://docs.github.com/en/rest). */

export interface Person {
  id: number;
  login: string;
  /** Null for a person of whom nothing but the login is known. */
  name: string | null;
  email: string | null;
  company: string | null;
  location: string | null;
  bio: string | null;
  /** ISO 8601. */
  createdAt: string;
}

export interface Label {
  id: number;
  name: string;
  /** Six hexadecimal digits. */
  color: string;
  description: string | null;
  /** Every new repository on GitHub has it. */
  default: boolean;
}

export interface Comment {
  id: number;
  /** Login of the person. */
  author: string;
  body: string;
  createdAt: string;
  updatedAt: string;
}

export type StateReason = "completed" | "reopened" | "not_planned" | "duplicate";

export type ReviewState = "PENDING" | "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";

export interface Review {
  id: number;
  author: string;
  body: string;
  state: ReviewState;
  /** The head that was reviewed. */
  commitId: string;
  submittedAt: string | null;
}

/** A comment on lines of a pull request. */
export interface ReviewComment extends Comment {
  reviewId: number;
  path: string;
  line: number;
  side: "LEFT" | "RIGHT";
  startLine: number | null;
  startSide: "LEFT" | "RIGHT" | null;
  commitId: string;
  inReplyTo: number | null;
}

/** What a pull request has besides what an issue has. */
export interface PullRequest {
  /** `repository` is an id; `sha` is where the branch was when it was last looked at. */
  head: { repository: number; ref: string; sha: string };
  base: { ref: string; sha: string };
  draft: boolean;
  maintainerCanModify: boolean;
  mergedAt: string | null;
  mergedBy: string | null;
  mergeCommitSha: string | null;
  requestedReviewers: string[];
  reviews: Review[];
  reviewComments: ReviewComment[];
}

export interface Milestone {
  id: number;
  number: number;
  title: string;
  description: string | null;
  state: "open" | "closed";
  creator: string;
  dueOn: string | null;
  createdAt: string;
}

/** What a check or a status says of a commit. */
export interface Check {
  id: number;
  sha: string;
  kind: "check" | "status";
  name: string;
  /** Of a status `state`, of a check its `conclusion`; null while it runs. */
  result: "success" | "failure" | "pending" | null;
  summary: string;
  at: string;
}

/** An issue, or a pull request: to GitHub every pull request is an issue too. */
export interface Issue {
  id: number;
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  stateReason: StateReason | null;
  /** Login of the person. */
  author: string;
  /** Names of labels of the repository. */
  labels: string[];
  /** Logins of people. */
  assignees: string[];
  comments: Comment[];
  isPullRequest: boolean;
  pull: PullRequest | null;
  locked: boolean;
  lockReason: string | null;
  /** Number of a milestone of the repository. */
  milestone: number | null;
  /** Ids of issues, in their order. */
  subIssues: number[];
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  closedBy: string | null;
}

export interface Repository {
  id: number;
  name: string;
  /** Login of the person who owns it. */
  owner: string;
  /** Logins of the others who may push to it. */
  collaborators: string[];
  private: boolean;
  description: string | null;
  language: string | null;
  topics: string[];
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
  homepage: string | null;
  archived: boolean;
  defaultBranch: string;
  /** Features and merge settings that can be switched, by the API's names. */
  settings: Record<string, boolean>;
  /** Id of the repository that it was forked from. */
  parent: number | null;
  /** Who starred it, and when. */
  stars: { login: string; at: string }[];
  milestones: Milestone[];
  checks: Check[];
  labels: Label[];
  /** By number, lowest first. */
  issues: Issue[];
}

/** What requests change. */
export interface GithubState {
  version: 1;
  /** The next id of an issue, comment or label. */
  nextId: number;
  repositories: Repository[];
  /** What areas keep besides, by their names: in the files `…-state.ts`. */
  areas?: Record<string, object>;
  /** Commits, branches and tags of each repository by its id, as far as they are not those of the start. */
  git?: Record<string, StoredGit>;
}
