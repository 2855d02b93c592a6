import { Hono } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import type { StatusCode } from "hono/utils/http-status";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { accessReader, type TokenSource } from "./access.ts";
import { addAccountRoutes } from "./account.ts";
import { addActionRoutes } from "./actions.ts";
import { addAdvisoryRoutes } from "./advisories.ts";
import { addAlertRoutes } from "./alerts.ts";
import { addCommitRoutes } from "./commits.ts";
import { addContentsRoutes } from "./contents-routes.ts";
import { type AddRoutes, type GithubApp, githubContext } from "./context.ts";
import { addDiscussionRoutes } from "./discussions.ts";
import { faultResponse, GithubError, githubErrorResponse } from "./error.ts";
import { addGistRoutes } from "./gists.ts";
import { addGitDataRoutes } from "./git-data.ts";
import { addIssueRoutes } from "./issues.ts";
import { addLabelRoutes } from "./labels.ts";
import { addNotificationRoutes } from "./notifications.ts";
import { addOrgRoutes } from "./orgs.ts";
import { personOf } from "./people.ts";
import { addProjectRoutes } from "./projects.ts";
import { addPullRoutes } from "./pulls.ts";
import { RateLimits } from "./rate-limit.ts";
import { addReleaseRoutes } from "./releases.ts";
import { addRepositoryRoutes } from "./repositories.ts";
import { addReviewRoutes } from "./reviews.ts";
import { addSearchRoutes } from "./search.ts";
import { addStarRoutes } from "./stars.ts";
import { addStorage } from "./storage.ts";
import { openGithubStore } from "./store.ts";
import { addSubIssueRoutes } from "./sub-issues.ts";

export interface GithubStandInOptions extends TokenSource {
  /** Directory in which the state is kept; without one, it is gone with the process. */
  stateDir?: string;
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
  /** Requests that each person may make in an hour; default 5000, as on GitHub. */
  rateLimit?: number;
  /** Milliseconds since 1970; default the system's clock. */
  now?: () => number;
}

/** The API, area by area. */
const areas: AddRoutes[] = [
  // First: it answers a part of the search, and leaves the rest to others.
  addOrgRoutes,
  addAccountRoutes,
  addRepositoryRoutes,
  addIssueRoutes,
  addContentsRoutes,
  addActionRoutes,
  addNotificationRoutes,
  addReleaseRoutes,
  addGistRoutes,
  addAlertRoutes,
  addAdvisoryRoutes,
  addProjectRoutes,
  addDiscussionRoutes,
  addSubIssueRoutes,
  addLabelRoutes,
  addCommitRoutes,
  addGitDataRoutes,
  addPullRoutes,
  addReviewRoutes,
  addSearchRoutes,
  addStarRoutes,
];

/**
 * A stateful stand-in of the GitHub REST API (https://docs.github.com/en/rest; base path `…/api` below wherever it is
 * mounted), seeded with two people, a public and a private repository. What it does not have is answered 404 and
 * logged. Unlike GitHub it asks for a token for everything.
 * @returns `handler` answers requests; `faults` makes it fail on purpose (also over HTTP, at `…/_control`): a 403 or 429
 *   is a secondary rate limit
 * @throws {Error} when the state file cannot be read
 */
export function createGithubStandIn(options: GithubStandInOptions): { handler: Handler; faults: Faults } {
  const now = options.now ?? Date.now;
  const store = openGithubStore(options.stateDir);
  const context = githubContext(store, now);
  const limits = new RateLimits(options.rateLimit ?? 5000, now);
  const readAccess = accessReader(options);

  const app: GithubApp = new Hono({
    getPath: (request) => new URL(request.url).pathname.slice(baseLength(request) ?? 0),
  });

  addStorage(app);
  app.use(async (c, next) => {
    const url = new URL(c.req.url);
    const length = baseLength(c.req.raw);
    if (length === undefined) return c.notFound();
    if (!c.req.header("user-agent")) {
      // Workers send none by themselves, so this is how a forgotten one shows.
      throw new GithubError(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
      );
    }
    c.set("base", url.origin + url.pathname.slice(0, length));
    const access = await readAccess(c.req.header("authorization"));
    c.set("access", access);

    const { login } = access;
    const counts = c.req.path !== "/rate_limit";
    if (counts && !limits.take(login)) {
      const message = `API rate limit exceeded for user ID ${personOf(login).id}.`;
      c.res = githubErrorResponse(new GithubError(403, message));
    } else {
      await next();
      if (counts && c.res.status === 304) limits.giveBack(login);
    }
    const { limit, remaining, used, reset } = limits.of(login);
    const headers = { limit, remaining, used, reset, resource: "core" };
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(`x-ratelimit-${name}`, String(value));
    c.res.headers.set("x-github-api-version-selected", "2022-11-28");
    c.res.headers.set("x-github-media-type", "github.v3; format=json");
    if (access.scopes) c.res.headers.set("x-oauth-scopes", access.scopes.join(", "));
  });

  app.use(
    etag({
      weak: true,
      retainedHeaders: [...RETAINED_304_HEADERS, "link", "x-accepted-oauth-scopes", "x-accepted-github-permissions"],
    }),
  );

  app.get("/rate_limit", (c) => {
    const { limit, remaining, used, reset } = limits.of(c.get("access").login);
    const core = { limit, used, remaining, reset };
    return c.json({ resources: { core, search: { limit: 30, used: 0, remaining: 30, reset } }, rate: core });
  });

  for (const addRoutes of areas) addRoutes(app, context);

  app.notFound((c) => {
    options.log(`GitHub stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return githubErrorResponse(new GithubError(404, "Not Found"));
  });

  app.onError((error, c) => {
    const known = error instanceof GithubError;
    if (!known) options.log(`GitHub stand-in: ${error.message}`);
    const { body, status, headers } = githubErrorResponse(known ? error : new GithubError(500, "Server Error"));
    // Together with what the call had set before it failed, e.g. which scopes would have done.
    return c.newResponse(body, { status: status as StatusCode, headers });
  });

  return withFaults(async (request) => app.fetch(request), faultResponse);
}

/** How much of the path belongs to the API's base URL. */
function baseLength(request: Request): number | undefined {
  const found = /^.*?\/api(?=\/|$)/.exec(new URL(request.url).pathname);
  return found?.[0].length;
}
