import { describe, expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };
const LINE = { path: "docs/topic-16.md", line: 1, body: "Which topic?" };

interface Review {
  id: number;
  state: string;
  author?: string;
  body?: string;
}
interface Comment {
  id: number;
  body: string;
  in_reply_to?: number;
}

/** Grace opened these pull requests, so Ada may review them. */
const { call, refusal } = githubService();
const pull = (number: number) => ({ ...ORCHARD, number });
const reviews = async (number: number) =>
  (await call<{ reviews: Review[] }>("list_pull_request_reviews", pull(number))).reviews;
const comments = async (number: number) =>
  (await call<{ comments: Comment[] }>("list_review_comments", pull(number))).comments;
const review = (number: number, args: object) =>
  call<Review>("create_pull_request_review", { ...pull(number), ...args });

test("create_pull_request_review: approves, or requests changes with comments on lines", async () => {
  expect(await review(16, { event: "APPROVE" })).toMatchObject({ state: "APPROVED", author: "ada" });
  await review(16, { event: "REQUEST_CHANGES", body: "Not yet", comments: [LINE] });
  expect((await reviews(16)).map(({ state }) => state)).toEqual(["APPROVED", "CHANGES_REQUESTED"]);
  expect(await comments(16)).toMatchObject([{ ...LINE, side: "RIGHT", author: "ada" }]);
  const mute = { ...pull(16), event: "COMMENT" };
  expect(await refusal("create_pull_request_review", mute)).toBe("A review that is COMMENT needs a body or comments.");
  const elsewhere = { ...mute, comments: [{ ...LINE, path: "README.md" }] };
  expect(await refusal("create_pull_request_review", elsewhere)).toContain("Path could not be resolved");
});

test("submit_pending_review: until then nobody sees it, and there is one at a time", async () => {
  const line = { ...LINE, path: "docs/topic-32.md" };
  const { id, state } = await review(32, { comments: [line] });
  expect([state, await comments(32)]).toEqual(["PENDING", []]);
  expect(await refusal("create_pull_request_review", pull(32))).toContain("one pending review per pull request");
  const submitted = { ...pull(32), review_id: id, event: "COMMENT", body: "See the line" };
  expect(await call("submit_pending_review", submitted)).toMatchObject({ id, state: "COMMENTED" });
  expect(await reviews(32)).toMatchObject([{ id, state: "COMMENTED", body: "See the line" }]);
  expect(await comments(32)).toMatchObject([{ body: "Which topic?" }]);
  expect(await refusal("submit_pending_review", submitted)).toMatch(/^GitHub answered 422/);
});

test("delete_pending_review: says which, deletes it, and never one that was submitted", async () => {
  const { id } = await review(48, { body: "A draft" });
  const pending = { ...pull(48), review_id: id };
  expect(await call("delete_pending_review", { ...pending, dry_run: true })).toEqual({
    would: `Deletes the pending review ${id} of #48 with its comments: "A draft".`,
  });
  expect(await reviews(48)).toHaveLength(1);
  expect(await call("delete_pending_review", pending)).toEqual({ deleted: true });
  expect(await reviews(48)).toEqual([]);
  const done = await review(48, { event: "APPROVE" });
  const submitted = { ...pull(48), review_id: done.id };
  expect(await refusal("delete_pending_review", { ...submitted, dry_run: true })).toContain("The review is APPROVED");
  expect(await refusal("delete_pending_review", submitted)).toMatch(/^GitHub answered 422/);
});

test("list_pull_request_reviews: with as much of the texts as asked, page by page", async () => {
  for (const body of ["One apple", "Two apples", "Three apples"]) await review(64, { event: "COMMENT", body });
  const page = await call<{ reviews: Review[]; next_cursor: string }>("list_pull_request_reviews", {
    ...pull(64),
    ...{ limit: 2, body_length: 3 },
  });
  expect(page.reviews).toMatchObject([{ body: "One", body_truncated: true }, { body: "Two" }]);
  const rest = { ...pull(64), limit: 2, cursor: page.next_cursor };
  expect(await call("list_pull_request_reviews", rest)).toMatchObject({ reviews: [{ body: "Three apples" }] });
});

test("reply_to_review_comment: answers in the thread", async () => {
  await review(64, { event: "COMMENT", comments: [{ ...LINE, path: "docs/topic-64.md" }] });
  const [first] = await comments(64);
  const reply = await call<Comment>("reply_to_review_comment", {
    ...pull(64),
    ...{ comment_id: first!.id, body: "This one" },
  });
  expect(reply.in_reply_to).toBe(first!.id);
  expect((await comments(64)).at(-1)).toMatchObject({ id: reply.id, body: "This one", in_reply_to: first!.id });
  const lost = { ...pull(64), comment_id: 1, body: "x" };
  expect(await refusal("reply_to_review_comment", lost)).toMatch(/^GitHub answered 404/);
});

test("list_review_comments: with as much of the texts as asked", async () => {
  await review(16, { event: "COMMENT", comments: [{ ...LINE, body: "🍏🍎🍏" }] });
  const { comments: cut } = await call<{ comments: object[] }>("list_review_comments", { ...pull(16), body_length: 2 });
  expect(cut.at(-1)).toMatchObject({ body: "🍏🍎", body_truncated: true });
});

describe("requests", () => {
  const grace = githubService({ account: { login: "grace" } });

  test("request_reviewers: of people who may push, and not of the author", async () => {
    const ask = (reviewers: string[]) => call("request_reviewers", { ...pull(16), reviewers });
    expect(await ask(["ada"])).toEqual({ requested_reviewers: ["ada"], requested_teams: [] });
    expect(await call("get_pull_request", pull(16))).toMatchObject({ requested_reviewers: ["ada"] });
    const author = { ...pull(16), reviewers: ["grace"] };
    expect(await refusal("request_reviewers", author)).toContain("cannot be requested from pull request author");
  });

  test("remove_requested_reviewers: takes it back", async () => {
    await call("request_reviewers", { ...pull(32), reviewers: ["ada"] });
    const back = await call("remove_requested_reviewers", { ...pull(32), reviewers: ["ada"] });
    expect(back).toEqual({ requested_reviewers: [], requested_teams: [] });
    expect(await call("get_pull_request", pull(32))).toMatchObject({ requested_reviewers: [] });
  });

  test("nobody approves a pull request of their own", async () => {
    const own = { ...pull(16), event: "APPROVE" };
    expect(await grace.refusal("create_pull_request_review", own)).toContain("Can not approve your own pull request");
  });
});
