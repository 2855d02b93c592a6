import { z } from "zod";
import { defineTool } from "../api.ts";
import { pathPart } from "./input.ts";

export const whoami = defineTool({
  name: "whoami",
  title: "Who am I",
  description: "Tells whose Coda account this is, and its workspace.",
  scope: "coda:read",
  toolset: "docs",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({
    name: z.string(),
    email: z.string(),
    token_name: z.string(),
    restricted: z.boolean().describe("Whether the API token may do only some things"),
    workspace: z.object({ id: z.string(), name: z.string().optional() }),
  }),
  async run(_, { upstream, signal }) {
    const { name, loginId, tokenName, scoped, workspace } = await upstream.get("/whoami", {}, {}, signal);
    return {
      name,
      email: loginId,
      token_name: tokenName,
      restricted: scoped,
      workspace: { id: workspace.id, name: workspace.name },
    };
  },
});

export const resolveLink = defineTool({
  name: "resolve_link",
  title: "Resolve a link",
  description:
    "Finds what a https://coda.io link of the browser leads to: the doc's id, and the page, table or row in it. Begin here when you are given a link.",
  scope: "coda:read",
  toolset: "docs",
  readOnly: true,
  input: z.strictObject({
    link: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe("The link as it is in the browser"),
    or_parent: z.boolean().default(false).describe("For something that is not there any more, what it was in"),
  }),
  output: z.object({
    type: z.string().describe("doc, page, table, row …"),
    id: z.string(),
    name: z.string().optional(),
    doc: z.string().optional().describe("Id of the doc that it is in"),
    table: z.string().optional().describe("Of a row or column: id of its table"),
    link: z.string().optional(),
  }),
  async run({ link, or_parent }, { upstream, signal }) {
    const query = { url: link, ...(or_parent && { degradeGracefully: true }) };
    const { resource, browserLink } = await upstream.get("/resolveBrowserLink", {}, query, signal);
    const part = (name: string) => new RegExp(`/${name}/([^/?#]+)`).exec(resource.href)?.[1];
    return {
      type: resource.type,
      id: resource.id,
      name: resource.name,
      doc: part("docs"),
      table: resource.type === "table" ? undefined : part("tables"),
      link: browserLink,
    };
  },
});

export const getEditStatus = defineTool({
  name: "get_edit_status",
  title: "Get the status of an edit",
  description: "Tells whether Coda has applied an edit that was answered with applied: false. Coda knows it for a day.",
  scope: "coda:read",
  toolset: "docs",
  readOnly: true,
  input: z.strictObject({ request_id: pathPart.describe("request_id of the edit's answer") }),
  output: z.object({ applied: z.boolean(), warning: z.string().optional() }),
  async run({ request_id }, { upstream, signal }) {
    const parameters = { requestId: request_id };
    const { completed, warning } = await upstream.get("/mutationStatus/{requestId}", parameters, {}, signal);
    return { applied: completed, warning };
  },
});
