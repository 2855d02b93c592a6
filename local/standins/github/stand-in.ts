import { type Context, Hono } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import type { StatusCode } from "hono/utils/http-status";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import {
  type Access,
  acceptedScopes,
  accessReader,
  demand,
  mayPush,
  maySee,
  type Permissions,
  type TokenSource,
} from "./access.ts";
import { contentsForm, contentsOf } from "./contents.ts";
import { faultResponse, GithubError, githubErrorResponse, validationFailed } from "./error.ts";
import { applyEdit, bodyOf, commentCreate, issueCreate, issueUpdate, newIssue } from "./issue-edit.ts";
import { selectIssues } from "./issue-list.ts";
import type { Issue, Repository } from "./model.ts";
import { pageOf } from "./page.ts";
import { personOf } from "./people.ts";
import { RateLimits } from "./rate-limit.ts";
import { resources } from "./resources.ts";
import { isSame, openGithubStore } from "./store.ts";

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

type Env = { Variables: { access: Access; base: string } };
type Call = Context<Env>;

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
  const limits = new RateLimits(options.rateLimit ?? 5000, now);
  const readAccess = accessReader(options);

  const app = new Hono<Env>({ getPath: (request) => new URL(request.url).pathname.slice(baseLength(request) ?? 0) });

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

  const repositoryOf = (c: Call, what?: keyof Permissions, level: "read" | "write" = "read"): Repository => {
    const { owner, repo } = c.req.param() as Record<string, string>;
    const repository = store.repository(owner!, repo!);
    const access = c.get("access");
    if (!repository) throw new GithubError(404, "Not Found");
    // Told whether it is enough or not, so that who is refused learns what is missing.
    if (access.scopes) c.header("x-accepted-oauth-scopes", acceptedScopes(repository, level).join(", "));
    else c.header("x-accepted-github-permissions", what ? `${what}=${level}` : "metadata=read");
    if (!maySee(access, repository)) throw new GithubError(404, "Not Found");
    if (what) demand(access, repository, what, level);
    return repository;
  };

  const issueOf = (c: Call, level: "read" | "write" = "read"): { repository: Repository; issue: Issue } => {
    const repository = repositoryOf(c, "issues", level);
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue) throw new GithubError(404, "Not Found");
    return { repository, issue };
  };

  const as = (c: Call) => resources(c.get("base"));
  const ownedBy = (login: string) => store.repositories().filter((each) => isSame(each.owner, login));
  const time = () => `${new Date(now()).toISOString().slice(0, 19)}Z`;
  const editor = (c: Call) => ({ login: personOf(c.get("access").login).login, at: time(), nextId: store.nextId });
  const paged = <T>(c: Call, all: T[], toItem: (each: T) => object) => {
    const { items, headers } = pageOf(new URL(c.req.url), all);
    return c.json(items.map(toItem), 200, headers);
  };

  app.get("/rate_limit", (c) => {
    const { limit, remaining, used, reset } = limits.of(c.get("access").login);
    const core = { limit, used, remaining, reset };
    return c.json({ resources: { core, search: { limit: 30, used: 0, remaining: 30, reset } }, rate: core });
  });

  app.get("/user", (c) => {
    const { login, scopes } = c.get("access");
    const person = personOf(login);
    const mayReadAll = !scopes || scopes.some((scope) => scope === "user" || scope === "read:user");
    return c.json(as(c)[mayReadAll ? "privateUser" : "publicUser"](person, ownedBy(person.login)));
  });

  app.get("/user/repos", (c) => {
    const { login } = c.get("access");
    const mine = store.repositories().filter((each) => mayPush(login, each) && maySee(c.get("access"), each));
    const visibility = c.req.query("visibility") ?? "all";
    if (!["all", "public", "private"].includes(visibility)) {
      throw validationFailed({ resource: "Repository", field: "visibility", code: "invalid" });
    }
    const wanted = mine.filter((each) => visibility === "all" || each.private === (visibility === "private"));
    wanted.sort((a, b) => (`${a.owner}/${a.name}` < `${b.owner}/${b.name}` ? -1 : 1));
    return paged(c, wanted, (each) => as(c).repository(each, c.get("access")));
  });

  app.get("/users/:login", (c) => {
    const person = personOf(c.req.param("login"));
    if (person.name === null) throw new GithubError(404, "Not Found");
    return c.json(as(c).publicUser(person, ownedBy(person.login)));
  });

  app.get("/repos/:owner/:repo", (c) => {
    const repository = repositoryOf(c);
    return c.json({ ...as(c).repository(repository, c.get("access")), network_count: 0, subscribers_count: 1 });
  });

  app.get("/repos/:owner/:repo/labels", (c) => {
    const repository = repositoryOf(c, "issues");
    return paged(c, repository.labels, (label) => as(c).label(repository, label));
  });

  app.get("/repos/:owner/:repo/issues", (c) => {
    const repository = repositoryOf(c, "issues");
    const issues = selectIssues(repository.issues, new URL(c.req.url).searchParams);
    return paged(c, issues, (issue) => as(c).issue(repository, issue));
  });

  app.post("/repos/:owner/:repo/issues", async (c) => {
    const repository = repositoryOf(c, "issues", "write");
    const issue = newIssue(repository, await bodyOf(c.req, issueCreate), editor(c));
    repository.issues.push(issue);
    store.save();
    const body = as(c).issue(repository, issue);
    return c.json(body, 201, { location: body.url });
  });

  app.get("/repos/:owner/:repo/issues/:number", (c) => {
    const { repository, issue } = issueOf(c);
    return c.json(as(c).issue(repository, issue));
  });

  app.patch("/repos/:owner/:repo/issues/:number", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { login } = c.get("access");
    if (!mayPush(login, repository) && !isSame(login, issue.author)) {
      throw new GithubError(403, "Must have admin rights to Repository.");
    }
    applyEdit(repository, issue, await bodyOf(c.req, issueUpdate), editor(c));
    store.save();
    return c.json(as(c).issue(repository, issue));
  });

  app.get("/repos/:owner/:repo/issues/:number/comments", (c) => {
    const { repository, issue } = issueOf(c);
    return paged(c, issue.comments, (comment) => as(c).comment(repository, issue, comment));
  });

  app.post("/repos/:owner/:repo/issues/:number/comments", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { body } = await bodyOf(c.req, commentCreate);
    if (body.trim() === "") throw validationFailed({ resource: "IssueComment", field: "body", code: "missing_field" });
    const { login, at, nextId } = editor(c);
    const comment = { id: nextId(), author: login, body, createdAt: at, updatedAt: at };
    issue.comments.push(comment);
    issue.updatedAt = at;
    store.save();
    return c.json(as(c).comment(repository, issue, comment), 201);
  });

  const contents = (c: Call) => {
    const repository = repositoryOf(c, "contents");
    const form = contentsForm(c.req.header("accept"));
    const path = (c.req.param("path") ?? "").replace(/^\/+|\/+$/g, "");
    const found = contentsOf(c.get("base"), repository, c.req.query("ref"), path, form);
    if (!Buffer.isBuffer(found)) return c.json(found);
    return c.body(new Uint8Array(found), 200, { "content-type": "application/vnd.github.raw+json; charset=utf-8" });
  };
  app.get("/repos/:owner/:repo/contents", contents);
  app.get("/repos/:owner/:repo/contents/:path{.*}", contents);

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
