import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readState, writeState } from "../state-file.ts";
import type { Cells, Change, CodaState, Doc, Mutation, Person, Role, Row, Table } from "./model.ts";
import { seedCodaState } from "./seed.ts";
import { keyValue } from "./values.ts";

/** How long Coda promises to know of a mutation that has completed (description of `getMutationStatus`). */
const MUTATION_KEPT_MS = 24 * 60 * 60_000;

export interface CodaStoreOptions {
  /** Directory of the state file; without one, the state is gone with the process. */
  stateDir?: string;
  /** Milliseconds from accepting an edit until it is visible. */
  mutationDelayMs: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Owns the seeded doc. */
  owner: Person;
}

/** The docs as the API's latest snapshot has them, and the edits that wait to be applied. */
export interface CodaStore {
  /** All docs, newest event first. */
  docs(): Doc[];
  doc(id: string): Doc | undefined;
  /** Counts the changes of rows; the base of sync tokens. */
  revision(): number;
  addDoc(doc: Doc): void;
  /** Changes a doc at once: what is no part of its content. */
  change(doc: Doc, change: (doc: Doc) => void): void;
  /** What a member's role was changed to; undefined: it is as it was at first. */
  role(loginId: string): { role: Role; changedAt: string } | undefined;
  /** @returns when it was changed, ISO 8601 */
  setRole(loginId: string, role: Role): string;
  /** Accepts an edit of a doc; an absent change is done already. Returns the request id. */
  mutate(loginId: string, docId: string, change?: Change): string;
  /** What became of an edit of this person. */
  mutation(loginId: string, requestId: string): { completed: boolean } | undefined;
  /** Edits of this doc wait: what is read now is not the latest. */
  isStale(docId: string): boolean;
}

/**
 * Opens the state in `stateDir`, or seeds it. An accepted edit is on disk before this returns its request id. When
 * edits are due they are applied in their order at the next look at the state, which gives the same after a restart.
 * @throws {Error} when the state file is not one that this can read
 */
export function openCodaStore(options: CodaStoreOptions): CodaStore {
  const file = options.stateDir === undefined ? undefined : join(options.stateDir, "coda.json");
  const state = readState<CodaState>(file, "Coda") ?? seedCodaState(options.owner);

  const save = () => {
    if (file !== undefined) writeState(file, state);
  };

  const applyDue = () => {
    const now = options.now();
    for (const mutation of state.mutations) {
      if (!mutation.change) continue;
      if (mutation.applyAt > now) break;
      apply(state, mutation, mutation.change);
      delete mutation.change;
    }
  };

  return {
    docs() {
      applyDue();
      return state.docs.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
    },
    doc(id) {
      applyDue();
      return state.docs.find((doc) => doc.id === id);
    },
    revision: () => state.revision,
    addDoc(doc) {
      state.docs.push(doc);
      save();
    },
    change(doc, change) {
      change(doc);
      doc.updatedAt = new Date(options.now()).toISOString();
      save();
    },
    role: (loginId) => state.roles?.[loginId],
    setRole(loginId, role) {
      const changedAt = new Date(options.now()).toISOString();
      state.roles = { ...state.roles, [loginId]: { role, changedAt } };
      save();
      return changedAt;
    },
    mutate(loginId, docId, change) {
      applyDue();
      const now = options.now();
      state.mutations = state.mutations.filter((each) => each.change || each.applyAt > now - MUTATION_KEPT_MS);
      const requestId = `mutate:${randomUUID()}`;
      const applyAt = change ? now + options.mutationDelayMs : now;
      state.mutations.push({ requestId, loginId, docId, applyAt, ...(change ? { change } : {}) });
      save();
      return requestId;
    },
    mutation(loginId, requestId) {
      applyDue();
      const found = state.mutations.find((each) => each.requestId === requestId && each.loginId === loginId);
      return found && { completed: !found.change };
    },
    isStale(docId) {
      applyDue();
      return state.mutations.some((each) => each.docId === docId && each.change);
    },
  };
}

function apply(state: CodaState, mutation: Mutation, change: Change): void {
  const doc = state.docs.find((each) => each.id === mutation.docId);
  if (!doc) return;
  if (change.kind === "deleteDoc") {
    state.docs = state.docs.filter((each) => each !== doc);
    return;
  }
  const at = new Date(mutation.applyAt).toISOString();
  doc.updatedAt = at;
  if (!("tableId" in change)) {
    applyToPages(doc, change, at);
    return;
  }
  const table = doc.tables.find((each) => each.id === change.tableId);
  if (!table) return;
  state.revision += 1;
  table.updatedAt = at;

  const edit = (row: Row, { cells, cleared }: { cells: Cells; cleared: string[] }) => {
    Object.assign(row.cells, cells);
    for (const columnId of cleared) delete row.cells[columnId];
    row.updatedAt = at;
    row.revision = state.revision;
  };

  if (change.kind === "deleteRows") {
    const gone = new Set(change.rowIds);
    table.rows = table.rows.filter((row) => !gone.has(row.id));
  } else if (change.kind === "updateRow") {
    const row = table.rows.find((each) => each.id === change.rowId);
    if (row) edit(row, change);
  } else {
    for (const upsert of change.rows) {
      const matching = rowsWithKey(doc, table, change.keyColumnIds, upsert.cells);
      for (const row of matching) edit(row, upsert);
      if (matching.length > 0) continue;
      const row: Row = { id: upsert.id, createdAt: at, updatedAt: at, revision: state.revision, cells: {} };
      edit(row, upsert);
      table.rows.push(row);
    }
  }
}

type TableChange = Extract<Change, { tableId: string }>;

function applyToPages(doc: Doc, change: Exclude<Change, TableChange | { kind: "deleteDoc" }>, at: string): void {
  switch (change.kind) {
    case "publish":
      doc.published = change.published;
      return;
    case "createPage":
      doc.pages.push({ ...change.page, createdAt: at, updatedAt: at });
      return;
    case "deletePage": {
      const gone = withSubpages(doc, change.pageId);
      doc.pages = doc.pages.filter((page) => !gone.has(page.id));
      doc.tables = doc.tables.filter((table) => !gone.has(table.pageId));
      doc.views = doc.views.filter((view) => !gone.has(view.pageId));
      return;
    }
    case "updatePage": {
      const page = doc.pages.find((each) => each.id === change.pageId);
      if (!page) return;
      Object.assign(page, change.set, { updatedAt: at });
      if (!change.content) return;
      const { mode, markdown } = change.content;
      page.content = mode === "append" && page.content ? `${page.content}\n\n${markdown}` : markdown;
    }
  }
}

/** The ids of a page and of all that is below it. */
function withSubpages(doc: Doc, pageId: string): Set<string> {
  const found = new Set([pageId]);
  // A set takes what is added while it is walked through.
  for (const id of found) for (const page of doc.pages) if (page.parentId === id) found.add(page.id);
  return found;
}

function rowsWithKey(doc: Doc, table: Table, keyColumnIds: string[], cells: Cells): Row[] {
  const keys = table.columns.filter((column) => keyColumnIds.includes(column.id));
  if (keys.length === 0) return [];
  return table.rows.filter((row) =>
    keys.every((column) => isDeepStrictEqual(keyValue(doc, column, row.cells), keyValue(doc, column, cells))),
  );
}
