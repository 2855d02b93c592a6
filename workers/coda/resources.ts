import type { Resource } from "@hybrid-mcp/service-kit/resource";
import type { CodaApi } from "./api.ts";
import { listed } from "./tools/listed.ts";
import { partOf } from "./tools/part-of.ts";
import { readNow } from "./tools/read-page.ts";
import { columnOf } from "./tools/tables.ts";

/** Most characters of a page: what a model can read at a time. */
const MAX_CHARS = 60_000;

const page: Resource<CodaApi> = {
  name: "page",
  title: "Coda page",
  description: "The content of a page of a Coda doc, as Markdown. doc is an id; page is an id or a name.",
  uriTemplate: "coda://docs/{doc}/pages/{page}",
  mimeType: "text/markdown",
  scope: "coda:read",
  async read({ doc = "", page = "" }, context) {
    const { text } = await readNow({ doc, page }, "markdown", context);
    const part = partOf(text, 0, MAX_CHARS);
    if (part.length === text.length) return text;
    return `${part}\n\n(${text.length - part.length} more characters: read_page has all.)`;
  },
};

const table: Resource<CodaApi> = {
  name: "table",
  title: "Coda table",
  description:
    "What a table of a Coda doc is made of, as JSON: its columns with their types, and how many rows it has. doc is an id; table is an id or a name.",
  uriTemplate: "coda://docs/{doc}/tables/{table}",
  mimeType: "application/json",
  scope: "coda:read",
  async read({ doc = "", table = "" }, { upstream, signal }) {
    const parameters = { docId: doc, tableIdOrName: table };
    const path = "/docs/{docId}/tables/{tableIdOrName}" as const;
    const { id, name, tableType, rowCount } = await upstream.get(path, parameters, {}, signal);
    const ask = (asked: object) => upstream.get(`${path}/columns`, parameters, asked, signal);
    const { items } = await listed(ask, columnOf, { limit: 500, pageSize: 100 });
    return JSON.stringify({ id, name, type: tableType, rows: rowCount, columns: items }, undefined, 2);
  },
};

/** What a client can put before a model by its URI. */
export const resources = [page, table];
