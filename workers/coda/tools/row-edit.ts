import { z } from "zod";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const cell = z.union([scalar, z.null(), z.array(scalar)]);

/** The name or id of a column. */
export const columnName = z.string().min(1).max(500);

/** The input of a row's values, by column. */
export const rowValues = z
  .record(columnName, cell)
  .refine((row) => Object.keys(row).length > 0, "must have a value for some column");

export type RowValues = z.output<typeof rowValues>;

/** What the values of a row may be, in words. */
export const VALUES_EXPLAINED =
  'by column, its name or (safer) id: {"Task": "Paint", "Tags": ["a", "b"]}. Columns that are left out stay as they are; null or "" empties a cell; a lookup takes the name of a row';

/** Coda knows no null. */
export function toEdit(row: RowValues) {
  return { cells: Object.entries(row).map(([column, value]) => ({ column, value: value ?? "" })) };
}
