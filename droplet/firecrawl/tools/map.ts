import type { MapData } from "firecrawl";
import { z } from "zod";
import { defineTool, HARMLESS } from "../api.ts";
import { listCursor, listPage } from "../list-page.ts";
import { given, urlInput } from "../page-options.ts";

export const map = defineTool({
  name: "map",
  title: "List the pages of a site",
  description:
    "Lists the addresses of a site's pages, quickly and without reading them; with search, those that fit best first. Then scrape the ones you need, or start batch_scrape for many.",
  scope: "firecrawl:read",
  toolset: "pages",
  readOnly: true,
  input: z.strictObject({
    url: urlInput.describe("Where the site begins, with https:// or http://"),
    search: z.string().min(1).max(500).optional().describe("Only pages about this, the best first"),
    sitemap: z
      .enum(["include", "skip", "only"])
      .default("include")
      .describe("include the site's own sitemap, skip it, or use it only"),
    includeSubdomains: z.boolean().default(true).describe("Pages of subdomains too"),
    ignoreQueryParameters: z.boolean().default(true).describe("Addresses that differ in the query only are one page"),
    limit: z.int().min(1).max(500).default(100).describe("How many addresses at most"),
    cursor: listCursor.optional().describe("next_cursor of the answer before, for the addresses after it"),
  }),
  output: z.object({
    map: z.string().optional().describe("Id of this map, for send_feedback"),
    links: z.array(z.object({ url: z.string(), title: z.string().optional(), description: z.string().optional() })),
    next_cursor: z.string().optional(),
    note: z.string().optional(),
  }),
  async run({ url, search, limit, cursor, ...options }, { upstream, signal }) {
    // One more than is shown tells whether there are more.
    const most = Number(cursor ?? 0) + limit + 1;
    const body = { url: upstream.target(url), limit: most, ...options, ...given({ search }) };
    const { id, links } = await upstream.post<MapData>("/v2/map", body, signal, {
      timeoutMs: 50_000,
      advice: HARMLESS,
    });
    const { items, nextCursor } = listPage(links ?? [], limit, cursor);
    const open = items.filter((link) => upstream.isPublic(link.url));
    return {
      map: id,
      links: open.map(({ url, title, description }) => ({ url, title, description: description?.slice(0, 300) })),
      next_cursor: nextCursor,
      ...(open.length < items.length && {
        note: `${items.length - open.length} links to addresses that are not public are left out.`,
      }),
    };
  },
});
