import { z } from "zod";
import { defineTool } from "../api.ts";

/** https://docs.github.com/en/rest/users/users#get-the-authenticated-user */
export const getMe = defineTool({
  name: "get_me",
  title: "Get my account",
  description:
    "Tells whose GitHub account is connected. Use it to find the person's login, and to see who it is that may not open something.",
  scope: "github:read",
  toolset: "context",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({
    login: z.string(),
    id: z.int(),
    name: z.string().optional(),
    email: z.string().optional(),
    company: z.string().optional(),
    location: z.string().optional(),
    bio: z.string().optional(),
    public_repos: z.int(),
    private_repos: z.int().optional(),
    created_at: z.string(),
    url: z.string(),
  }),
  async run(_, { upstream, signal }) {
    const me = await upstream.request("GET /user", {}, signal);
    return {
      login: me.login,
      id: Number(me.id),
      name: me.name ?? undefined,
      email: me.email ?? undefined,
      company: me.company ?? undefined,
      location: me.location ?? undefined,
      bio: me.bio ?? undefined,
      public_repos: me.public_repos,
      private_repos: me.owned_private_repos,
      created_at: me.created_at,
      url: me.html_url,
    };
  },
});

export const contextTools = [getMe];
