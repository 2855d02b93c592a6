import { refsOf, SEEDED_PULLS } from "./files.ts";
import type { Check, Comment, GithubState, Issue, Label, Person, PullRequest } from "./model.ts";

const START = Date.UTC(2026, 0, 5, 9);
const HOUR = 60 * 60_000;

/** Who is there from the start, as in the stand-in for signing in: the first owns both repositories, the second may push to neither. */
export const SEEDED_PEOPLE: readonly [Person, Person] = [
  {
    id: 1815,
    login: "ada",
    name: "Ada Lovelace",
    email: "ada@example.com",
    company: "Analytical Engines",
    location: "London",
    bio: "Counts apples.",
    createdAt: "2015-03-14T09:26:53Z",
  },
  {
    id: 1906,
    login: "grace",
    name: "Grace Hopper",
    email: "grace@example.com",
    company: null,
    location: "New York",
    bio: null,
    createdAt: "2018-11-02T17:00:00Z",
  },
];

/** What the seeded public repository has: issues 1 to 64, of which every sixteenth is a pull request. */
export const SEEDED_ISSUES = { open: 40, closed: 20, pullRequests: SEEDED_PULLS.length };

/** The labels that GitHub gives every new repository. */
const DEFAULT_LABELS: [name: string, color: string, description: string][] = [
  ["bug", "d73a4a", "Something isn't working"],
  ["documentation", "0075ca", "Improvements or additions to documentation"],
  ["duplicate", "cfd3d7", "This issue or pull request already exists"],
  ["enhancement", "a2eeef", "New feature or request"],
  ["good first issue", "7057ff", "Good for newcomers"],
  ["help wanted", "008672", "Extra attention is needed"],
  ["invalid", "e4e669", "This doesn't seem right"],
  ["question", "d876e3", "Further information is requested"],
  ["wontfix", "ffffff", "This will not be worked on"],
];

const VERBS = ["Count", "Weigh", "Label", "Sort", "Export"];
const SUBJECTS = ["the apples of row 7", "unripe fruit", "boxes twice", "trees without a name", "the harvest by week"];

/** The state that a stand-in starts with: the same ids and contents every time. */
export function seedGithubState(): GithubState {
  let id = 5000;
  const nextId = () => ++id;
  const labels = () => defaultLabels(nextId);
  const [ada, grace] = SEEDED_PEOPLE;
  const count = SEEDED_ISSUES.open + SEEDED_ISSUES.closed + SEEDED_ISSUES.pullRequests;

  const common = {
    owner: ada.login,
    ...newRepository(),
    language: "TypeScript",
    createdAt: at(0),
    updatedAt: at(count),
    pushedAt: at(count),
  };
  const orchard = {
    ...common,
    id: 2001,
    name: "orchard",
    private: false,
    description: "Counts apples, tree by tree",
    topics: ["apples", "counting"],
    stars: [{ login: grace.login, at: at(1) }],
    checks: checks(nextId),
    labels: labels(),
    issues: Array.from({ length: count }, (_, index) => issue(index + 1, nextId, ada.login, grace.login)),
  };
  const ledger = {
    ...common,
    id: 2002,
    name: "ledger",
    private: true,
    description: null,
    topics: [],
    labels: labels(),
    issues: [1, 2, 3].map((number) => ({ ...issue(number, nextId, ada.login, ada.login), comments: [] })),
  };
  return { version: 1, repositories: [orchard, ledger], nextId: nextId() };
}

function issue(number: number, nextId: () => number, owner: string, other: string): Issue {
  const isPullRequest = number % 16 === 0;
  const isClosed = !isPullRequest && number % 3 === 0;
  const comments: Comment[] = Array.from({ length: number % 4 }, (_, index) => ({
    id: nextId(),
    author: index % 2 === 0 ? owner : other,
    body: index % 2 === 0 ? "Seen here too." : "Looking into it.",
    createdAt: at(number, 10 + index),
    updatedAt: at(number, 10 + index),
  }));
  const verb = VERBS[number % VERBS.length]!;
  const subject = SUBJECTS[Math.floor(number / VERBS.length) % SUBJECTS.length]!;
  return {
    id: nextId(),
    ...newIssueFields(),
    number,
    title: `${verb} ${subject}`,
    body:
      number % 7 === 0 ? null : `Found in the morning of day ${number}.\n\nSteps: ${verb.toLowerCase()}, look, wonder.`,
    state: isClosed ? "closed" : "open",
    stateReason: isClosed ? (number % 2 === 0 ? "not_planned" : "completed") : null,
    author: number % 2 === 0 ? other : owner,
    labels: [number % 2 === 0 ? "bug" : "enhancement", ...(number % 5 === 0 ? ["help wanted"] : [])],
    assignees: number % 4 === 0 ? [owner] : [],
    comments,
    isPullRequest,
    pull: isPullRequest ? pullRequest(number) : null,
    createdAt: at(number),
    updatedAt: at(number, isClosed ? 50 : 10 + comments.length),
    closedAt: isClosed ? at(number, 50) : null,
    closedBy: isClosed ? owner : null,
  };
}

export function defaultLabels(nextId: () => number): Label[] {
  return DEFAULT_LABELS.map(([name, color, description]) => ({
    id: nextId(),
    name,
    color,
    description,
    default: true,
  }));
}

/** What a repository has of which nothing was said. */
export function newRepository() {
  return {
    collaborators: [],
    homepage: null,
    archived: false,
    defaultBranch: "main",
    settings: {},
    parent: null,
    stars: [],
    milestones: [],
    checks: [],
  };
}

/** What an issue has of which nothing was said. */
export function newIssueFields() {
  return { pull: null, locked: false, lockReason: null, milestone: null, subIssues: [] };
}

/** A pull request as it is when it is opened, from a branch of the repository itself. */
function pullRequest(number: number): PullRequest {
  const refs = refsOf["ada/orchard"]!;
  const ref = `topic-${number}`;
  return {
    head: { repository: 2001, ref, sha: refs.find(({ name }) => name === ref)!.sha },
    base: { ref: "main", sha: refs[0]!.sha },
    draft: false,
    maintainerCanModify: false,
    mergedAt: null,
    mergedBy: null,
    mergeCommitSha: null,
    requestedReviewers: [],
    reviews: [],
    reviewComments: [],
  };
}

/** Of the first pull request: two checks, of which one fails, and a status. */
function checks(nextId: () => number): Check[] {
  const { sha } = pullRequest(SEEDED_PULLS[0]!).head;
  const check = (kind: Check["kind"], name: string, result: Check["result"], summary: string) => ({
    ...{ id: nextId(), sha, kind, name, result, summary, at: at(2) },
  });
  return [
    check("check", "test", "success", "64 tests passed"),
    check("check", "lint", "failure", "docs/topic-16.md: no empty line at the end"),
    check("status", "deploy/preview", "success", "The preview is ready"),
  ];
}

/** GitHub's times have no fraction of a second. */
function at(hours: number, minutes = 0): string {
  return new Date(START + hours * HOUR + minutes * 60_000).toISOString().replace(".000Z", "Z");
}
