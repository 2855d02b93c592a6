import { afterEach, describe, expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

interface Discussions {
  discussions: { number: number; body?: string }[];
  total_count: number;
  next_cursor?: string;
}
interface Comments {
  comments: { id: string; body: string; replies: { body: string }[] }[];
  total_count: number;
  next_cursor?: string;
}

const orchard = { owner: "ada", repo: "orchard" };

describe("in the name of ada", () => {
  const { harness, call, refusal } = githubService();
  afterEach(() => {
    harness().faults.clear();
    harness().arrived.length = 0;
  });
  const list = (args: object = {}) => call<Discussions>("list_discussions", { ...orchard, ...args });
  const numbers = async (args: object = {}) => (await list(args)).discussions.map(({ number }) => number);
  const comments = (args: object) => call<Comments>("get_discussion_comments", { ...orchard, ...args });

  test("list_discussion_categories: lists the categories by pages", async () => {
    const first = await call<{ next_cursor: string }>("list_discussion_categories", { ...orchard, limit: 2 });
    expect(first).toMatchObject({
      categories: [
        { slug: "announcements", name: "Announcements", description: "News", answerable: false },
        { slug: "q-a", answerable: true },
      ],
    });
    const rest = await call("list_discussion_categories", { ...orchard, limit: 2, cursor: first.next_cursor });
    expect(rest).toEqual({ categories: [{ slug: "ideas", name: "Ideas", answerable: false }] });
  });

  test("list_discussions: goes on by its cursor, sorts and selects", async () => {
    const first = await list({ limit: 4, body_length: 15 });
    expect(first).toMatchObject({ total_count: 7 });
    expect(first.discussions[0]).toMatchObject({
      ...{ number: 207, category: "q-a", author: "ada", state: "open", answered: true, comments: 6 },
      ...{ body: "Counting 果樹園 🍎.", body_truncated: true },
      url: "https://github.com/ada/orchard/discussions/207",
    });
    expect(await numbers({ limit: 4, cursor: first.next_cursor })).toEqual([203, 202, 201]);
    expect(await numbers({ sort: "created", direction: "asc", limit: 2 })).toEqual([201, 202]);
    expect(await numbers({ category: "ideas" })).toEqual([206, 204, 202]);
    expect(await numbers({ state: "closed" })).toEqual([202]);
    expect(await numbers({ answered: true })).toEqual([207, 205]);
    const unknown = await refusal("list_discussions", { ...orchard, category: "pears" });
    expect(unknown).toBe("There is no category pears. There are announcements, q-a, ideas.");
  });

  test("get_discussion: reads the text in parts, and the answer", async () => {
    const first = await call<{ body: string; next_body_offset: number }>("get_discussion", { ...orchard, number: 207 });
    expect(first).toMatchObject({
      title: "How many apples has row 6?",
      answer: { author: "grace", body: "Answer 2 🍏" },
    });
    let read = first.body;
    let offset: number | undefined = first.next_body_offset;
    while (offset !== undefined) {
      const args = { ...orchard, number: 207, body_offset: offset };
      const part: { body: string; next_body_offset?: number } = await call("get_discussion", args);
      read += part.body;
      offset = part.next_body_offset;
    }
    expect(read).toBe("Counting 果樹園 🍎.\n".repeat(3000));
    expect(await call("get_discussion", { ...orchard, number: 201 })).not.toHaveProperty("answer");
  });

  test("get_discussion: GitHub's errors, which come with 200, tell what to do", async () => {
    const missing = await refusal("get_discussion", { ...orchard, number: 999 });
    expect(missing).toMatch(
      /^GitHub answered with an error: Could not resolve to a Discussion with the number of 999\. It does not exist/,
    );
    expect(await refusal("get_discussion", { owner: "ada", repo: "nothing", number: 1 })).toContain("ada/nothing");
  });

  test("get_discussion_comments: reads comments with their replies by pages", async () => {
    const first = await comments({ number: 207, limit: 4, body_length: 6 });
    expect(first).toMatchObject({ total_count: 6 });
    expect(first.comments[0]).toMatchObject({ body: "Answer", replies: [{ author: "ada", body: "Thank " }] });
    expect(first.comments[1]).toMatchObject({ id: "DC_207_2", answer: true, replies: [] });
    const rest = await comments({ number: 207, limit: 4, cursor: first.next_cursor });
    expect(rest.comments.map(({ body }) => body)).toEqual(["Answer 5 🍏", "Answer 6 🍏"]);
    expect(rest).not.toHaveProperty("next_cursor");
  });

  test("get_discussion_comments: reads all replies to a comment, and long texts in parts", async () => {
    const replies = { number: 207, replies_to: "DC_207_1", body_offset: 6, body_length: 3 };
    expect(await comments(replies)).toMatchObject({ comments: [{ body: "you", next_body_offset: 9 }], total_count: 1 });
    const lost = await refusal("get_discussion_comments", { ...orchard, number: 207, replies_to: "DC_none" });
    expect(lost).toContain("Could not resolve to a node");
  });

  test("create_discussion: starts one that list_discussions finds first", async () => {
    const args = { ...orchard, category: "ideas", title: "Count pears", body: "They are apples too." };
    const { number, url } = await call<{ number: number; url: string }>("create_discussion", args);
    expect(url).toBe(`https://github.com/ada/orchard/discussions/${number}`);
    expect((await list({ limit: 1 })).discussions[0]).toMatchObject({
      number,
      title: "Count pears",
      category: "ideas",
    });
    expect(await call("get_discussion", { ...orchard, number })).toMatchObject({ body: "They are apples too." });
  });

  test("create_discussion: a request that failed is not tried again, as it may be half done", async () => {
    const before = (await list()).total_count;
    harness().arrived.length = 0;
    harness().faults.set({ failNext: { status: 502, times: 1 } });
    const args = { ...orchard, category: "ideas", title: "Twice", body: "?" };
    expect(await refusal("create_discussion", args)).toMatch(/^GitHub answered 502/);
    expect(harness().arrived).toHaveLength(1);
    expect((await list()).total_count).toBe(before);
  });

  test("add_discussion_comment: writes a comment and a reply to it", async () => {
    const args = { ...orchard, number: 201 };
    const { id } = await call<{ id: string }>("add_discussion_comment", { ...args, body: "Seven." });
    await call("add_discussion_comment", { ...args, body: "Eight.", reply_to: id });
    expect((await comments(args)).comments).toMatchObject([{ id, body: "Seven.", replies: [{ body: "Eight." }] }]);
    const lost = await refusal("add_discussion_comment", { ...args, body: "?", reply_to: "DC_none" });
    expect(lost).toContain("Could not resolve to a node with the global id of 'DC_none'");
  });
});

describe("with a token that may only read", () => {
  const { refusal } = githubService({ account: { login: "ada", scopes: ["read:user"] } });

  test("create_discussion: the model learns that the connection may not", async () => {
    const args = { ...orchard, category: "ideas", title: "Count pears", body: "?" };
    const said = await refusal("create_discussion", args);
    expect(said).toMatch(/^GitHub answered with an error: Your token has not been granted the required scopes/);
    expect(said).toContain("The connected account may not do this");
  });
});
