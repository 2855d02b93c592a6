import { CodaError } from "./error.ts";
import { type BrowserLink, links, matchesLink } from "./links.ts";
import type { Doc } from "./model.ts";
import { type Resources, tablesAndViews } from "./resources.ts";

/**
 * What a browser link into this doc leads to: the `browserLink` and `resource` of the API's `ApiLink`.
 * @param degrade for an object that is not there (any more), take the next one up to the doc
 * @throws {CodaError} 404 for an object that is not there
 */
export function resolveLink(doc: Doc, link: BrowserLink, degrade: boolean, give: Resources) {
  const missing = (what: string) => {
    if (!degrade) throw new CodaError(404, `The ${what} that the link names is not in the doc.`);
  };
  if (link.table !== undefined) {
    const table = tablesAndViews(doc).find((each) => matchesLink(each.self, link.table!));
    if (table) {
      const row = table.rows.find((each) => each.id === link.row);
      if (row) {
        const found = give.row(doc, table, row, { columns: [], useColumnNames: false, valueFormat: "simple" });
        return { browserLink: links.row(doc, table.self, row), resource: resourceOf(found) };
      }
      if (link.row !== undefined) missing("row");
      return { browserLink: links.table(doc, table.self), resource: resourceOf(give.tableReference(doc, table)) };
    }
    missing("table");
  }
  if (link.page !== undefined) {
    const page = doc.pages.find((each) => matchesLink(each, link.page!));
    if (page) return { browserLink: links.page(doc, page), resource: resourceOf(give.page(doc, page)) };
    missing("page");
  }
  return { browserLink: links.doc(doc), resource: resourceOf(give.doc(doc)) };
}

function resourceOf({ type, id, name, href }: { type: string; id: string; name: string; href: string }) {
  return { type, id, name, href };
}
