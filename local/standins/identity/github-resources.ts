import { createHash } from "node:crypto";
import type { GitHubAccount, Person } from "./people.ts";

/** Accounts, organisations and teams of the stand-in are all as old as this. */
const CREATED_AT = "2020-01-01T00:00:00Z";

/** Resources of GitHub's REST API, with the fields that its OpenAPI description (npm package `@octokit/openapi`) requires. */
export interface GitHubResources {
  /** @param full with the private fields that the scope `user` or `read:user` gives */
  user(person: Person & { github: GitHubAccount }, full: boolean): object;
  organization(login: string): object;
  /** @param slug `<organisation>/<team>` */
  team(slug: string): object;
  membership(person: Person & { github: GitHubAccount }, organization: string): object;
}

/**
 * @param api base of the API, as the client dialled it
 * @param site base of the pages
 */
export function githubResources(api: string, site: string): GitHubResources {
  const simpleUser = ({ login, id }: GitHubAccount) => {
    const url = `${api}/users/${login}`;
    return {
      login,
      id,
      node_id: nodeId("U", id),
      avatar_url: `${site}/avatars/${id}`,
      gravatar_id: "",
      url,
      html_url: `${site}/${login}`,
      followers_url: `${url}/followers`,
      following_url: `${url}/following{/other_user}`,
      gists_url: `${url}/gists{/gist_id}`,
      starred_url: `${url}/starred{/owner}{/repo}`,
      subscriptions_url: `${url}/subscriptions`,
      organizations_url: `${url}/orgs`,
      repos_url: `${url}/repos`,
      events_url: `${url}/events{/privacy}`,
      received_events_url: `${url}/received_events`,
      type: "User",
      user_view_type: "public",
      site_admin: false,
    };
  };

  const organization = (login: string) => {
    const id = stableId(login);
    const url = `${api}/orgs/${login}`;
    return {
      login,
      id,
      node_id: nodeId("O", id),
      url,
      repos_url: `${url}/repos`,
      events_url: `${url}/events`,
      hooks_url: `${url}/hooks`,
      issues_url: `${url}/issues`,
      members_url: `${url}/members{/member}`,
      public_members_url: `${url}/public_members{/member}`,
      avatar_url: `${site}/avatars/${id}`,
      description: null,
    };
  };

  return {
    user: ({ name, github }, full) => ({
      ...simpleUser(github),
      name,
      company: null,
      blog: "",
      location: null,
      email: github.publicEmail ?? null,
      hireable: null,
      bio: null,
      public_repos: 0,
      public_gists: 0,
      followers: 0,
      following: 0,
      created_at: CREATED_AT,
      updated_at: CREATED_AT,
      ...(full && {
        private_gists: 0,
        total_private_repos: 0,
        owned_private_repos: 0,
        disk_usage: 0,
        collaborators: 0,
        two_factor_authentication: true,
      }),
    }),
    organization,
    team(slug) {
      const [login = "", name = ""] = slug.split("/");
      const id = stableId(slug);
      const url = `${api}/organizations/${stableId(login)}/team/${id}`;
      return {
        id,
        node_id: nodeId("T", id),
        url,
        html_url: `${site}/orgs/${login}/teams/${name}`,
        name,
        slug: name,
        description: null,
        privacy: "closed",
        notification_setting: "notifications_enabled",
        permission: "pull",
        type: "organization",
        organization_id: stableId(login),
        members_url: `${url}/members{/member}`,
        repositories_url: `${url}/repos`,
        parent: null,
        members_count: 1,
        repos_count: 0,
        created_at: CREATED_AT,
        updated_at: CREATED_AT,
        organization: {
          ...organization(login),
          html_url: `${site}/${login}`,
          has_organization_projects: true,
          has_repository_projects: true,
          public_repos: 0,
          public_gists: 0,
          followers: 0,
          following: 0,
          type: "Organization",
          created_at: CREATED_AT,
          updated_at: CREATED_AT,
          archived_at: null,
        },
      };
    },
    membership: ({ github }, login) => ({
      url: `${api}/orgs/${login}/memberships/${github.login}`,
      state: "active",
      role: "member",
      organization_url: `${api}/orgs/${login}`,
      organization: organization(login),
      user: simpleUser(github),
    }),
  };
}

/** The same number for the same name every time. */
function stableId(name: string): number {
  return createHash("sha256").update(name.toLowerCase()).digest().readUInt32BE() + 1;
}

function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(String(id)).toString("base64url")}`;
}
