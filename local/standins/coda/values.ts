import { links } from "./links.ts";
import type { Cell, Cells, Column, Doc, Row, RowReference, ScalarCell, Table } from "./model.ts";

/** `ValueFormat` of the API. */
export type ValueFormat = "simple" | "simpleWithArrays" | "rich";

/** `Value` of the API: what an edit may set a cell to. */
export type EditValue = string | number | boolean | EditValue[];

type Simple = string | number | boolean;

/** The value of a row's cell, or undefined if it is empty; calculated columns are evaluated. */
export function cellOf(row: Row, column: Column): Cell | undefined {
  return column.formula === "thisRow.Created()" ? row.createdAt : row.cells[column.id];
}

/** The row's name: the value of the table's display column. */
export function rowName(doc: Doc, table: Table, row: Row): string {
  const column = table.columns.find((each) => each.display)!;
  return String(formatCell(doc, column, cellOf(row, column), "simple"));
}

/**
 * A cell as the API gives it (description of `listRows`, "Value results"). An empty cell is `""`.
 * @param doc the doc, to find rows that a lookup points at
 */
export function formatCell(doc: Doc, column: Column, cell: Cell | undefined, format: ValueFormat): unknown {
  if (cell === undefined) return "";
  const one = (value: ScalarCell) =>
    format === "rich" ? richValue(doc, column, value) : simpleValue(doc, column, value);
  if (!Array.isArray(cell)) return one(cell);
  return format === "simple" ? cell.map(one).join(",") : cell.map(one);
}

/** A cell for comparison with the same column's cell of another row; undefined if it is empty. */
export function keyValue(doc: Doc, column: Column, cells: Cells): unknown {
  const cell = cells[column.id];
  return cell === undefined ? undefined : formatCell(doc, column, cell, "simpleWithArrays");
}

/**
 * Whether a cell has the value that a query names; one of several values is enough.
 * @param wanted the JSON value of the query
 */
export function cellMatches(doc: Doc, column: Column, cell: Cell | undefined, wanted: unknown): boolean {
  if (cell === undefined) return wanted === "";
  const target = typeof wanted === "string" ? parseCell(doc, column, wanted, false) : undefined;
  return [cell].flat().some((value) => {
    if (isReference(value) && value.rowId === wanted) return true;
    const simple = simpleValue(doc, column, value);
    return simple === wanted || value === wanted || (target !== undefined && [target].flat()[0] === value);
  });
}

/**
 * What an edit's value becomes in this column: `"12"` in a number column is 12, a name in a lookup is a reference. A
 * value that does not fit is kept as it is, as in Coda; `""` and `[]` empty the cell (undefined).
 * @param disableParsing keep every value as it is
 */
export function parseCell(doc: Doc, column: Column, value: EditValue, disableParsing: boolean): Cell | undefined {
  const values = (Array.isArray(value) ? value : [value]).flat(2) as Simple[];
  const parse = (each: Simple) => (disableParsing ? each : parseScalar(doc, column, each));
  if (column.format.isArray) {
    const listed: Simple[] = disableParsing
      ? values
      : values.flatMap((each): Simple[] =>
          typeof each === "string" ? each.split(",").map((part) => part.trim()) : [each],
        );
    const cells = listed.filter((each) => each !== "").map(parse);
    return cells.length === 0 ? undefined : cells;
  }
  const single = values.length === 1 ? values[0]! : values.join(",");
  return single === "" ? undefined : parse(single);
}

function parseScalar(doc: Doc, column: Column, value: Simple): ScalarCell {
  switch (column.format.type) {
    case "text":
    case "select":
    case "email":
    case "link":
      return String(value);
    case "number":
      return parseNumber(value, /^-?[\d,]*\.?\d+$/);
    case "currency":
      return parseNumber(value, /^-?[$€£]?-?[\d,]*\.?\d+$/);
    case "button":
      return value;
    case "checkbox":
      if (value === 1 || /^true$/i.test(String(value))) return true;
      if (value === 0 || /^false$/i.test(String(value))) return false;
      return value;
    case "date":
    case "dateTime":
      return parseDate(value, column.format.type);
    case "lookup": {
      const table = doc.tables.find((each) => each.id === column.format.tableId);
      const row = table?.rows.find((each) => each.id === value || rowName(doc, table, each) === value);
      return row ? { rowId: row.id } : value;
    }
  }
}

function parseNumber(value: Simple, pattern: RegExp): Simple {
  if (typeof value !== "string" || !pattern.test(value.trim())) return value;
  return Number(value.replace(/[^\d.-]/g, ""));
}

/** The doc's time zone is UTC: a date without one is read so. */
function parseDate(value: Simple, type: "date" | "dateTime"): Simple {
  if (typeof value !== "string") return value;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) || /^\d{4}-\d\d-\d\d$/.test(value) ? value : `${value}Z`;
  const time = Date.parse(zoned);
  if (Number.isNaN(time)) return value;
  const date = new Date(time);
  if (type === "date") date.setUTCHours(0, 0, 0, 0);
  return date.toISOString();
}

function isReference(value: ScalarCell): value is RowReference {
  return typeof value === "object";
}

function referredRow(doc: Doc, column: Column, reference: RowReference): { table: Table; row: Row } | undefined {
  const table = doc.tables.find((each) => each.id === column.format.tableId);
  const row = table?.rows.find((each) => each.id === reference.rowId);
  return table && row && { table, row };
}

function simpleValue(doc: Doc, column: Column, value: ScalarCell): Simple {
  if (isReference(value)) {
    const referred = referredRow(doc, column, value);
    return referred ? rowName(doc, referred.table, referred.row) : "";
  }
  if (column.format.type === "currency" && typeof value === "number") {
    return value.toLocaleString("en-US", { style: "currency", currency: currencyOf(column) });
  }
  return value;
}

function richValue(doc: Doc, column: Column, value: ScalarCell): unknown {
  if (isReference(value)) {
    const referred = referredRow(doc, column, value);
    if (!referred) return "";
    return {
      "@context": "http://schema.org/",
      "@type": "StructuredValue",
      additionalType: "row",
      name: rowName(doc, referred.table, referred.row),
      rowId: referred.row.id,
      tableId: referred.table.id,
      tableUrl: links.table(doc, referred.table),
      url: links.row(doc, referred.table, referred.row),
    };
  }
  const { type } = column.format;
  if (type === "currency" && typeof value === "number") {
    return {
      "@context": "http://schema.org/",
      "@type": "MonetaryAmount",
      currency: currencyOf(column),
      amount: value,
    };
  }
  if (type === "link" && typeof value === "string") {
    return { "@context": "http://schema.org/", "@type": "WebPage", url: value };
  }
  if ((type === "text" || type === "select") && typeof value === "string") return `\`\`\`${value}\`\`\``;
  return value;
}

function currencyOf(column: Column): string {
  return String(column.format.details?.currencyCode ?? "USD");
}
