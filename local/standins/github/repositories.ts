import { z } from "zod";
import { type Access, mayAdminister, mayPush, maySee } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { GitRepository } from "./git-repository.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Repository } from "./model.ts";
import { personOf } from "./people.ts";
import { defaultLabels, newRepository } from "./seed.ts";
import { isSame } from "./store.ts";

const SWITCHES = [
  ...["has_issues", "has_projects", "has_wiki", "has_discussions", "is_template", "allow_squash_merge"],
  ...["allow_merge_commit", "allow_rebase_merge", "allow_auto_merge", "delete_branch_on_merge", "allow_update_branch"],
];
/** Those that lists of repositories do not tell. */
const MERGE_SWITCHES = SWITCHES.filter((name) => /^(?:allow|delete)_/.test(name));

const common = z.looseObject({
  description: z.string().nullish(),
  homepage: z.string().nullish(),
  private: z.boolean().optional(),
});
const create = common.extend({ name: z.string(), auto_init: z.boolean().default(false) });
const update = common.extend({
  name: z.string().optional(),
  visibility: z.enum(["public", "private"]).optional(),
  default_branch: z.string().optional(),
  archived: z.boolean().optional(),
});
const fork = z.object({ name: z.string().optional(), organization: z.string().optional() });

/** https://docs.github.com/en/rest/repos/repos */
export const addRepositoryRoutes: AddRoutes = (app, context) => {
  const { store, as, paged, time, repositoryOf, writableRepositoryOf, ownedBy } = context;

  const whole = (c: Call, of: Repository) => {
    const parent = of.parent === null ? undefined : store.byId(of.parent);
    const original = parent && as(c).repository(parent, c.get("access"));
    const switched = MERGE_SWITCHES.filter((name) => of.settings[name] !== undefined);
    return {
      ...as(c).repository(of, c.get("access")),
      ...Object.fromEntries(switched.map((name) => [name, of.settings[name]])),
      ...(original && { parent: original, source: original }),
      network_count: 0,
      subscribers_count: 1,
    };
  };

  const freeName = (owner: string, name: string) => {
    const wrong = (message: string) =>
      validationFailed({ resource: "Repository", field: "name", code: "custom", message });
    if (!/^[\w.-]{1,100}$/.test(name)) throw wrong("name can only contain ASCII letters, digits, and .-_");
    if (store.repository(owner, name)) throw wrong("name already exists on this account");
    return name;
  };

  const listed = (c: Call, all: Repository[]) => {
    const key = {
      created: (each: Repository) => each.createdAt,
      updated: (each: Repository) => each.updatedAt,
      pushed: (each: Repository) => each.pushedAt,
      full_name: (each: Repository) => `${each.owner}/${each.name}`.toLowerCase(),
    }[c.req.query("sort") ?? "full_name"];
    if (!key) throw validationFailed({ resource: "Repository", field: "sort", code: "invalid" });
    const order = all.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    const isName = (c.req.query("sort") ?? "full_name") === "full_name";
    const direction = c.req.query("direction") ?? (isName ? "asc" : "desc");
    return paged(c, direction === "desc" ? order.toReversed() : order, (each) =>
      as(c).repository(each, c.get("access")),
    );
  };

  app.get("/user/repos", (c) => {
    const { login } = c.get("access");
    const mine = store.repositories().filter((each) => mayPush(login, each) && maySee(c.get("access"), each));
    const visibility = c.req.query("visibility") ?? "all";
    if (!["all", "public", "private"].includes(visibility)) {
      throw validationFailed({ resource: "Repository", field: "visibility", code: "invalid" });
    }
    return listed(
      c,
      mine.filter((each) => visibility === "all" || each.private === (visibility === "private")),
    );
  });

  // Only what is public, whoever asks.
  app.get("/users/:login/repos", (c) => {
    const person = personOf(c.req.param("login"));
    if (person.name === null) throw new GithubError(404, "Not Found");
    return listed(
      c,
      ownedBy(person.login).filter((each) => !each.private),
    );
  });

  app.post("/user/repos", async (c) => {
    const access = c.get("access");
    if (access.scopes && !access.scopes.some((scope) => scope === "repo" || scope === "public_repo")) {
      c.header("x-accepted-oauth-scopes", "public_repo, repo");
      throw new GithubError(404, "Not Found");
    }
    const body = await bodyOf(c.req, create);
    const { login } = personOf(access.login);
    const at = time();
    const repository: Repository = {
      ...newRepository(),
      id: store.nextId(),
      name: freeName(login, body.name),
      owner: login,
      private: body.private ?? false,
      description: body.description ?? null,
      homepage: body.homepage ?? null,
      language: null,
      topics: [],
      settings: switchesIn(body),
      createdAt: at,
      updatedAt: at,
      pushedAt: at,
      labels: defaultLabels(store.nextId),
      issues: [],
    };
    const git = new GitRepository();
    if (body.auto_init) {
      const readme = { type: "file", content: Buffer.from(`# ${body.name}`) } as const;
      const commit = git.commit(new Map([["README.md", readme]]), [], "Initial commit", login, at);
      git.refs.set("refs/heads/main", commit.sha);
    }
    store.add(repository, git);
    store.save();
    return c.json(whole(c, repository), 201);
  });

  app.get("/repos/:owner/:repo", (c) => c.json(whole(c, repositoryOf(c))));

  const demandAdmin = (access: Access, repository: Repository) => {
    if (!mayAdminister(access.login, repository)) throw new GithubError(403, "Must have admin rights to Repository.");
  };

  app.patch("/repos/:owner/:repo", async (c) => {
    const repository = repositoryOf(c, "administration", "write");
    demandAdmin(c.get("access"), repository);
    const body = await bodyOf(c.req, update);
    if (repository.archived && body.archived !== false) {
      throw new GithubError(403, "Repository was archived so is read-only.");
    }
    if (body.default_branch !== undefined && !store.git(repository).branch(body.default_branch)) {
      throw validationFailed({ resource: "Repository", field: "default_branch", code: "invalid" });
    }
    if (body.name !== undefined && !isSame(body.name, repository.name)) freeName(repository.owner, body.name);
    repository.name = body.name ?? repository.name;
    if (body.description !== undefined) repository.description = body.description;
    if (body.homepage !== undefined) repository.homepage = body.homepage || null;
    repository.archived = body.archived ?? repository.archived;
    repository.defaultBranch = body.default_branch ?? repository.defaultBranch;
    if (body.visibility !== undefined) repository.private = body.visibility === "private";
    repository.private = body.private ?? repository.private;
    Object.assign(repository.settings, switchesIn(body));
    repository.updatedAt = time();
    store.save();
    return c.json(whole(c, repository));
  });

  app.delete("/repos/:owner/:repo", (c) => {
    const repository = repositoryOf(c, "administration", "write");
    const access = c.get("access");
    demandAdmin(access, repository);
    if (access.scopes && !access.scopes.includes("delete_repo")) {
      c.header("x-accepted-oauth-scopes", "delete_repo");
      throw new GithubError(403, "Must have admin rights to Repository.");
    }
    store.remove(repository);
    store.save();
    return c.body(null, 204);
  });

  app.post("/repos/:owner/:repo/forks", async (c) => {
    const original = repositoryOf(c, "contents");
    const { name = original.name } = await bodyOf(c.req, fork);
    const { login } = personOf(c.get("access").login);
    if (isSame(login, original.owner) && isSame(name, original.name)) {
      throw new GithubError(403, "Name already exists on this account");
    }
    const before = store.repositories().find((each) => each.parent === original.id && isSame(each.owner, login));
    if (before) return c.json(whole(c, before), 202);
    const at = time();
    const repository: Repository = {
      ...original,
      ...newRepository(),
      ...{ id: store.nextId(), name: freeName(login, name), owner: login, parent: original.id },
      ...{ defaultBranch: original.defaultBranch, createdAt: at, updatedAt: at },
      ...{ labels: defaultLabels(store.nextId), issues: [] },
    };
    store.add(repository, store.git(original).copy());
    store.save();
    return c.json(whole(c, repository), 202);
  });

  app.get("/repos/:owner/:repo/collaborators", (c) => {
    const repository = writableRepositoryOf(c, "contents");
    const role = c.req.query("permission");
    const people = [repository.owner, ...repository.collaborators].map((login) => {
      const admin = mayAdminister(login, repository);
      return {
        ...as(c).simpleUser(login),
        permissions: { pull: true, triage: true, push: true, maintain: admin, admin },
        role_name: admin ? "admin" : "write",
      };
    });
    const wanted = role === "admin" ? people.filter(({ permissions }) => permissions.admin) : people;
    return paged(c, wanted, (each) => each);
  });
};

function switchesIn(body: Record<string, unknown>): Record<string, boolean> {
  const given = SWITCHES.filter((name) => typeof body[name] === "boolean");
  return Object.fromEntries(given.map((name) => [name, body[name] as boolean]));
}
