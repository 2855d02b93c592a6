import { z } from "zod";
import { defineTool } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { docInput } from "./input.ts";

const PUBLISH = "/docs/{docId}/publish";

export const listCategories = defineTool({
  name: "list_categories",
  title: "List categories",
  description: "Lists the categories that a published Coda doc can have, for publish_doc.",
  scope: "coda:read",
  toolset: "sharing",
  readOnly: true,
  input: z.strictObject({}),
  output: z.object({ categories: z.array(z.string()) }),
  async run(_, { upstream, signal }) {
    const { items } = await upstream.get("/categories", {}, {}, signal);
    return { categories: items.map(({ name }) => name) };
  },
});

export const publishDoc = defineTool({
  name: "publish_doc",
  title: "Publish a doc",
  description:
    "Publishes a Coda doc on the web, or changes how it is published; what is left out stays. Anybody can read it then: ask the person first. get_doc tells the link.",
  scope: "coda:admin",
  toolset: "sharing",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...docInput,
    slug: z
      .string()
      .regex(/^[\w-]{1,100}$/)
      .optional()
      .describe("Its part of the public address: letters, digits, - and _"),
    discoverable: z.boolean().optional().describe("Whether it can be found in Coda's gallery and by search engines"),
    earn_credit: z.boolean().optional().describe("Whether new people may have to sign in, for which you get credit"),
    categories: z.array(z.string().min(1).max(200)).max(20).optional().describe("Names from list_categories"),
    mode: z
      .enum(["view", "play", "edit"])
      .optional()
      .describe("view: read; play: use its buttons and controls, changes are not kept; edit: change it"),
  }),
  output: z.object(editOutput),
  async run({ doc, slug, discoverable, earn_credit, categories, mode }, context) {
    const body = { slug, discoverable, earnCredit: earn_credit, categoryNames: categories, mode };
    const { requestId } = await context.upstream.put(PUBLISH, { docId: doc }, body, context.signal, {
      unanswered: "Doing it again does no harm.",
    });
    return whenApplied(requestId, context);
  },
});

export const unpublishDoc = defineTool({
  name: "unpublish_doc",
  title: "Unpublish a doc",
  description: "Takes a Coda doc off the web; the doc itself stays. dry_run tells which address will end.",
  scope: "coda:admin",
  toolset: "sharing",
  readOnly: false,
  idempotent: true,
  input: z.strictObject(docInput),
  output: z.object({ unpublished: z.literal(true) }),
  async preview({ doc }, { upstream, signal }) {
    const { name, published } = await upstream.get("/docs/{docId}", { docId: doc }, {}, signal);
    if (!published) return `Nothing: the doc "${name}" is not published.`;
    return `Takes the doc "${name}" off the web: ${published.browserLink} leads nowhere then.`;
  },
  async run({ doc }, { upstream, signal }) {
    await upstream.delete(PUBLISH, { docId: doc }, undefined, signal);
    return { unpublished: true as const };
  },
});
