import { links } from "./links.ts";
import type { Column, Control, Doc, NamedFormula, Page, Person, Row, Table, View } from "./model.ts";
import { cellOf, formatCell, rowName, type ValueFormat } from "./values.ts";

/** The one workspace and folder of the stand-in. */
export const WORKSPACE = { id: "ws-Local0Work", name: "Local workspace" };
export const FOLDER = { id: "fl-Local0Fold", name: "My docs" };

/** A table or a view of it, with what is seen through it. */
export interface TableOrView {
  /** The table or view itself: its id, name and times. */
  self: Table | View;
  /** The table that has the rows. */
  base: Table;
  /** The rows that are seen, in natural order. */
  rows: Row[];
  isView: boolean;
}

/** The tables of a doc, then its views. */
export function tablesAndViews(doc: Doc): TableOrView[] {
  const tables = doc.tables.map((table) => ({ self: table, base: table, rows: table.rows, isView: false }));
  const views = doc.views.flatMap((view) => {
    const base = doc.tables.find((table) => table.id === view.tableId);
    if (!base) return [];
    const rows = base.rows.filter((row) => row.cells[view.where.columnId] === view.where.equals);
    return [{ self: view, base, rows, isView: true }];
  });
  return [...tables, ...views];
}

/** The columns that are shown, for a view always and for a table on request. */
export function columnsOf(table: TableOrView, visibleOnly: boolean): Column[] {
  return visibleOnly || table.isView ? table.base.columns.filter((column) => !column.hidden) : table.base.columns;
}

/**
 * The API's resources as JSON, with the field names and links of the published description.
 * @param base the API's base URL as the client dialled it, ending in `/apis/v1`
 */
export function resources(base: string) {
  const docHref = (doc: Pick<Doc, "id">) => `${base}/docs/${doc.id}`;
  const tableHref = (doc: Doc, table: TableOrView) => `${docHref(doc)}/tables/${table.self.id}`;
  const workspace = {
    id: WORKSPACE.id,
    type: "workspace",
    browserLink: links.workspace(WORKSPACE.id),
    name: WORKSPACE.name,
  };

  const icon = (name: string) => ({ name, type: "image/png", browserLink: links.icon(name) });

  const pageReference = (doc: Doc, page: Page) => ({
    id: page.id,
    type: "page",
    href: `${docHref(doc)}/pages/${page.id}`,
    browserLink: links.page(doc, page),
    name: page.name,
  });

  const tableReference = (doc: Doc, table: TableOrView) => {
    const page = doc.pages.find((each) => each.id === table.self.pageId);
    return {
      id: table.self.id,
      type: "table",
      tableType: table.isView ? "view" : "table",
      href: tableHref(doc, table),
      browserLink: links.table(doc, table.self),
      name: table.self.name,
      ...(page ? { parent: pageReference(doc, page) } : {}),
    };
  };

  const column = (doc: Doc, table: TableOrView, of: Column) => {
    const looked = tablesAndViews(doc).find((each) => each.self.id === of.format.tableId);
    return {
      id: of.id,
      type: "column",
      href: `${tableHref(doc, table)}/columns/${of.id}`,
      name: of.name,
      ...(of.display ? { display: true } : {}),
      ...(of.formula ? { calculated: true, formula: of.formula } : {}),
      format: {
        type: of.format.type,
        isArray: of.format.isArray,
        ...of.format.details,
        ...(looked ? { table: tableReference(doc, looked) } : {}),
      },
    };
  };

  const row = (doc: Doc, table: TableOrView, of: Row, as: RowForm) => ({
    id: of.id,
    type: "row",
    href: `${tableHref(doc, table)}/rows/${of.id}`,
    name: rowName(doc, table.base, of),
    index: table.base.rows.indexOf(of),
    browserLink: links.row(doc, table.self, of),
    createdAt: of.createdAt,
    updatedAt: of.updatedAt,
    values: Object.fromEntries(
      as.columns.map((each) => [
        as.useColumnNames ? each.name : each.id,
        formatCell(doc, each, cellOf(of, each), as.valueFormat),
      ]),
    ),
  });

  const onPage = (doc: Doc, pageId: string) => {
    const page = doc.pages.find((each) => each.id === pageId);
    return page ? { parent: pageReference(doc, page) } : {};
  };

  const formulaReference = (doc: Doc, of: NamedFormula) => ({
    id: of.id,
    type: "formula",
    href: `${docHref(doc)}/formulas/${of.id}`,
    name: of.name,
    ...onPage(doc, of.pageId),
  });

  const controlReference = (doc: Doc, of: Control) => ({
    id: of.id,
    type: "control",
    href: `${docHref(doc)}/controls/${of.id}`,
    name: of.name,
    ...onPage(doc, of.pageId),
  });

  return {
    /** `User` */
    user: (person: Person, scoped: boolean) => ({
      name: person.name,
      loginId: person.email,
      type: "user",
      scoped,
      tokenName: "Stand-in token",
      href: `${base}/whoami`,
      workspace,
    }),

    /** `Doc` */
    doc: (doc: Doc) => ({
      id: doc.id,
      type: "doc",
      href: docHref(doc),
      browserLink: links.doc(doc),
      name: doc.name,
      ...(doc.icon === undefined ? {} : { icon: icon(doc.icon) }),
      owner: doc.owner.email,
      ownerName: doc.owner.name,
      docSize: {
        totalRowCount: doc.tables.reduce((sum, table) => sum + table.rows.length, 0),
        tableAndViewCount: doc.tables.length + doc.views.length,
        pageCount: doc.pages.length,
        overApiSizeLimit: false,
      },
      ...(doc.sourceDocId === undefined
        ? {}
        : {
            sourceDoc: {
              id: doc.sourceDocId,
              type: "doc",
              href: docHref({ id: doc.sourceDocId }),
              browserLink: links.doc({ id: doc.sourceDocId }),
            },
          }),
      ...(doc.published
        ? {
            published: {
              browserLink: links.published(doc.published.slug),
              discoverable: doc.published.discoverable,
              earnCredit: doc.published.earnCredit,
              mode: doc.published.mode,
              categories: doc.published.categories.map((name) => ({ name })),
            },
          }
        : {}),
      createdAt: doc.createdAt,
      updatedAt: doc.updatedAt,
      folder: { id: FOLDER.id, type: "folder", browserLink: links.folder(FOLDER.id), name: FOLDER.name },
      workspace,
      workspaceId: WORKSPACE.id,
      folderId: FOLDER.id,
    }),

    /** `Page` */
    page: (doc: Doc, page: Page) => {
      const parent = doc.pages.find((each) => each.id === page.parentId);
      const author = { "@context": "http://schema.org/", "@type": "Person", ...page.createdBy };
      return {
        ...pageReference(doc, page),
        ...(page.subtitle === undefined ? {} : { subtitle: page.subtitle }),
        ...(page.icon === undefined ? {} : { icon: icon(page.icon) }),
        ...(page.image === undefined ? {} : { image: { browserLink: page.image } }),
        contentType: page.embeds === undefined ? "canvas" : "embed",
        isHidden: page.hidden === true,
        isEffectivelyHidden: page.hidden === true || parent?.hidden === true,
        ...(parent ? { parent: pageReference(doc, parent) } : {}),
        children: doc.pages.filter((each) => each.parentId === page.id).map((each) => pageReference(doc, each)),
        authors: [author],
        createdAt: page.createdAt,
        createdBy: author,
        updatedAt: page.updatedAt,
        updatedBy: author,
      };
    },

    tableReference,

    /** `Table` */
    table: (doc: Doc, table: TableOrView) => {
      const display = table.base.columns.find((each) => each.display)!;
      const parentTable = tablesAndViews(doc).find((each) => table.isView && each.self === table.base);
      return {
        ...tableReference(doc, table),
        ...(parentTable ? { parentTable: tableReference(doc, parentTable), filter: { valid: true } } : {}),
        displayColumn: {
          id: display.id,
          type: "column",
          href: `${tableHref(doc, table)}/columns/${display.id}`,
        },
        rowCount: table.rows.length,
        sorts: [],
        layout: "default",
        createdAt: table.self.createdAt,
        updatedAt: table.base.updatedAt,
      };
    },

    /** `Column` */
    column,

    /** `ColumnDetail` */
    columnDetail: (doc: Doc, table: TableOrView, of: Column) => ({
      ...column(doc, table, of),
      parent: tableReference(doc, table),
    }),

    /** `Row` */
    row,

    /** `RowDetail` */
    rowDetail: (doc: Doc, table: TableOrView, of: Row, as: RowForm) => ({
      ...row(doc, table, of, as),
      parent: tableReference(doc, table),
    }),

    formulaReference,

    /** `Formula` */
    formula: (doc: Doc, of: NamedFormula) => {
      const { tableId, columnId, not } = of.counts;
      const rows = doc.tables.find((table) => table.id === tableId)?.rows ?? [];
      return { ...formulaReference(doc, of), value: rows.filter((each) => each.cells[columnId] !== not).length };
    },

    controlReference,

    /** `Control` */
    control: (doc: Doc, of: Control) => ({
      ...controlReference(doc, of),
      controlType: of.controlType,
      value: of.value,
    }),

    docHref,
  };
}

export type Resources = ReturnType<typeof resources>;

/** Which values of a row are given, and how. */
export interface RowForm {
  columns: Column[];
  useColumnNames: boolean;
  valueFormat: ValueFormat;
}
