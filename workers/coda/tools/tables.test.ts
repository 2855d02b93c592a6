import { beforeAll, expect, test } from "vitest";
import { SEEDED_TASKS } from "../../../local/standins/coda/seed.ts";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

const harness = codaHarness({ mutationDelayMs: 10 });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});

const tasks = { doc: DOC, table: "Tasks" };

test("list_tables: tells tables from views, in either order, and goes on by its cursor", async () => {
  const tables = (args: object = {}) =>
    call<{ tables: { name: string }[]; next_cursor?: string }>(client, "list_tables", { doc: DOC, ...args });
  const names = async (args: object) => (await tables(args)).tables.map(({ name }) => name);
  expect((await tables()).tables).toMatchObject([
    { id: "grid-Zx52_Tasks", name: "Tasks", type: "table", page: "Task list" },
    { id: "grid-Qw81People", name: "People", type: "table", page: "Team" },
    { id: "table-Vw90InProg", name: "Tasks in progress", type: "view" },
  ]);
  expect(await names({ only: "view" })).toEqual(["Tasks in progress"]);
  expect(await names({ only: "table", by_name: true })).toEqual(["People", "Tasks"]);
  const { next_cursor } = await tables({ limit: 2 });
  expect(await names({ limit: 2, cursor: next_cursor })).toEqual(["Tasks in progress"]);
});

test("get_table: tells rows and name column, and of a view the table that it shows", async () => {
  expect(await call(client, "get_table", tasks)).toMatchObject({
    id: "grid-Zx52_Tasks",
    rows: SEEDED_TASKS,
    name_column: "c-TaskName01",
    layout: "default",
    sorted_by: [],
  });
  expect(await call(client, "get_table", { doc: DOC, table: "Tasks in progress" })).toMatchObject({
    type: "view",
    rows: 63,
    view_of: { id: "grid-Zx52_Tasks", name: "Tasks" },
  });
  expect(await refusal(client, "get_table", { doc: DOC, table: "none" })).toMatch(/^Coda answered 404/);
});

test("list_columns: tells types and what is calculated, hidden columns too unless they are not wanted", async () => {
  const columns = async (args: object = {}) =>
    (await call<{ columns: object[] }>(client, "list_columns", { ...tasks, ...args })).columns;
  const all = await columns();
  expect(all).toHaveLength(12);
  expect(all[0]).toEqual({ id: "c-TaskName01", name: "Task", type: "text", several: false, names_row: true });
  expect(all).toContainEqual(expect.objectContaining({ name: "Tags", type: "select", several: true }));
  expect(all).toContainEqual(expect.objectContaining({ name: "Assignee", type: "lookup", table: "People" }));
  expect(all).toContainEqual(expect.objectContaining({ name: "Created", calculated: true }));
  expect(await columns({ visible_only: true })).toHaveLength(11);
});

test("get_column: tells the format in detail, and what a button does", async () => {
  const column = (name: string) => call(client, "get_column", { ...tasks, column: name });
  expect(await column("Budget")).toMatchObject({
    id: "c-TaskBudget",
    type: "currency",
    format: { currencyCode: "USD", precision: 2 },
  });
  expect(await column("c-TaskFinish")).toMatchObject({
    type: "button",
    format: { action: 'ModifyRows(thisRow, Status, "Done", Closed, true)' },
  });
  expect(await refusal(client, "get_column", { ...tasks, column: "none" })).toMatch(/^Coda answered 404/);
});
