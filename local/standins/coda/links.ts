import type { Doc, Page, Row, Table, View } from "./model.ts";

const ORIGIN = "https://coda.io";

/** Browser links in the forms that the published description's examples of `browserLink` have. */
export const links = {
  doc: (doc: Pick<Doc, "id">) => `${ORIGIN}/d/_d${doc.id}`,
  page: (doc: Doc, page: Page) => `${links.doc(doc)}/${slug(page.name)}_su${page.id.slice(-5)}`,
  table: (doc: Doc, table: Table | View) => `${links.doc(doc)}/#${slug(table.name)}_t${shortTableId(table)}`,
  row: (doc: Doc, table: Table | View, row: Row) =>
    `${links.doc(doc)}#${slug(table.name)}_t${shortTableId(table)}/_ru${row.id}`,
  folder: (id: string) => `${ORIGIN}/docs?folderId=${id}`,
  icon: (name: string) => `https://cdn.coda.io/icons/png/color/${encodeURIComponent(name)}-120.png`,
  published: (slug: string) => `${ORIGIN}/@${slug}`,
  workspace: (id: string) => `${ORIGIN}/docs?workspaceId=${id}`,
};

/** What a browser link names; ids in it are shortened, so they are compared with {@link matchesLink}. */
export interface BrowserLink {
  docId: string;
  page?: string;
  table?: string;
  row?: string;
}

/**
 * Reads a browser link.
 * @returns undefined when it is not a link to a Coda doc
 */
export function parseBrowserLink(text: string): BrowserLink | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const doc = /^\/d\/[^/]*?_d([\w-]+)(?:\/(.*))?$/.exec(url.pathname);
  if (url.origin !== ORIGIN || !doc) return undefined;
  const link: BrowserLink = { docId: doc[1]! };
  const page = /_su([\w-]+)\/?$/.exec(doc[2] ?? "");
  if (page) link.page = page[1]!;
  const table = /_t([\w-]+)(?:\/_ru([\w-]+))?$/.exec(url.hash);
  if (table) {
    link.table = table[1]!;
    if (table[2]) link.row = table[2];
  }
  return link;
}

/** Whether this object is the one that a part of a link names: by its id, by the end of it, or with Coda's `u` before it. */
export function matchesLink(object: { id: string }, part: string): boolean {
  return (
    object.id === part || object.id.endsWith(part) || `u${object.id}` === part || part === `u${shortTableId(object)}`
  );
}

function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, "-");
}

function shortTableId(table: { id: string }): string {
  return table.id.replace(/^(?:grid|table)-/, "");
}
