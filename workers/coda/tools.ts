import { listDocs } from "./tools/docs.ts";
import { listRows } from "./tools/rows.ts";
import { listColumns, listTables } from "./tools/tables.ts";
import { upsertRows } from "./tools/upsert-rows.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [listDocs, listTables, listColumns, listRows, upsertRows];
