import { expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ISSUE = { owner: "ada", repo: "orchard", number: 7 };
const { number: _, ...ORCHARD } = ISSUE;

interface Comment {
  id: number;
  author?: string;
  body?: string;
  body_truncated?: boolean;
}
interface CommentList {
  comments: Comment[];
  next_cursor?: string;
}

const { call, refusal } = githubService();
const list = (args: object = {}) => call<CommentList>("list_issue_comments", { ...ISSUE, ...args });
const add = (body: string) => call<Comment>("add_issue_comment", { ...ISSUE, body });

test("list_issue_comments: oldest first, page by page, with as much of each as asked", async () => {
  const page = await list({ limit: 2 });
  expect(page.comments).toMatchObject([
    { author: "ada", body: "Seen here too." },
    { author: "grace", body: "Looking into it." },
  ]);
  expect((await list({ limit: 2, cursor: page.next_cursor })).comments).toHaveLength(1);
  expect((await list({ limit: 1, body_length: 4 })).comments[0]).toMatchObject({ body: "Seen", body_truncated: true });
});

test("add_issue_comment: is the last then", async () => {
  const { id } = await add("It wobbles 🍏");
  expect((await list()).comments.at(-1)).toMatchObject({ id, author: "ada", body: "It wobbles 🍏" });
  expect(await refusal("add_issue_comment", { ...ISSUE, body: "  " })).toContain("body");
});

test("get_issue_comment: the whole of a long one, in parts", async () => {
  const text = "apples ".repeat(200);
  const { id } = await add(text);
  const first = await call<{ body: string; next_body_offset: number }>("get_issue_comment", {
    ...ORCHARD,
    ...{ comment_id: id, body_length: 1000 },
  });
  const rest = { ...ORCHARD, comment_id: id, body_offset: first.next_body_offset };
  expect(first.body + (await call<Comment>("get_issue_comment", rest)).body).toBe(text.trim());
});

test("update_issue_comment: puts a new text in its place", async () => {
  const { id } = await add("Befor");
  await call("update_issue_comment", { ...ORCHARD, comment_id: id, body: "After" });
  expect(await call("get_issue_comment", { ...ORCHARD, comment_id: id })).toMatchObject({ body: "After" });
});

test("delete_issue_comment: says which, and deletes it", async () => {
  const { id } = await add("Away with it");
  const comment = { ...ORCHARD, comment_id: id };
  const { would } = await call<{ would: string }>("delete_issue_comment", { ...comment, dry_run: true });
  expect(would).toMatch(/^Deletes the comment of ada from .*#issuecomment-\d+: "Away with it"\.$/);
  expect((await list()).comments.map((each) => each.id)).toContain(id);
  expect(await call("delete_issue_comment", comment)).toEqual({ deleted: true });
  expect((await list()).comments.map((each) => each.id)).not.toContain(id);
  expect(await refusal("get_issue_comment", comment)).toMatch(/^GitHub answered 404/);
});
