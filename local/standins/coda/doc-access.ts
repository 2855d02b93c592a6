import { byIdOrName, type Call } from "./call.ts";
import { CodaError } from "./error.ts";
import type { Doc, Page, Row } from "./model.ts";
import { type TableOrView, tablesAndViews } from "./resources.ts";
import { accessOf } from "./sharing.ts";
import type { CodaStore } from "./store.ts";
import { rowName } from "./values.ts";

/**
 * Finds what a request names, for whoever may see it.
 *
 * Each throws {@link CodaError}: 404 for what is not there, 403 for what the person may not see or, with another method
 * than GET, not edit.
 */
export function docAccess(store: CodaStore) {
  const mayAccess = (c: Call, doc: Doc) => accessOf(doc, c.get("person")) !== undefined;

  /** @throws {CodaError} 403 for whoever may only look */
  const mayEdit = (c: Call, doc: Doc) => {
    if (accessOf(doc, c.get("person")) !== "write") throw new CodaError(403, "You may not edit this doc.");
  };

  const docOf = (c: Call): Doc => {
    const doc = findDoc(c, c.req.param("docId")!);
    if (c.req.header("x-coda-doc-version") === "latest" && store.isStale(doc.id)) {
      throw new CodaError(400, "The API's view of the doc is not up to date yet.");
    }
    if (c.req.method !== "GET" && !c.req.path.endsWith("/export")) mayEdit(c, doc);
    return doc;
  };

  const findDoc = (c: Call, id: string): Doc => {
    const doc = store.doc(id);
    if (!doc) throw new CodaError(404, `There is no doc with the id "${id}".`);
    if (!mayAccess(c, doc)) throw new CodaError(403, "The API token does not grant access to this doc.");
    return doc;
  };

  const pageOf = (c: Call): { doc: Doc; page: Page } => {
    const doc = docOf(c);
    return { doc, page: byIdOrName("page", doc.pages, c.req.param("page")!, (each) => each) };
  };

  const tableOf = (c: Call): { doc: Doc; table: TableOrView } => {
    const doc = docOf(c);
    return { doc, table: byIdOrName("table", tablesAndViews(doc), c.req.param("table")!, (each) => each.self) };
  };

  const rowOf = (c: Call): { doc: Doc; table: TableOrView; row: Row } => {
    const { doc, table } = tableOf(c);
    const row = byIdOrName("row", table.rows, c.req.param("row")!, (each) => ({
      id: each.id,
      name: rowName(doc, table.base, each),
    }));
    return { doc, table, row };
  };

  return { mayAccess, findDoc, docOf, pageOf, tableOf, rowOf };
}
