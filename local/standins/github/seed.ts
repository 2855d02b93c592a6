import type { Comment, GithubState, Issue, Label, Person } from "./model.ts";

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
export const SEEDED_ISSUES = { open: 40, closed: 20, pullRequests: 4 };

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
  const labels = (): Label[] =>
    DEFAULT_LABELS.map(([name, color, description]) => ({ id: nextId(), name, color, description, default: true }));
  const [ada, grace] = SEEDED_PEOPLE;
  const count = SEEDED_ISSUES.open + SEEDED_ISSUES.closed + SEEDED_ISSUES.pullRequests;

  const common = {
    owner: ada.login,
    collaborators: [],
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
    createdAt: at(number),
    updatedAt: at(number, isClosed ? 50 : 10 + comments.length),
    closedAt: isClosed ? at(number, 50) : null,
    closedBy: isClosed ? owner : null,
  };
}

/** GitHub's times have no fraction of a second. */
function at(hours: number, minutes = 0): string {
  return new Date(START + hours * HOUR + minutes * 60_000).toISOString().replace(".000Z", "Z");
}
