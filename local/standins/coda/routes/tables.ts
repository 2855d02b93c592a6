import { bodyOf, byIdOrName, type CodaApp, listOf, queryOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { newId } from "../id.ts";
import { listPage } from "../list.ts";
import { booleanParameter, choiceParameter } from "../parameter.ts";
import type { Parts } from "../parts.ts";
import { columnsOf, type RowForm, resources, type TableOrView, tablesAndViews } from "../resources.ts";
import { columnNamed, editedCells, rowsDelete, rowsUpsert, rowUpdate } from "../row-edit.ts";
import { selectRows, syncToken } from "../row-query.ts";

/** Most rows that are given at once. */
const MAX_ROWS = 500;

/** Tables, views, columns and rows. */
export function addTables(app: CodaApp, { store, mutate, docOf, tableOf, rowOf }: Parts): void {
  app.get("/docs/:docId/tables", (c) => {
    const doc = docOf(c);
    const request = listOf(c);
    const types = request.query.get("tableTypes")?.split(",") ?? ["table", "view"];
    const unknown = types.find((type) => type !== "table" && type !== "view");
    if (unknown !== undefined) throw new CodaError(400, `tableTypes must be of table, view, not "${unknown}".`);
    const tables = tablesAndViews(doc).filter((table) => types.includes(table.isView ? "view" : "table"));
    if (choiceParameter(request.query, "sortBy", ["name"])) {
      tables.sort((a, b) => a.self.name.localeCompare(b.self.name));
    }
    return c.json(listPage(request, tables, (table) => resources(c.get("base")).tableReference(doc, table)));
  });

  app.get("/docs/:docId/tables/:table", (c) => {
    const { doc, table } = tableOf(c);
    return c.json(resources(c.get("base")).table(doc, table));
  });

  app.get("/docs/:docId/tables/:table/columns", (c) => {
    const { doc, table } = tableOf(c);
    const request = listOf(c);
    const columns = columnsOf(table, booleanParameter(request.query, "visibleOnly") ?? false);
    return c.json(listPage(request, columns, (column) => resources(c.get("base")).column(doc, table, column)));
  });

  app.get("/docs/:docId/tables/:table/columns/:column", (c) => {
    const { doc, table } = tableOf(c);
    const column = byIdOrName("column", columnsOf(table, false), c.req.param("column"), (each) => each);
    return c.json(resources(c.get("base")).columnDetail(doc, table, column));
  });

  app.get("/docs/:docId/tables/:table/rows", (c) => {
    const { doc, table } = tableOf(c);
    const request = listOf(c, MAX_ROWS);
    const rows = selectRows(doc, table, request.query);
    const form = rowForm(table, request.query);
    const page = listPage(request, rows, (row) => resources(c.get("base")).row(doc, table, row, form));
    return c.json(page.nextPageToken ? page : { ...page, nextSyncToken: syncToken(store.revision()) });
  });

  app.post("/docs/:docId/tables/:table/rows", async (c) => {
    const body = await bodyOf(c, rowsUpsert);
    const { doc, table } = tableOf(c);
    if (table.isView) throw new CodaError(400, "Rows can be inserted only into a table, not into a view of it.");
    const keyColumnIds = (body.keyColumns ?? []).map((key) => columnNamed(table.base, key).id);
    const rows = body.rows.map((row) => ({
      id: newId("i-"),
      ...editedCells(doc, table.base, row, booleanParameter(queryOf(c), "disableParsing") ?? false),
    }));
    const requestId = mutate(c, doc, { kind: "upsertRows", tableId: table.base.id, keyColumnIds, rows });
    return c.json({ requestId, ...(keyColumnIds.length === 0 ? { addedRowIds: rows.map((row) => row.id) } : {}) }, 202);
  });

  app.delete("/docs/:docId/tables/:table/rows", async (c) => {
    const { rowIds } = await bodyOf(c, rowsDelete);
    const { doc, table } = tableOf(c);
    const requestId = mutate(c, doc, { kind: "deleteRows", tableId: table.base.id, rowIds });
    return c.json({ requestId, rowIds }, 202);
  });

  app.get("/docs/:docId/tables/:table/rows/:row", (c) => {
    const { doc, table, row } = rowOf(c);
    return c.json(resources(c.get("base")).rowDetail(doc, table, row, rowForm(table, queryOf(c))));
  });

  app.put("/docs/:docId/tables/:table/rows/:row", async (c) => {
    const body = await bodyOf(c, rowUpdate);
    const { doc, table, row } = rowOf(c);
    const edit = editedCells(doc, table.base, body.row, booleanParameter(queryOf(c), "disableParsing") ?? false);
    const requestId = mutate(c, doc, { kind: "updateRow", tableId: table.base.id, rowId: row.id, ...edit });
    return c.json({ requestId, id: row.id }, 202);
  });

  app.delete("/docs/:docId/tables/:table/rows/:row", (c) => {
    const { doc, table, row } = rowOf(c);
    const requestId = mutate(c, doc, { kind: "deleteRows", tableId: table.base.id, rowIds: [row.id] });
    return c.json({ requestId, id: row.id }, 202);
  });

  app.post("/docs/:docId/tables/:table/rows/:row/buttons/:column", (c) => {
    const { doc, table, row } = rowOf(c);
    const column = byIdOrName("column", columnsOf(table, false), c.req.param("column"), (each) => each);
    if (!column.sets) throw new CodaError(400, `The column "${column.name}" is not a button.`);
    const requestId = mutate(c, doc, {
      kind: "updateRow",
      tableId: table.base.id,
      rowId: row.id,
      cells: column.sets,
      cleared: [],
    });
    return c.json({ requestId, rowId: row.id, columnId: column.id }, 202);
  });
}

function rowForm(table: TableOrView, query: URLSearchParams): RowForm {
  const visibleOnly = booleanParameter(query, "visibleOnly") ?? query.get("sortBy") === "natural";
  return {
    columns: columnsOf(table, visibleOnly),
    useColumnNames: booleanParameter(query, "useColumnNames") ?? false,
    valueFormat: choiceParameter(query, "valueFormat", ["simple", "simpleWithArrays", "rich"]) ?? "simple",
  };
}
