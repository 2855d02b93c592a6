import { z } from "zod";
import type { AddRoutes, Call } from "./context.ts";
import { demandScope } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import { type NotificationsState, type Subscription, seedNotifications, type Thread } from "./notifications-state.ts";
import { personOf } from "./people.ts";

const readUntil = z.object({ last_read_at: z.string().optional(), read: z.boolean().optional() });
const threadSubscription = z.object({ ignored: z.boolean().default(false) });
const repositorySubscription = z.object({ subscribed: z.boolean().optional(), ignored: z.boolean().optional() });

/** https://docs.github.com/en/rest/activity */
export const addNotificationRoutes: AddRoutes = (app, { store, as, time, paged, repositoryOf }) => {
  const mine = (c: Call): NotificationsState => {
    demandScope(c, "notifications", "repo");
    const all = store.area("notifications", seedNotifications);
    const { login } = personOf(c.get("access").login);
    all[login] ??= { threads: [], repositories: {} };
    return all[login];
  };

  const threadOf = (c: Call): Thread => {
    const thread = mine(c).threads.find((each) => each.id === c.req.param("thread"));
    if (!thread) throw new GithubError(404, "Not Found");
    return thread;
  };

  const resource = (c: Call, each: Thread) => {
    const [owner, name] = each.repository.split("/");
    const { permissions: _, ...repository } = as(c).repository(store.repository(owner!, name!)!, c.get("access"));
    const url = `${c.get("base")}/repos/${each.repository}/issues/${each.number}`;
    return described("thread", {
      ...{ id: each.id, reason: each.reason, unread: each.unread, updated_at: each.updatedAt },
      last_read_at: each.lastReadAt,
      subject: { title: each.title, type: each.type, url, latest_comment_url: url },
      repository: described("minimal-repository", repository),
      url: `${c.get("base")}/notifications/threads/${each.id}`,
    });
  };

  const list = (c: Call, of: (each: Thread) => boolean) => {
    const { all, participating, since, before } = c.req.query();
    const found = mine(c).threads.filter(
      (each) =>
        of(each) &&
        (all === "true" || each.unread) &&
        (participating !== "true" || each.reason !== "subscribed") &&
        (!since || each.updatedAt > since) &&
        (!before || each.updatedAt < before),
    );
    return paged(c, found, (each) => resource(c, each));
  };

  const markRead = async (c: Call, of: (each: Thread) => boolean) => {
    const { last_read_at = time() } = await bodyOf(c.req, readUntil);
    for (const each of mine(c).threads) {
      if (of(each) && each.updatedAt <= last_read_at) Object.assign(each, { unread: false, lastReadAt: last_read_at });
    }
    store.save();
    return c.body(null, 205);
  };

  const inRepository = (c: Call) => {
    const { owner, name } = repositoryOf(c);
    return (each: Thread) => each.repository === `${owner}/${name}`;
  };

  app.get("/notifications", (c) => list(c, () => true));
  app.put("/notifications", (c) => markRead(c, () => true));
  app.get("/repos/:owner/:repo/notifications", (c) => list(c, inRepository(c)));
  app.put("/repos/:owner/:repo/notifications", (c) => markRead(c, inRepository(c)));

  const thread = "/notifications/threads/:thread";
  app.get(thread, (c) => c.json(resource(c, threadOf(c))));

  app.patch(thread, (c) => {
    Object.assign(threadOf(c), { unread: false, lastReadAt: time() });
    store.save();
    return c.body(null, 205);
  });

  app.delete(thread, (c) => {
    const state = mine(c);
    const done = threadOf(c);
    state.threads = state.threads.filter((each) => each !== done);
    store.save();
    return c.body(null, 204);
  });

  const subscription = (state: Subscription) => ({
    ...{ subscribed: state === "subscribed", ignored: state === "ignored", reason: null },
    created_at: time(),
  });

  app.put(`${thread}/subscription`, async (c) => {
    const found = threadOf(c);
    const { ignored } = await bodyOf(c.req, threadSubscription);
    found.subscription = ignored ? "ignored" : "subscribed";
    store.save();
    return c.json({ ...subscription(found.subscription), url: `${c.get("base")}${c.req.path}` });
  });

  app.delete(`${thread}/subscription`, (c) => {
    const found = threadOf(c);
    delete found.subscription;
    store.save();
    return c.body(null, 204);
  });

  app.get(`${thread}/subscription`, (c) => {
    const { subscription: state } = threadOf(c);
    if (!state) throw new GithubError(404, "Not Found");
    return c.json({ ...subscription(state), url: `${c.get("base")}${c.req.path}` });
  });

  const repository = "/repos/:owner/:repo/subscription";
  const repositoryState = (c: Call, state: Subscription) => {
    const url = `${c.get("base")}${c.req.path}`;
    return { ...subscription(state), url, repository_url: url.replace(/\/subscription$/, "") };
  };
  const fullName = (c: Call) => {
    const { owner, name } = repositoryOf(c);
    return `${owner}/${name}`;
  };

  app.get(repository, (c) => {
    const state = mine(c).repositories[fullName(c)];
    if (!state) throw new GithubError(404, "Not Found");
    return c.json(repositoryState(c, state));
  });

  app.put(repository, async (c) => {
    const name = fullName(c);
    const { ignored } = await bodyOf(c.req, repositorySubscription);
    const state = ignored ? "ignored" : "subscribed";
    mine(c).repositories[name] = state;
    store.save();
    return c.json(repositoryState(c, state));
  });

  app.delete(repository, (c) => {
    delete mine(c).repositories[fullName(c)];
    store.save();
    return c.body(null, 204);
  });
};
