import { describe, expect, test } from "vitest";
import { SEEDED_ISSUES } from "../../../../local/standins/github/seed.ts";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

interface Issue {
  id: number;
  number: number;
  title: string;
  state: string;
  state_reason?: string;
  body?: string;
  body_truncated?: boolean;
  next_body_offset?: number;
  pull_request: boolean;
  labels: string[];
  assignees: string[];
  milestone?: string;
  locked?: boolean;
  url: string;
  note?: string;
}
interface IssueList {
  issues: Issue[];
  next_cursor?: string;
}

const { call, refusal, harness } = githubService();
const list = (args: object) => call<IssueList>("list_issues", { ...ORCHARD, state: "all", limit: 5, ...args });
const numbers = ({ issues }: IssueList) => issues.map(({ number }) => number);
const create = (args: object) => call<Issue>("create_issue", { ...ORCHARD, title: "Ladders wobble", ...args });
const get = (number: number, args: object = {}) => call<Issue>("get_issue", { ...ORCHARD, number, ...args });

describe("lists", () => {
  test("list_issues: goes through all issues by its cursor, and leaves pull requests out", async () => {
    const found: Issue[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await list({ state: "closed", limit: 7, cursor });
      found.push(...page.issues);
      cursor = page.next_cursor;
      pages++;
    } while (cursor);
    expect(pages).toBe(3);
    expect(new Set(found.map(({ number }) => number)).size).toBe(SEEDED_ISSUES.closed);

    const open = await list({ state: "open", limit: 100, labels: ["bug"] });
    expect(open.issues.some(({ pull_request }) => pull_request)).toBe(false);
    const all = await list({ state: "open", limit: 100, labels: ["bug"], include_pull_requests: true });
    expect(all.issues.filter(({ pull_request }) => pull_request)).toHaveLength(SEEDED_ISSUES.pullRequests);
  });

  test("list_issues: sorts and selects, and gives as much of the texts as asked", async () => {
    expect(numbers(await list({ direction: "asc" }))).toEqual([1, 2, 3, 4, 5]);
    expect(numbers(await list({ labels: ["bug", "help wanted"] }))).toEqual([60, 50, 40, 30, 20]);
    expect(numbers(await list({ creator: "grace", direction: "asc", limit: 3 }))).toEqual([2, 4, 6]);
    expect(numbers(await list({ assignee: "ada", direction: "asc", limit: 3 }))).toEqual([4, 8, 12]);
    const [issue] = (await list({ direction: "asc", body_length: 9 })).issues;
    expect(issue).toMatchObject({ body: "Found in ", body_truncated: true });
    expect((await list({ direction: "asc", body_length: 0 })).issues[0]).not.toHaveProperty("body");
  });

  test.each(["page=2&baseUrl=https://evil.example", "headers=x&page=2", "nonsense", "state=open", "page=0"])(
    "a cursor that list_issues did not give never reaches GitHub: %s",
    async (cursor) => {
      const before = harness().arrived.length;
      expect(await refusal("list_issues", { ...ORCHARD, cursor })).toContain("must be a next_cursor of the answer");
      expect(harness().arrived).toHaveLength(before);
    },
  );

  test("list_assignees: people to whom issues can be given", async () => {
    expect(await call("list_assignees", ORCHARD)).toEqual({ assignees: ["ada"] });
  });
});

describe("one issue", () => {
  test("get_issue: shows it, a long text in parts that are the whole", async () => {
    expect(await get(1)).toMatchObject({ number: 1, state: "open", author: "ada", url: expect.stringMatching(/1$/) });
    const text = "🍏🍎 apples ".repeat(800);
    const { number } = await create({ body: text });
    let read = "";
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const part: Issue = await get(number, { body_offset: offset, body_length: 1001 });
      expect(part.body!.length).toBeLessThanOrEqual(1001);
      expect(part.body!.isWellFormed()).toBe(true);
      read += part.body;
      offset = part.next_body_offset;
    }
    expect(read).toBe(text);
    expect(await refusal("get_issue", { ...ORCHARD, number: 9999 })).toMatch(/^GitHub answered 404/);
  });

  test("create_issue: makes an issue that list_issues finds", async () => {
    const title = "Ladders wobble in the wind";
    const created = await create({ title, body: "🍏🍎🍏🍎", labels: ["bug", "ladder"], assignees: ["ada"] });
    expect(created).toMatchObject({ state: "open", labels: ["bug", "ladder"], assignees: ["ada"] });
    expect(created).not.toHaveProperty("note");
    expect(created.url).toBe(`https://github.com/ada/orchard/issues/${created.number}`);
    const { issues } = await list({ limit: 1 });
    expect(issues[0]).toMatchObject({ number: created.number, title, body: "🍏🍎🍏🍎" });
    expect((await list({ limit: 1, body_length: 2 })).issues[0]).toMatchObject({ body: "🍏🍎", body_truncated: true });
    expect(await refusal("create_issue", { ...ORCHARD, title: "x", assignees: ["nobody"] })).toContain(
      'assignees "nobody" invalid. Correct what is named and try again.',
    );
  });

  test("update_issue: closes, opens again, changes, and leaves what is not named", async () => {
    const { number } = await create({ body: "Text", labels: ["bug"] });
    const update = (args: object) => call<Issue>("update_issue", { ...ORCHARD, number, ...args });
    expect(await update({ state: "closed", state_reason: "not_planned" })).toMatchObject({ state: "closed" });
    expect(await get(number)).toMatchObject({ state_reason: "not_planned", body: "Text", labels: ["bug"] });
    await update({ state: "open", labels: [], title: "Ladders stand" });
    expect(await get(number)).toMatchObject({ state: "open", title: "Ladders stand", labels: [], body: "Text" });
    expect(await refusal("update_issue", { ...ORCHARD, number })).toContain("name at least one thing to change");
  });

  test("lock_issue: locks and unlocks", async () => {
    const { number } = await create({});
    const locked = await call("lock_issue", { ...ORCHARD, number, reason: "resolved" });
    expect(locked).toEqual({ number, locked: true });
    expect(await get(number)).toMatchObject({ locked: true });
    await call("lock_issue", { ...ORCHARD, number, locked: false });
    expect(await get(number)).not.toHaveProperty("locked");
  });
});

describe("milestones", () => {
  test("create_milestone: makes one to which an issue can be given", async () => {
    const milestone = await call<{ number: number }>("create_milestone", {
      ...ORCHARD,
      ...{ title: "Harvest", description: "All apples", due_on: "2026-10-01T00:00:00Z" },
    });
    const { number } = await create({ milestone: milestone.number });
    expect(await get(number)).toMatchObject({ milestone: "Harvest" });
    await call("update_issue", { ...ORCHARD, number, milestone: null });
    expect(await get(number)).not.toHaveProperty("milestone");
    expect(await refusal("create_milestone", { ...ORCHARD, title: "Harvest" })).toContain("already exists");
    expect(await refusal("create_issue", { ...ORCHARD, title: "x", milestone: 99 })).toContain("milestone 99 invalid");
  });

  test("list_milestones: with the numbers of their issues", async () => {
    const { number } = await call<{ number: number }>("create_milestone", { ...ORCHARD, title: "Cider" });
    await create({ milestone: number });
    const { milestones } = await call<{ milestones: object[] }>("list_milestones", ORCHARD);
    expect(milestones).toContainEqual(expect.objectContaining({ title: "Cider", open_issues: 1, closed_issues: 0 }));
  });
});

describe("as somebody who may not push", () => {
  const grace = githubService({ account: { login: "grace" } });

  test("create_issue: says what GitHub left out", async () => {
    const wanted = { ...ORCHARD, title: "Wobbly", labels: ["bug"], assignees: ["grace"] };
    const created = await grace.call<Issue>("create_issue", wanted);
    expect(created).toMatchObject({ labels: [], assignees: [] });
    expect(created.note).toBe(
      "Created without the labels bug and assignees grace: only people who may push to the repository can set them.",
    );
  });

  test("update_issue: of somebody else is refused", async () => {
    const change = { ...ORCHARD, number: 1, state: "closed" };
    expect(await grace.refusal("update_issue", change)).toMatch(/^GitHub answered 403/);
  });
});
