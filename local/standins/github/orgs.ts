import type { AddRoutes, Call } from "./context.ts";
import { demandScope } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError, validationFailed } from "./error.ts";
import { ORGANIZATIONS, type Organization, type Team } from "./orgs-state.ts";
import { pageOf } from "./page.ts";
import { isSame } from "./store.ts";

/** https://docs.github.com/en/rest/orgs and https://docs.github.com/en/rest/teams */
export const addOrgRoutes: AddRoutes = (app, { as, paged }) => {
  const orgOf = (c: Call): Organization => {
    const org = ORGANIZATIONS.find((each) => isSame(each.login, c.req.param("org")!));
    if (!org) throw new GithubError(404, "Not Found");
    return org;
  };
  const isMember = (c: Call, org: Organization) =>
    org.members.some(({ login }) => isSame(login, c.get("access").login));
  /** Teams do not exist for others. */
  const ownOrg = (c: Call): Organization => {
    demandScope(c, "read:org", "write:org", "admin:org");
    const org = orgOf(c);
    if (!isMember(c, org)) throw new GithubError(404, "Not Found");
    return org;
  };
  const html = (org: Organization) => `https://github.com/${org.login}`;

  const simple = (c: Call, org: Organization) => ({
    ...{ login: org.login, id: org.id, description: org.description, url: `${c.get("base")}/orgs/${org.login}` },
    avatar_url: `https://avatars.githubusercontent.com/u/${org.id}?v=4`,
  });

  const teamFields = (org: Organization, team: Team) => ({
    ...{ id: team.id, slug: team.slug, name: team.name, description: team.description, type: "organization" },
    html_url: `https://github.com/orgs/${org.login}/teams/${team.slug}`,
    permission: "pull",
    parent: parentOf(org, team),
  });

  app.get("/user/orgs", (c) => {
    demandScope(c, "user", "read:org");
    const mine = ORGANIZATIONS.filter((each) => isMember(c, each));
    return paged(c, mine, (each) => described("organization-simple", simple(c, each)));
  });

  app.get("/user/teams", (c) => {
    demandScope(c, "user", "repo", "read:org");
    const { login } = c.get("access");
    const teams = ORGANIZATIONS.flatMap((org) => org.teams.map((team) => ({ org, team })));
    const mine = teams.filter(({ team }) => team.members.some((each) => isSame(each.login, login)));
    return paged(c, mine, ({ org, team }) =>
      described("team-full", {
        ...teamFields(org, team),
        ...{ members_count: team.members.length, repos_count: 1 },
        organization: described("team-organization", { ...simple(c, org), html_url: html(org), type: "Organization" }),
      }),
    );
  });

  app.get("/orgs/:org", (c) => {
    const org = orgOf(c);
    return c.json(
      described("organization-full", {
        ...simple(c, org),
        ...{ name: org.name, location: org.location, html_url: html(org), type: "Organization", is_verified: true },
        ...{ public_repos: 2, followers: 12, created_at: org.createdAt, updated_at: org.createdAt },
        ...(isMember(c, org) && { total_private_repos: 1 }),
      }),
    );
  });

  app.get("/orgs/:org/members", (c) => {
    const org = orgOf(c);
    const role = c.req.query("role") ?? "all";
    const found = org.members.filter(
      (each) => (each.isPublic || isMember(c, org)) && (role === "all" || each.role === role),
    );
    return paged(c, found, ({ login }) => as(c).simpleUser(login));
  });

  app.get("/orgs/:org/teams", (c) => {
    const org = ownOrg(c);
    return paged(c, org.teams, (each) => described("team", teamFields(org, each)));
  });

  app.get("/orgs/:org/teams/:team/members", (c) => {
    const team = ownOrg(c).teams.find(({ slug }) => slug === c.req.param("team"));
    if (!team) throw new GithubError(404, "Not Found");
    const role = c.req.query("role") ?? "all";
    const found = team.members.filter((each) => role === "all" || each.role === role);
    return paged(c, found, (each) => ({ ...as(c).simpleUser(each.login), role: each.role }));
  });

  app.get("/search/users", (c, next) => {
    const words = (c.req.query("q") ?? "").split(/\s+/);
    if (!words.includes("type:org")) return next();
    const wanted = words.filter((word) => word !== "type:org");
    if (wanted.length === 0) throw validationFailed({ resource: "Search", field: "q", code: "missing" });
    const found = ORGANIZATIONS.filter((org) =>
      wanted.every((word) => {
        const place = /^location:(.*)$/i.exec(word)?.[1];
        if (place !== undefined) return isSame(org.location, place);
        return `${org.login} ${org.name}`.toLowerCase().includes(word.toLowerCase());
      }),
    );
    const { items, headers } = pageOf(new URL(c.req.url), found);
    const results = items.map((org) => ({
      ...described("user-search-result-item", { ...simpleResult(c, org), html_url: html(org) }),
    }));
    return c.json({ total_count: found.length, incomplete_results: false, items: results }, 200, headers);
  });

  const simpleResult = (c: Call, org: Organization) => {
    const { description: _, ...rest } = simple(c, org);
    return { ...rest, type: "Organization", score: 1 };
  };
};

function parentOf(org: Organization, team: Team) {
  const parent = org.teams.find(({ slug }) => slug === team.parent);
  if (!parent) return null;
  return described("team-simple", {
    ...{ id: parent.id, slug: parent.slug, name: parent.name, description: parent.description, type: "organization" },
    html_url: `https://github.com/orgs/${org.login}/teams/${parent.slug}`,
  });
}
