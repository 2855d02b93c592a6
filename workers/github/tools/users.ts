import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { pageOutput } from "./page-output.ts";
import { login } from "./user-input.ts";

const users = { toolset: "users" } as const;

const peopleOutput = z.object({ users: z.array(z.object({ login: z.string(), url: z.string() })), ...pageOutput });
const person = ({ login: name, html_url }: { login: string; html_url: string }) => ({ login: name, url: html_url });

/** https://docs.github.com/en/rest/users/users#get-a-user */
export const getUser = defineTool({
  ...users,
  name: "get_user",
  title: "Get a user",
  description: "Shows the public profile of a person or organisation on GitHub. To find one use search_users.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ login: login.describe("Login of the person or organisation") }),
  output: z.object({
    login: z.string(),
    type: z.string().describe("User, Organization or Bot"),
    name: z.string().optional(),
    company: z.string().optional(),
    location: z.string().optional(),
    email: z.string().optional(),
    bio: z.string().optional(),
    blog: z.string().optional(),
    public_repos: z.int(),
    followers: z.int(),
    following: z.int(),
    created_at: z.string(),
    url: z.string(),
  }),
  async run({ login: username }, { upstream, signal }) {
    const user = await upstream.request("GET /users/{username}", { username }, signal);
    return {
      login: user.login,
      type: user.type,
      name: user.name ?? undefined,
      company: user.company ?? undefined,
      location: user.location ?? undefined,
      email: user.email ?? undefined,
      bio: user.bio ?? undefined,
      blog: user.blog || undefined,
      public_repos: user.public_repos,
      followers: user.followers,
      following: user.following,
      created_at: user.created_at,
      url: user.html_url,
    };
  },
});

/** https://docs.github.com/en/rest/users/followers#list-followers-of-a-user */
export const listFollowers = defineTool({
  ...users,
  name: "list_followers",
  title: "List followers",
  description: "Lists who follows a person on GitHub.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ login: login.describe("Login of the person"), ...pageInput }),
  output: peopleOutput,
  async run({ login: username, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /users/{username}/followers", { username }, page, signal);
    return { users: data.map(person), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/users/followers#list-the-people-a-user-follows */
export const listFollowing = defineTool({
  ...users,
  name: "list_following",
  title: "List whom a person follows",
  description: "Lists the people whom a person follows on GitHub.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ login: login.describe("Login of the person"), ...pageInput }),
  output: peopleOutput,
  async run({ login: username, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /users/{username}/following", { username }, page, signal);
    return { users: data.map(person), next_cursor: nextCursor };
  },
});

export const userTools = [getUser, listFollowers, listFollowing];
