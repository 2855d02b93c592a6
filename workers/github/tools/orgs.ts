import { z } from "zod";
import { defineTool } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const toolset = "orgs";

const orgInput = { org: repositoryInput.owner.describe('Login of the organisation: "github"') };
const organization = z.object({ login: z.string(), description: z.string().optional() });
const member = z.object({ login: z.string(), url: z.string() });

export const listMyOrgs = defineTool({
  name: "list_my_orgs",
  title: "List my organisations",
  description: "Lists the organisations that the person belongs to. About one: get_org.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(numberedPageInput),
  output: z.object({ orgs: z.array(organization), ...pageOutput }),
  async run(page, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /user/orgs", {}, page, signal);
    return {
      orgs: data.map(({ login, description }) => ({ login, description: description ?? undefined })),
      next_cursor: nextCursor,
    };
  },
});

export const getOrg = defineTool({
  name: "get_org",
  title: "Get an organisation",
  description:
    "Tells about an organisation: name, website, place, how many repositories. Its people: list_org_members.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(orgInput),
  output: organization.extend({
    name: z.string().optional(),
    website: z.string().optional(),
    email: z.string().optional(),
    location: z.string().optional(),
    verified: z.boolean().optional(),
    public_repos: z.int(),
    private_repos: z.int().optional(),
    followers: z.int(),
    created_at: z.string(),
    url: z.string(),
  }),
  async run(args, { upstream, signal }) {
    const org = await upstream.request("GET /orgs/{org}", args, signal);
    return {
      login: org.login,
      description: org.description ?? undefined,
      name: org.name ?? undefined,
      website: org.blog || undefined,
      email: org.email ?? undefined,
      location: org.location ?? undefined,
      verified: org.is_verified,
      public_repos: org.public_repos,
      private_repos: org.total_private_repos,
      followers: org.followers,
      created_at: org.created_at,
      url: org.html_url,
    };
  },
});

export const listOrgMembers = defineTool({
  name: "list_org_members",
  title: "List an organisation's members",
  description: "Lists the members of an organisation; to those who do not belong to it, the public ones only.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...orgInput,
    role: z.enum(["all", "admin", "member"]).default("all").describe("admin: owners only; member: the others only"),
    ...numberedPageInput,
  }),
  output: z.object({ members: z.array(member), ...pageOutput }),
  async run({ org, role, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /orgs/{org}/members", { org, role }, page, signal);
    return { members: data.map(({ login, html_url }) => ({ login, url: html_url })), next_cursor: nextCursor };
  },
});

const team = z.object({
  slug: z.string(),
  name: z.string(),
  description: z.string().optional(),
  parent: z.string().optional().describe("Slug of the team that it is a part of"),
  url: z.string(),
});

export const listTeams = defineTool({
  name: "list_teams",
  title: "List an organisation's teams",
  description:
    "Lists the teams of an organisation that the person may see. Who is in one: get_team_members with its slug.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...orgInput, ...numberedPageInput }),
  output: z.object({ teams: z.array(team), ...pageOutput }),
  async run({ org, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /orgs/{org}/teams", { org }, page, signal);
    return {
      teams: data.map(({ slug, name, description, parent, html_url }) => ({
        ...{ slug, name, description: description ?? undefined, parent: parent?.slug, url: html_url },
      })),
      next_cursor: nextCursor,
    };
  },
});

export const getTeams = defineTool({
  name: "get_teams",
  title: "List my teams",
  description: "Lists the teams that the person belongs to, in all organisations.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject(numberedPageInput),
  output: z.object({
    teams: z.array(team.extend({ org: z.string(), members: z.int(), repositories: z.int() })),
    ...pageOutput,
  }),
  async run(page, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /user/teams", {}, page, signal);
    return {
      teams: data.map((each) => ({
        org: each.organization.login,
        slug: each.slug,
        name: each.name,
        description: each.description ?? undefined,
        parent: each.parent?.slug,
        members: each.members_count,
        repositories: each.repos_count,
        url: each.html_url,
      })),
      next_cursor: nextCursor,
    };
  },
});

export const getTeamMembers = defineTool({
  name: "get_team_members",
  title: "List a team's members",
  description: "Lists who is in a team of an organisation, and in the teams below it.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...orgInput,
    team: z
      .string()
      .regex(/^[\p{L}\p{N}_-]{1,100}$/u, "must be the slug of a team")
      .describe('Slug of the team, of list_teams: "back-end"'),
    role: z.enum(["all", "maintainer", "member"]).default("all").describe("Only those with this role"),
    ...numberedPageInput,
  }),
  output: z.object({ members: z.array(member.extend({ role: z.string().optional() })), ...pageOutput }),
  async run({ org, team, role, ...page }, { upstream, signal }) {
    const route = "GET /orgs/{org}/teams/{team_slug}/members";
    const { data, nextCursor } = await upstream.page(route, { org, team_slug: team, role }, page, signal);
    return {
      members: data.map((each) => ({ login: each.login, url: each.html_url, role: each.role })),
      next_cursor: nextCursor,
    };
  },
});

export const searchOrgs = defineTool({
  name: "search_orgs",
  title: "Search organisations",
  description: "Finds organisations on GitHub by words in their name or by qualifiers such as location:berlin.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    query: z
      .string()
      .trim()
      .min(1)
      .max(250)
      .refine((query) => query.isWellFormed(), "must be text")
      .describe('Words and qualifiers, as in GitHub\'s search: "compiler location:berlin repos:>10"'),
    sort: z.enum(["followers", "repositories", "joined"]).optional().describe("Best match first when left out"),
    order: z.enum(["desc", "asc"]).default("desc").describe("Which end comes first"),
    ...numberedPageInput,
  }),
  output: z.object({ orgs: z.array(member), total_count: z.int(), ...pageOutput }),
  async run({ query, sort, order, ...page }, { upstream, signal }) {
    const q = `${query} type:org`;
    const { data, nextCursor } = await upstream.page("GET /search/users", { q, sort, order }, page, signal);
    return {
      orgs: data.items.map(({ login, html_url }) => ({ login, url: html_url })),
      total_count: data.total_count,
      next_cursor: nextCursor,
    };
  },
});

export const orgTools = [listMyOrgs, getOrg, listOrgMembers, listTeams, getTeams, getTeamMembers, searchOrgs];
