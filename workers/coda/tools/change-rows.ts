import type { ToolContext } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { z } from "zod";
import { type CodaApi, defineTool } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { pathPart, rowInput, tableInput } from "./input.ts";
import { rowValues, toEdit, VALUES_EXPLAINED } from "./row-edit.ts";

const ROWS = "/docs/{docId}/tables/{tableIdOrName}/rows";
const ROW = `${ROWS}/{rowIdOrName}` as const;

interface RowNamed {
  doc: string;
  table: string;
  row: string;
}

const parametersOf = ({ doc, table, row }: RowNamed) => ({ docId: doc, tableIdOrName: table, rowIdOrName: row });

/** Ids of rows look so in the description of the API: `i-tuVwxYz`. */
const isRowId = (idOrName: string) => idOrName.startsWith("i-");

export const updateRow = defineTool({
  name: "update_row",
  title: "Change a row",
  description:
    "Changes cells of one row of a table in a Coda doc. Answers when Coda has applied it. upsert_rows changes many at a time.",
  scope: "coda:write",
  toolset: "tables",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ ...rowInput, values: rowValues.describe(`The new values ${VALUES_EXPLAINED}`) }),
  output: z.object({ id: z.string().describe("Id of the row"), ...editOutput }),
  async run({ values, ...named }, context) {
    const body = { row: toEdit(values) };
    // By its name, a second try could change another row of the same name.
    const advice = isRowId(named.row)
      ? { unanswered: "Doing it again does no harm." }
      : {
          unanswered: "The row may have been changed all the same: look with list_rows before you try again.",
          once: true,
        };
    const { id, requestId } = await context.upstream.put(ROW, parametersOf(named), body, context.signal, advice);
    return { id, ...(await whenApplied(requestId, context)) };
  },
});

export const deleteRow = defineTool({
  name: "delete_row",
  title: "Delete a row",
  description: "Deletes one row of a table in a Coda doc. dry_run tells which row that is.",
  scope: "coda:admin",
  toolset: "tables",
  readOnly: false,
  input: z.strictObject(rowInput),
  output: z.object({ id: z.string().describe("Id of the row"), ...editOutput }),
  async preview(named, { upstream, signal }) {
    const { id, name, parent } = await upstream.get(ROW, parametersOf(named), {}, signal);
    return `Deletes the row "${name}" (${id}) of the table "${parent.name}".`;
  },
  async run(named, context) {
    const { upstream, signal } = context;
    // By its name, a second try could take another row of the same name.
    const { id } = await upstream.get(ROW, parametersOf(named), {}, signal);
    const { requestId } = await upstream.delete(ROW, parametersOf({ ...named, row: id }), undefined, signal);
    return { id, ...(await whenApplied(requestId, context)) };
  },
});

/** Rows of which a dry run looks at the name. */
const MOST_NAMED = 10;

export const deleteRows = defineTool({
  name: "delete_rows",
  title: "Delete rows",
  description: "Deletes rows of a table in a Coda doc by their ids. dry_run tells which rows these are.",
  scope: "coda:admin",
  toolset: "tables",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...tableInput,
    rows: z.array(pathPart).min(1).max(500).describe("Ids of the rows, as list_rows gives them"),
  }),
  output: z.object({ ids: z.array(z.string()).describe("Ids of the rows"), ...editOutput }),
  async preview({ doc, table, rows }, context) {
    const { upstream, signal } = context;
    const path = "/docs/{docId}/tables/{tableIdOrName}";
    const { name } = await upstream.get(path, { docId: doc, tableIdOrName: table }, {}, signal);
    const found = [];
    for (const row of rows.slice(0, MOST_NAMED)) found.push(await nameOf({ doc, table, row }, context));
    const more = rows.length > MOST_NAMED ? `, and ${rows.length - MOST_NAMED} more` : "";
    return `Deletes ${rows.length} rows of the table "${name}": ${found.join(", ")}${more}.`;
  },
  async run({ doc, table, rows }, context) {
    const parameters = { docId: doc, tableIdOrName: table };
    const body = { rowIds: rows };
    const { rowIds, requestId } = await context.upstream.delete(ROWS, parameters, body, context.signal);
    return { ids: rowIds, ...(await whenApplied(requestId, context)) };
  },
});

async function nameOf(named: RowNamed, { upstream, signal }: ToolContext<CodaApi>): Promise<string> {
  try {
    return `"${(await upstream.get(ROW, parametersOf(named), {}, signal)).name}"`;
  } catch (error) {
    if (!(error instanceof UpstreamError && error.status === 404)) throw error;
    return `${named.row} (not there)`;
  }
}

export const pushButton = defineTool({
  name: "push_button",
  title: "Push a button",
  description:
    "Pushes the button in a row of a table in a Coda doc. What it does is its own matter, deleting and sending included: dry_run tells its formula.",
  scope: "coda:write",
  toolset: "tables",
  readOnly: false,
  input: z.strictObject({ ...rowInput, column: pathPart.describe("Id (safer) or name of the button's column") }),
  output: z.object({ row: z.string().describe("Id of the row"), column: z.string().describe("Its id"), ...editOutput }),
  async preview({ column, ...named }, { upstream, signal }) {
    const row = await upstream.get(ROW, parametersOf(named), {}, signal);
    const path = "/docs/{docId}/tables/{tableIdOrName}/columns/{columnIdOrName}";
    const parameters = { docId: named.doc, tableIdOrName: named.table, columnIdOrName: column };
    const { name, format } = await upstream.get(path, parameters, {}, signal);
    const action = "action" in format && format.action ? `, which does: ${format.action}` : "";
    const button =
      format.type === "button" ? `the button "${name}"` : `nothing: "${name}" is no button, but a ${format.type},`;
    return `Pushes ${button} of the row "${row.name}"${action}.`;
  },
  async run({ column, ...named }, context) {
    const path = `${ROW}/buttons/{columnIdOrName}` as const;
    const parameters = { ...parametersOf(named), columnIdOrName: column };
    const pushed = await context.upstream.post(path, parameters, undefined, context.signal, {
      unanswered: "The button may have been pushed all the same: look at what it does before you try again.",
    });
    return { row: pushed.rowId, column: pushed.columnId, ...(await whenApplied(pushed.requestId, context)) };
  },
});
