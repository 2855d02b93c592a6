import { z } from "zod";
import { CodaError } from "./error.ts";
import type { Cells, Column, Doc, Table } from "./model.ts";
import { type EditValue, parseCell } from "./values.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const value = z.union([scalar, z.array(z.union([scalar, z.array(scalar)]))]);
const rowEdit = z.strictObject({ cells: z.array(z.strictObject({ column: z.string(), value })) });

/** The published description's `RowsUpsert`. */
export const rowsUpsert = z.strictObject({ rows: z.array(rowEdit), keyColumns: z.array(z.string()).optional() });
/** The published description's `RowUpdate`. */
export const rowUpdate = z.strictObject({ row: rowEdit });
/** The published description's `RowsDelete`. */
export const rowsDelete = z.strictObject({ rowIds: z.array(z.string()) });

/**
 * What a `RowEdit` sets: cells with a value, and columns whose cell it empties.
 * @param disableParsing keep values as they are
 * @throws {CodaError} 400 when it names a column that the table does not have or that is calculated
 */
export function editedCells(
  doc: Doc,
  table: Table,
  edit: { cells: { column: string; value: EditValue }[] },
  disableParsing: boolean,
): { cells: Cells; cleared: string[] } {
  const cells: Cells = {};
  const cleared = new Set<string>();
  for (const each of edit.cells) {
    const column = columnNamed(table, each.column);
    if (column.formula || column.sets)
      throw new CodaError(400, `The column "${each.column}" is calculated and cannot be edited.`);
    const cell = parseCell(doc, column, each.value, disableParsing);
    if (cell === undefined) cleared.add(column.id);
    else cells[column.id] = cell;
  }
  return { cells, cleared: [...cleared] };
}

/**
 * The column that an edit names by its id, URL or name.
 * @throws {CodaError} 400 when the table has no such column
 */
export function columnNamed(table: Table, idUrlOrName: string): Column {
  const last = URL.canParse(idUrlOrName) ? new URL(idUrlOrName).pathname.split("/").at(-1) : undefined;
  const column =
    table.columns.find((each) => each.id === idUrlOrName || each.id === last) ??
    table.columns.find((each) => each.name === idUrlOrName);
  if (!column) throw new CodaError(400, `The table "${table.name}" has no column "${idUrlOrName}".`);
  return column;
}
