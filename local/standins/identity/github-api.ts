import { type Context, Hono } from "hono";
import { basicCredentials, type GitHubClient, hasSecret } from "./client.ts";
import { githubResources } from "./github-resources.ts";
import { hasScope } from "./github-scopes.ts";
import type { GitHubAccount, Person } from "./people.ts";
import type { Authorization, IdentityStore } from "./store.ts";

/** Who calls, with what. */
interface Caller {
  person: Person & { github: GitHubAccount };
  client: GitHubClient;
  scopes: string[];
}

type Env = { Variables: { caller: Caller } };
type Call = Context<Env>;

export interface GitHubApiOptions {
  clients: readonly GitHubClient[];
  store: IdentityStore;
  /** Base of the API as the client dialled it, of the pages, and the path before the API's own. */
  bases(request: Request): { api: string; site: string; path: string };
  log: (line: string) => void;
}

/** Says "no" in GitHub's form. */
export function githubError(status: number, message: string, documentation = ""): Response {
  return Response.json(
    { message, documentation_url: `https://docs.github.com/rest${documentation}`, status: String(status) },
    { status },
  );
}

/**
 * What GitHub's REST API (https://docs.github.com/rest) tells of the person whose token is sent, and how an application
 * gives tokens back. Lists are in pages, with a `Link` header.
 */
export function githubApi({ clients, store, bases, log }: GitHubApiOptions): Hono<Env> {
  const app = new Hono<Env>({ getPath: (request) => new URL(request.url).pathname.slice(bases(request).path.length) });
  const resources = (c: Call) => {
    const { api, site } = bases(c.req.raw);
    return githubResources(api, site);
  };

  app.use(async (c, next) => {
    if (c.req.header("user-agent")) return next();
    // Workers send none by themselves, so this is how a forgotten one shows.
    return c.text(
      "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
      403,
    );
  });

  app.use("/user/*", async (c, next) => {
    const header = c.req.header("authorization");
    if (header === undefined) return githubError(401, "Requires authentication");
    const token = /^(?:Bearer|token) +(\S+) *$/i.exec(header)?.[1];
    const caller = token === undefined ? undefined : callerOf(token);
    if (!caller) return githubError(401, "Bad credentials");
    c.set("caller", caller);
    await next();
    c.res.headers.set("x-oauth-scopes", caller.scopes.join(", "));
    c.res.headers.set("x-oauth-client-id", caller.client.clientId);
    c.res.headers.set("x-github-media-type", "github.v3; format=json");
  });

  const callerOf = (token: string): Caller | undefined => {
    const found = store.find("github", "access", token);
    if (!found || !store.isLive(found.authorization, found.token)) return undefined;
    const client = clients.find((each) => each.clientId === found.authorization.clientId);
    const person = store.person(found.authorization.personId);
    if (!client || !person?.github) return undefined;
    return { person: { ...person, github: person.github }, client, scopes: found.authorization.scopes };
  };

  /**
   * What an endpoint asks for.
   * @param scopes of an OAuth app, any of them
   * @param permission of a GitHub App
   * @param refused the answer for an OAuth app
   */
  const needs =
    (scopes: string[], permission: "email_addresses" | "members" | undefined, refused: () => Response) =>
    async (c: Call, next: () => Promise<void>) => {
      const { client, scopes: granted } = c.get("caller");
      if (client.kind === "github-app") {
        const permissions = client.permissions ?? ["email_addresses", "members"];
        if (permission !== undefined && !permissions.includes(permission)) {
          c.res = githubError(403, "Resource not accessible by integration");
        } else await next();
        return;
      }
      if (hasScope(granted, ...scopes)) await next();
      else c.res = refused();
      c.res.headers.set("x-accepted-oauth-scopes", scopes.join(", "));
    };

  const list = (c: Call, items: object[]) => {
    const url = new URL(c.req.url);
    const number = (name: string, fallback: number, most: number) => {
      const value = Number(url.searchParams.get(name));
      return Number.isInteger(value) && value > 0 ? Math.min(value, most) : fallback;
    };
    const perPage = number("per_page", 30, 100);
    const last = Math.max(1, Math.ceil(items.length / perPage));
    const page = number("page", 1, Number.MAX_SAFE_INTEGER);
    const link = (to: number, rel: string) => {
      url.searchParams.set("page", String(to));
      return `<${url.href}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, "prev")] : []),
      ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
      ...(page > 1 ? [link(1, "first")] : []),
    ];
    if (links.length > 0) c.header("link", links.join(", "));
    return c.json(items.slice((page - 1) * perPage, page * perPage));
  };

  app.get("/user", (c) => {
    const { person, client, scopes } = c.get("caller");
    const full = client.kind === "github-app" || hasScope(scopes, "read:user");
    return c.json(resources(c).user(person, full));
  });

  app.get(
    "/user/emails",
    needs(["user", "user:email"], "email_addresses", () =>
      githubError(404, "Not Found", "/users/emails#list-email-addresses-for-the-authenticated-user"),
    ),
    (c) => {
      const { github } = c.get("caller").person;
      const visibility = (email: string) => (email === github.publicEmail ? "public" : "private");
      // Only of the primary address is it known whether it is shown.
      return list(
        c,
        github.emails.map((each) => ({ ...each, visibility: each.primary ? visibility(each.email) : null })),
      );
    },
  );

  const needScopes = (documentation: string) => () =>
    githubError(
      403,
      "You need at least read:org scope or user scope to list your organizations.",
      `/orgs/${documentation}`,
    );
  const orgScopes = ["admin:org", "read:org", "repo", "user", "write:org"];

  app.get(
    "/user/orgs",
    needs(orgScopes, undefined, needScopes("orgs#list-organizations-for-the-authenticated-user")),
    (c) => list(c, c.get("caller").person.github.orgs.map(resources(c).organization)),
  );

  app.get(
    "/user/memberships/orgs",
    needs(orgScopes, "members", needScopes("members#list-organization-memberships-for-the-authenticated-user")),
    (c) => {
      const { person } = c.get("caller");
      const state = c.req.query("state") ?? "active";
      if (state !== "active" && state !== "pending") return githubError(422, "Validation Failed", "/orgs/members");
      const orgs = state === "active" ? person.github.orgs : [];
      return list(
        c,
        orgs.map((login) => resources(c).membership(person, login)),
      );
    },
  );

  app.get(
    "/user/teams",
    needs(["admin:org", "read:org", "repo", "user", "write:org"], "members", () =>
      githubError(404, "Not Found", "/teams/teams#list-teams-for-the-authenticated-user"),
    ),
    (c) => {
      const { orgs, teams } = c.get("caller").person.github;
      const present = teams.filter((slug) => orgs.includes(slug.split("/")[0]!));
      return list(c, present.map(resources(c).team));
    },
  );

  /** The authorization of a token that an application gives back, or why not. */
  const returned = async (c: Call): Promise<Authorization | Response> => {
    const credentials = basicCredentials(c.req.header("authorization"));
    const client = clients.find((each) => each.clientId === credentials?.clientId);
    if (!credentials || !client || !hasSecret(client, credentials.secret)) return githubError(401, "Bad credentials");
    const documentation = "/apps/oauth-applications";
    if (client.clientId !== c.req.param("clientId")) return githubError(404, "Not Found", documentation);
    const body: unknown = await c.req.json().catch(() => undefined);
    const token = (body as { access_token?: unknown } | undefined)?.access_token;
    if (typeof token !== "string") return githubError(422, "Validation Failed", documentation);
    const found = store.find("github", "access", token);
    if (found?.authorization.clientId !== client.clientId || !store.isLive(found.authorization, found.token)) {
      return githubError(404, "Not Found", documentation);
    }
    return found.authorization;
  };

  app.delete("/applications/:clientId/token", async (c) => {
    const authorization = await returned(c);
    if (authorization instanceof Response) return authorization;
    store.revoke((each) => each === authorization);
    return c.body(null, 204);
  });

  app.delete("/applications/:clientId/grant", async (c) => {
    const given = await returned(c);
    if (given instanceof Response) return given;
    store.revoke(
      (each) => each.provider === "github" && each.clientId === given.clientId && each.personId === given.personId,
    );
    return c.body(null, 204);
  });

  app.notFound((c) => {
    log(`Identity stand-in: GitHub's API has no such endpoint here: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return githubError(404, "Not Found");
  });

  app.onError((error) => {
    log(`Identity stand-in: ${error.message}`);
    return githubError(500, "Server Error");
  });

  return app;
}
