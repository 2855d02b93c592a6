import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

interface Notifications {
  notifications: { thread_id: string; unread: boolean }[];
  next_cursor?: string;
}

const { call, refusal } = githubService();
const list = (args: object = {}) => call<Notifications>("list_notifications", { ...args });
const ids = async (args: object = {}) => (await list(args)).notifications.map(({ thread_id }) => thread_id);
/** What each action leads to. */
const STATES = [
  ["watch", "watching"],
  ["ignore", "ignored"],
  ["delete", "default"],
] as const;
const orchard = { owner: "ada", repo: "orchard" };

test("list_notifications: lists what is unread, by pages and by what is asked for", async () => {
  const { notifications, next_cursor } = await list({ limit: 2 });
  expect(notifications).toEqual([
    {
      ...{ thread_id: "306", repository: "ada/orchard", type: "Issue", title: "Count the apples of row 6", number: 6 },
      ...{ reason: "mention", unread: true, updated_at: "2026-02-06T10:00:00Z" },
    },
    expect.objectContaining({ thread_id: "305" }),
  ]);
  expect(await ids({ limit: 2, cursor: next_cursor })).toEqual(["304", "303"]);
  expect(await ids({ include_read: true })).toEqual(["306", "305", "304", "303", "302", "301"]);
  expect(await ids({ participating: true })).toEqual(["306", "304"]);
  expect(await ids({ repository: { owner: "ada", repo: "ledger" } })).toEqual(["301"]);
  expect(await ids({ since: "2026-02-03T12:00:00Z", before: "2026-02-05T12:00:00Z" })).toEqual(["305", "304"]);
});

test("get_notification_details: tells what a notification is about", async () => {
  expect(await call("get_notification_details", { thread_id: "302" })).toMatchObject({
    ...{ thread_id: "302", unread: false, last_read_at: "2026-02-02T11:00:00Z" },
    url: expect.stringMatching(/\/repos\/ada\/orchard\/issues\/2$/),
  });
  expect(await refusal("get_notification_details", { thread_id: "999" })).toMatch(/^GitHub answered 404/);
});

test("dismiss_notification: marks it as read, or takes it out of the inbox", async () => {
  await call("dismiss_notification", { thread_id: "306" });
  expect(await ids()).not.toContain("306");
  expect(await ids({ include_read: true })).toContain("306");
  await call("dismiss_notification", { thread_id: "306", state: "done" });
  expect(await ids({ include_read: true })).not.toContain("306");
});

test("mark_all_notifications_read: marks those of a repository, up to a time, or all", async () => {
  await call("mark_all_notifications_read", { repository: orchard, last_read_at: "2026-02-04T12:00:00Z" });
  expect(await ids()).toEqual(["305", "301"]);
  await call("mark_all_notifications_read");
  expect(await ids()).toEqual([]);
});

test("manage_notification_subscription: follows, ignores and leaves a thread", async () => {
  const manage = (action: string) => call("manage_notification_subscription", { thread_id: "305", action });
  const state = async () =>
    (await call<{ subscription: string }>("get_notification_details", { thread_id: "305" })).subscription;
  for (const [action, then] of STATES) {
    expect(await manage(action)).toEqual({ state: then });
    expect(await state()).toBe(then);
  }
});

test("get_repository_notification_subscription: tells what is set, and that a repository is not there", async () => {
  expect(await call("get_repository_notification_subscription", orchard)).toEqual({ state: "default" });
  const missing = { owner: "ada", repo: "nothing" };
  expect(await refusal("get_repository_notification_subscription", missing)).toMatch(/^GitHub answered 404/);
});

test("manage_repository_notification_subscription: watches, ignores and leaves a repository", async () => {
  const manage = (action: string) => call("manage_repository_notification_subscription", { ...orchard, action });
  for (const [action, then] of STATES) {
    expect(await manage(action)).toEqual({ state: then });
    expect(await call("get_repository_notification_subscription", orchard)).toEqual({ state: then });
  }
});
