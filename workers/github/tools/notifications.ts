import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { timeInput } from "./id-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const toolset = "notifications";

const threadInput = {
  thread_id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, "must be the id of a notification")
    .describe("Id of the notification, of list_notifications"),
};

const notification = z.object({
  thread_id: z.string(),
  repository: z.string(),
  type: z.string().describe('What it is about: "Issue", "PullRequest", "Release" …'),
  title: z.string(),
  number: z.int().optional().describe("Of an issue or pull request"),
  reason: z.string().describe('Why the person is told: "mention", "assign", "review_requested" …'),
  unread: z.boolean(),
  updated_at: z.string(),
  last_read_at: z.string().optional(),
});

function notificationOf(thread: components["schemas"]["thread"]): z.input<typeof notification> {
  const number = /\/(?:issues|pulls)\/(\d+)$/.exec(thread.subject.url ?? "")?.[1];
  return {
    thread_id: thread.id,
    repository: thread.repository.full_name,
    type: thread.subject.type,
    title: thread.subject.title,
    number: number === undefined ? undefined : Number(number),
    reason: thread.reason,
    unread: thread.unread,
    updated_at: thread.updated_at,
    last_read_at: thread.last_read_at ?? undefined,
  };
}

const { owner, repo } = repositoryInput;
const optionalRepository = {
  repository: z
    .strictObject({ owner, repo })
    .optional()
    .describe("Only those of this repository; of all when left out"),
};

export const listNotifications = defineTool({
  name: "list_notifications",
  title: "List notifications",
  description:
    "Lists the person's unread GitHub notifications, newest first: what they are about and why the person is told.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...optionalRepository,
    include_read: z.boolean().default(false).describe("Those that are read already, too"),
    participating: z.boolean().default(false).describe("Only where the person takes part or is mentioned"),
    since: timeInput("Only what was updated after this time"),
    before: timeInput("Only what was updated before this time"),
    ...numberedPageInput,
    limit: z.int().min(1).max(50).default(30).describe("How many at most"),
  }),
  output: z.object({ notifications: z.array(notification), ...pageOutput }),
  async run({ repository, include_read, limit, cursor, ...filters }, { upstream, signal }) {
    const query = { all: include_read, ...filters };
    const page = { limit, cursor };
    const { data, nextCursor } = repository
      ? await upstream.page("GET /repos/{owner}/{repo}/notifications", { ...repository, ...query }, page, signal)
      : await upstream.page("GET /notifications", query, page, signal);
    return { notifications: data.map(notificationOf), next_cursor: nextCursor };
  },
});

const subscriptionState = z.enum(["watching", "ignored", "default"]);
const subscription = z.object({ state: subscriptionState });

interface Subscription {
  ignored: boolean;
}

function stateOf({ ignored }: Subscription): z.output<typeof subscriptionState> {
  return ignored ? "ignored" : "watching";
}

/** Where nobody has chosen anything, GitHub answers 404: to be asked of what is known to be there. */
async function stateIn(asked: Promise<Subscription>): Promise<z.output<typeof subscriptionState>> {
  try {
    return stateOf(await asked);
  } catch (error) {
    if (error instanceof UpstreamError && error.status === 404) return "default";
    throw error;
  }
}

export const getNotificationDetails = defineTool({
  name: "get_notification_details",
  title: "Get a notification",
  description:
    "Tells what one notification is about, and whether the person is subscribed to its thread. What was written there: the tools of issues and pull requests.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(threadInput),
  output: notification.extend({
    url: z.string().describe("Of what it is about, in the API"),
    latest_comment_url: z.string().optional(),
    subscription: subscriptionState.describe(
      "Whether the person is told of all that happens there, of nothing, or neither",
    ),
  }),
  async run({ thread_id }, { upstream, signal }) {
    const route = "GET /notifications/threads/{thread_id}";
    // The path's parameter is a number by the description, the field an id in digits.
    const name = { thread_id: Number(thread_id) };
    const thread = await upstream.request(route, name, signal);
    return {
      ...notificationOf(thread),
      url: thread.subject.url ?? "",
      latest_comment_url: thread.subject.latest_comment_url ?? undefined,
      subscription: await stateIn(upstream.request(`${route}/subscription`, name, signal)),
    };
  },
});

export const dismissNotification = defineTool({
  name: "dismiss_notification",
  title: "Dismiss a notification",
  description: "Marks one notification as read, or as done, which takes it out of the person's inbox.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...threadInput,
    state: z.enum(["read", "done"]).default("read").describe("Read stays in the inbox, done does not"),
  }),
  output: z.object({ thread_id: z.string(), state: z.enum(["read", "done"]) }),
  async run({ thread_id, state }, { upstream, signal }) {
    const name = { thread_id: Number(thread_id) };
    if (state === "done") await upstream.request("DELETE /notifications/threads/{thread_id}", name, signal);
    else await upstream.request("PATCH /notifications/threads/{thread_id}", name, signal);
    return { thread_id, state };
  },
});

export const markAllNotificationsRead = defineTool({
  name: "mark_all_notifications_read",
  title: "Mark all notifications as read",
  description:
    "Marks all of the person's notifications as read, or those of one repository. For many of them GitHub needs a while.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...optionalRepository,
    last_read_at: timeInput("Only what was updated until this time; now when left out"),
  }),
  output: z.object({ note: z.string() }),
  async run({ repository, last_read_at }, { upstream, signal }) {
    const answer = repository
      ? await upstream.request("PUT /repos/{owner}/{repo}/notifications", { ...repository, last_read_at }, signal)
      : await upstream.request("PUT /notifications", { last_read_at, read: true }, signal);
    return { note: answer?.message ?? "All notifications are marked as read." };
  },
});

export const manageNotificationSubscription = defineTool({
  name: "manage_notification_subscription",
  title: "Change the subscription to a thread",
  description:
    "Sets whether the person is told of what happens in the thread of a notification: always, never, or only when they take part or are mentioned.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...threadInput,
    action: z
      .enum(["watch", "ignore", "delete"])
      .describe("watch: of everything; ignore: of nothing; delete: until the person comments or is mentioned again"),
  }),
  output: subscription,
  async run({ thread_id, action }, { upstream, signal }) {
    const name = { thread_id: Number(thread_id) };
    if (action === "delete") {
      await upstream.request("DELETE /notifications/threads/{thread_id}/subscription", name, signal);
      return { state: "default" as const };
    }
    const route = "PUT /notifications/threads/{thread_id}/subscription";
    return { state: stateOf(await upstream.request(route, { ...name, ignored: action === "ignore" }, signal)) };
  },
});

export const getRepositoryNotificationSubscription = defineTool({
  name: "get_repository_notification_subscription",
  title: "Get the subscription to a repository",
  description: "Tells whether the person is told of everything that happens in a repository, of nothing, or neither.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(repositoryInput),
  output: subscription,
  async run(name, { upstream, signal }) {
    await upstream.request("GET /repos/{owner}/{repo}", name, signal);
    return { state: await stateIn(upstream.request("GET /repos/{owner}/{repo}/subscription", name, signal)) };
  },
});

export const manageRepositoryNotificationSubscription = defineTool({
  name: "manage_repository_notification_subscription",
  title: "Change the subscription to a repository",
  description:
    "Sets whether the person is told of what happens in a repository: of everything (watch), of nothing (ignore), or only where they take part (delete).",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...repositoryInput,
    action: z.enum(["watch", "ignore", "delete"]).describe("watch: of everything; ignore: of nothing; delete: neither"),
  }),
  output: subscription,
  async run({ action, ...name }, { upstream, signal }) {
    if (action === "delete") {
      await upstream.request("DELETE /repos/{owner}/{repo}/subscription", name, signal);
      return { state: "default" as const };
    }
    const wanted = action === "ignore" ? { ignored: true } : { subscribed: true };
    const route = "PUT /repos/{owner}/{repo}/subscription";
    return { state: stateOf(await upstream.request(route, { ...name, ...wanted }, signal)) };
  },
});

export const notificationTools = [
  listNotifications,
  getNotificationDetails,
  dismissNotification,
  markAllNotificationsRead,
  manageNotificationSubscription,
  getRepositoryNotificationSubscription,
  manageRepositoryNotificationSubscription,
];
