import type { Context, Hono } from "hono";
import { type Access, acceptedScopes, demand, mayPush, maySee, type Permissions } from "./access.ts";
import { GithubError } from "./error.ts";
import type { Editor } from "./issue-edit.ts";
import type { Repository } from "./model.ts";
import { pageOf } from "./page.ts";
import { personOf } from "./people.ts";
import { resources } from "./resources.ts";
import { type GithubStore, isSame } from "./store.ts";

type Env = { Variables: { access: Access; base: string } };

export type GithubApp = Hono<Env>;

/** A request that is being answered: `access` tells who asks, `base` is the API's base URL as the client dialled it. */
export type Call = Context<Env>;

/** What the routes of every area have in common. */
export interface GithubContext {
  store: GithubStore;
  /**
   * The repository that a path names by `:owner` and `:repo`.
   * @param what which permission of a token is needed; by default that to see the repository is enough
   * @throws {GithubError} 404 or 403, when there is none such or the token may not
   */
  repositoryOf(c: Call, what?: keyof Permissions, level?: "read" | "write"): Repository;
  /** The same, for people who may push to it. @throws {GithubError} 403 for others */
  writableRepositoryOf(c: Call, what: keyof Permissions): Repository;
  /** Makes the API's resources of what is kept. */
  as(c: Call): ReturnType<typeof resources>;
  ownedBy(login: string): Repository[];
  /** ISO 8601, without a fraction of a second. */
  time(): string;
  /** Who changes something, when, and the ids for what is new. */
  editor(c: Call): Editor;
  /** Answers with the page of a list that the query asks for. */
  paged<T>(c: Call, all: readonly T[], toItem: (each: T) => object): Response;
}

/** Adds the routes of one area of the API. */
export type AddRoutes = (app: GithubApp, context: GithubContext) => void;

/** @param now milliseconds since 1970 */
export function githubContext(store: GithubStore, now: () => number): GithubContext {
  const repositoryOf: GithubContext["repositoryOf"] = (c, what, level = "read") => {
    const { owner, repo } = c.req.param() as Record<string, string>;
    const repository = store.repository(owner!, repo!);
    const access = c.get("access");
    if (!repository) throw new GithubError(404, "Not Found");
    // Told whether it is enough or not, so that who is refused learns what is missing.
    if (access.scopes) c.header("x-accepted-oauth-scopes", acceptedScopes(repository, level).join(", "));
    else c.header("x-accepted-github-permissions", what ? `${what}=${level}` : "metadata=read");
    if (!maySee(access, repository)) throw new GithubError(404, "Not Found");
    if (what) demand(access, repository, what, level);
    if (level === "write" && repository.archived && what !== "administration") {
      throw new GithubError(403, "Repository was archived so is read-only.");
    }
    return repository;
  };
  const as = (c: Call) => resources(c.get("base"));
  const time = () => `${new Date(now()).toISOString().slice(0, 19)}Z`;
  return {
    store,
    as,
    time,
    ownedBy: (login) => store.repositories().filter((each) => isSame(each.owner, login)),
    editor: (c) => ({ login: personOf(c.get("access").login).login, at: time(), nextId: store.nextId }),
    paged(c, all, toItem) {
      const { items, headers } = pageOf(new URL(c.req.url), all);
      return c.json(items.map(toItem), 200, headers);
    },
    repositoryOf,
    writableRepositoryOf(c, what) {
      const repository = repositoryOf(c, what, "write");
      if (!mayPush(c.get("access").login, repository)) {
        throw new GithubError(403, "Must have push access to the repository.");
      }
      return repository;
    },
  };
}
