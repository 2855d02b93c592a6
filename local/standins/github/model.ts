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
  labels: Label[];
  /** By number, lowest first. */
  issues: Issue[];
}

/** What requests change. Files are not in it: nothing here writes to them. */
export interface GithubState {
  version: 1;
  /** The next id of an issue, comment or label. */
  nextId: number;
  repositories: Repository[];
  /** What areas keep besides, by their names: in the files `…-state.ts`. */
  areas?: Record<string, object>;
}
