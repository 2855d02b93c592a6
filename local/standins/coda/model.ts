/** What the Coda stand-in keeps, in the words of the Coda API (https://coda.io/developers/apis/v1). */

export interface Person {
  name: string;
  /** Coda's login id. */
  email: string;
}

/** A cell that points at a row of the table that its column looks up. */
export interface RowReference {
  rowId: string;
}

/** Dates are ISO 8601 strings, money is a number in the column's currency; an empty cell is absent. */
export type ScalarCell = string | number | boolean | RowReference;
export type Cell = ScalarCell | ScalarCell[];
export type Cells = Record<string, Cell>;

/** `ColumnFormat` of the API, with the id of the table where the API embeds a reference to it. */
export interface StoredColumnFormat {
  type:
    | "text"
    | "number"
    | "currency"
    | "date"
    | "dateTime"
    | "email"
    | "link"
    | "lookup"
    | "checkbox"
    | "select"
    | "button";
  isArray: boolean;
  /** For `lookup`: the table that is looked up. */
  tableId?: string;
  /** Fields that only this type has, as the API gives them. */
  details?: Record<string, string | number | boolean>;
}

export interface Column {
  id: string;
  name: string;
  format: StoredColumnFormat;
  /** Its value is the row's name. */
  display?: true;
  /** Not shown in the table's own layout. */
  hidden?: true;
  /** A calculated column; the only formula that the stand-in evaluates is the row's creation time. */
  formula?: "thisRow.Created()";
  /** Of a button: what pushing it sets in its row, by column id. */
  sets?: Cells;
}

export interface Row {
  id: string;
  /** ISO 8601. */
  createdAt: string;
  updatedAt: string;
  /** The state's revision at the last change of this row; sync tokens count in it. */
  revision: number;
  cells: Cells;
}

export interface Table {
  id: string;
  name: string;
  pageId: string;
  createdAt: string;
  updatedAt: string;
  columns: Column[];
  /** In the order of creation, which is also the natural order. */
  rows: Row[];
}

/** Another look at a table: only the rows whose cell has this value, without the columns that are hidden. */
export interface View {
  id: string;
  name: string;
  pageId: string;
  createdAt: string;
  updatedAt: string;
  tableId: string;
  where: { columnId: string; equals: string | number | boolean };
}

export interface Page {
  id: string;
  name: string;
  subtitle?: string;
  /** Name of Coda's icon. */
  icon?: string;
  /** URL of the cover image. */
  image?: string;
  hidden?: boolean;
  parentId?: string;
  /** A page that shows another site has no content of its own. */
  embeds?: string;
  /** Markdown, whatever it came as. */
  content?: string;
  createdAt: string;
  updatedAt: string;
  createdBy: Person;
}

/** A named formula: how many rows of a table do not have this value. */
export interface NamedFormula {
  id: string;
  name: string;
  pageId: string;
  counts: { tableId: string; columnId: string; not: string };
}

export interface Control {
  id: string;
  name: string;
  pageId: string;
  controlType: "slider" | "select" | "checkbox";
  value: string | number | boolean | string[];
}

/** A rule that a webhook starts: it adds a row, with what the payload says under these names. */
export interface Automation {
  id: string;
  enabled: boolean;
  tableId: string;
  /** Column id by name in the payload. */
  takes: Record<string, string>;
}

export type Access = "readonly" | "write" | "comment";

/** `Principal` of the API, but for the name of a group. */
export type Principal =
  | { type: "email"; email: string }
  | { type: "group"; groupId: string }
  | { type: "domain"; domain: string }
  | { type: "workspace"; workspaceId: string }
  | { type: "anyone" };

export interface Permission {
  id: string;
  principal: Principal;
  access: Access;
}

/** `AclSettings` of the API. */
export interface SharingSettings {
  allowEditorsToChangePermissions: boolean;
  allowCopying: boolean;
  allowViewersToRequestEditing: boolean;
}

export interface Published {
  slug: string;
  discoverable: boolean;
  earnCredit: boolean;
  mode: "view" | "play" | "edit";
  categories: string[];
}

export interface Doc {
  id: string;
  name: string;
  /** Name of Coda's icon. */
  icon?: string;
  owner: Person;
  /** Everybody of the workspace may read and write it from the beginning. */
  shared: boolean;
  /** Whoever else may do what, from the first change on. */
  permissions?: Permission[];
  settings?: SharingSettings;
  published?: Published;
  formulas?: NamedFormula[];
  controls?: Control[];
  automations?: Automation[];
  sourceDocId?: string;
  createdAt: string;
  updatedAt: string;
  pages: Page[];
  tables: Table[];
  views: View[];
}

/** An edit that was accepted and is applied later. */
export type Change =
  | {
      kind: "upsertRows";
      tableId: string;
      keyColumnIds: string[];
      /** `id` becomes the row's id if it is inserted. */
      rows: { id: string; cells: Cells; cleared: string[] }[];
    }
  | { kind: "updateRow"; tableId: string; rowId: string; cells: Cells; cleared: string[] }
  | { kind: "deleteRows"; tableId: string; rowIds: string[] }
  | { kind: "createPage"; page: Page }
  | {
      kind: "updatePage";
      pageId: string;
      set: Partial<Page>;
      content?: { mode: "append" | "replace"; markdown: string };
    }
  | { kind: "deletePage"; pageId: string }
  | { kind: "publish"; published: Published }
  | { kind: "deleteDoc" };

export interface Mutation {
  requestId: string;
  loginId: string;
  docId: string;
  /** Milliseconds since 1970 at which the change becomes visible. */
  applyAt: number;
  /** Absent once it is applied. */
  change?: Change;
}

/** `WorkspaceUserRole` of the API. */
export type Role = "Admin" | "DocMaker" | "Editor";

export interface CodaState {
  version: 1;
  revision: number;
  /** What members' roles were changed to, by login id. */
  roles?: Record<string, { role: Role; changedAt: string }>;
  docs: Doc[];
  /** In the order in which they were accepted, which is the order in which they are applied. */
  mutations: Mutation[];
}
