import { beforeAll, describe, expect, test } from "vitest";
import { SEEDED_TASKS } from "../../../local/standins/coda/seed.ts";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

interface Row {
  id: string;
  name: string;
  values: Record<string, unknown>;
}
interface Rows {
  rows: Row[];
  next_cursor?: string;
}

const harness = codaHarness({ mutationDelayMs: 10 });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});

const tasks = { doc: DOC, table: "Tasks" };
const list = (args: object = {}) => call<Rows>(client, "list_rows", { ...tasks, ...args });
const getRow = (row: string, args: object = {}) => call<Row>(client, "get_row", { ...tasks, row, ...args });

describe("reading rows", () => {
  test("list_rows: finds rows by a value, and gives only the columns that are named, by name or id", async () => {
    const query = '"Status":"Done"';
    const { rows } = await list({ query, columns: ["Task", "Status"], limit: 2 });
    expect(rows.map(({ values }) => Object.keys(values))).toEqual([
      ["Task", "Status"],
      ["Task", "Status"],
    ]);
    expect(rows.every(({ values }) => values.Status === "Done")).toBe(true);
    const byId = await list({ query: 'c-TaskStatus:"Done"', columns: ["c-TaskStatus"], column_ids: true, limit: 1 });
    expect(byId.rows[0]!.values).toEqual({ "c-TaskStatus": "Done" });
    expect(await refusal(client, "list_rows", { ...tasks, columns: ["Task", "State"] })).toMatch(
      /^There is no column "State" in the answer\. There are: "Task", "Status", /,
    );
    expect(await refusal(client, "list_rows", { ...tasks, query: "Status=Done" })).toMatch(
      /^Coda answered 400: query must be/,
    );
  });

  test("list_rows: gives exactly as many rows as wanted, and the cursor has all of the rest once", async () => {
    const seen: string[] = [];
    const told: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await call<Rows>(
        client,
        "list_rows",
        { ...tasks, columns: ["Task"], limit: 120, cursor },
        ({ progress }) => void told.push(progress),
      );
      expect(page.rows).toHaveLength(Math.min(120, SEEDED_TASKS - seen.length));
      seen.push(...page.rows.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor);
    expect(new Set(seen).size).toBe(SEEDED_TASKS);
    expect(told.slice(0, 2)).toEqual([50, 100]);
  });

  test("list_rows: stops where an answer gets too long for a model, and goes on from there", async () => {
    const rows = Array.from({ length: 90 }, (_, index) => ({ Name: `Long ${index}`, Role: "r".repeat(990) }));
    await call(client, "upsert_rows", { doc: DOC, table: "People", rows });
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await call<Rows>(client, "list_rows", { doc: DOC, table: "People", cursor });
      expect(JSON.stringify(page).length).toBeLessThan(60_000);
      seen.push(...page.rows.map(({ id }) => id));
      cursor = page.next_cursor;
      pages++;
    } while (cursor);
    expect(pages).toBeGreaterThan(1);
    expect([seen.length, new Set(seen).size]).toEqual([98, 98]);
    const ids = seen.slice(8);
    await call(client, "delete_rows", { doc: DOC, table: "People", rows: ids });
  });

  test("list_rows: sorts, shows only what the table shows, and gives rich values", async () => {
    await call(client, "update_row", { ...tasks, row: "i-task000003", values: { Estimate: 7 } });
    const updated = await list({ sort_by: "updated", limit: 1000, columns: ["Task"] });
    expect(updated.rows.at(-1)!.id).toBe("i-task000003");
    const shown = await list({ sort_by: "as_shown", limit: 1 });
    expect(shown.rows[0]!.values).not.toHaveProperty("External ID");
    expect((await list({ visible_only: true, limit: 1 })).rows[0]!.values).not.toHaveProperty("External ID");
    const rich = await list({ rich: true, columns: ["Assignee", "Budget"], limit: 1 });
    expect(rich.rows[0]!.values).toMatchObject({ Assignee: { rowId: "i-person0001" }, Budget: { currency: "USD" } });
  });

  test("get_row: takes an id or a name, and reads a long cell in parts", async () => {
    const notes = Array.from({ length: 12_000 }, (_, index) => String(index)).join(" ");
    await call(client, "update_row", {
      ...tasks,
      row: "i-task000005",
      values: { Task: "Long one", "External ID": notes },
    });
    expect((await getRow("Long one")).id).toBe("i-task000005");
    expect(JSON.stringify(await getRow("Long one")).length).toBeLessThan(10_000);
    const [listed] = (await list({ query: '"Task":"Long one"' })).rows;
    expect(listed!.values["External ID"]).toMatch(
      / \[characters 0 to 1000 of \d+; get_row with columns and offset has the rest\]$/,
    );

    const parts: string[] = [];
    let offset = 0;
    while (offset < notes.length) {
      const { values } = await getRow("i-task000005", { columns: ["External ID"], offset });
      const text = String(values["External ID"]);
      const [, body, end] = /^(.*) \[characters \d+ to (\d+) of/s.exec(text)!;
      parts.push(body!);
      offset = Number(end);
    }
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join("")).toBe(notes);
    expect(await refusal(client, "get_row", { ...tasks, row: "none" })).toMatch(/^Coda answered 404/);
  });
});

describe("changing rows", () => {
  test("upsert_rows: what it has written, list_rows reads; written twice by its key, it is there once", async () => {
    const people = { doc: DOC, table: "People" };
    const write = (Role: string) =>
      call<{ applied: boolean }>(client, "upsert_rows", {
        ...people,
        rows: [{ Name: "Kim", Role }],
        key_columns: ["Name"],
      });
    for (const role of ["Writer", "Editor"]) expect((await write(role)).applied).toBe(true);
    const { rows } = await call<Rows>(client, "list_rows", { ...people, query: '"Name":"Kim"' });
    expect(rows.map(({ values }) => values)).toEqual([{ Name: "Kim", "E-mail": "", Role: "Editor" }]);
    expect(
      await refusal(client, "upsert_rows", { ...people, table: "Tasks in progress", rows: [{ Task: "x" }] }),
    ).toMatch(/^Coda answered 400: .*only into a table/);
  });

  test("update_row: changes the cells that are named, empties one with null, and leaves the others", async () => {
    const before = (await getRow("i-task000010")).values;
    const values = { Estimate: 9, Tags: ["docs"], Assignee: null };
    const answer = await call(client, "update_row", { ...tasks, row: "i-task000010", values });
    expect(answer).toMatchObject({ id: "i-task000010", applied: true });
    expect((await getRow("i-task000010")).values).toEqual({ ...before, Estimate: 9, Tags: ["docs"], Assignee: "" });
    expect(await refusal(client, "update_row", { ...tasks, row: "i-task000010", values: { None: 1 } })).toMatch(
      /no column "None"/,
    );
  });

  test("update_row: is tried again when Coda is in trouble, but not by a name that others may have", async () => {
    const fail = () => harness().faults.set({ failNext: { status: 503, times: 1 } });
    fail();
    await call(client, "update_row", { ...tasks, row: "i-task000011", values: { Estimate: 1 } });
    const { name } = await getRow("i-task000011");
    fail();
    expect(await refusal(client, "update_row", { ...tasks, row: name, values: { Estimate: 2 } })).toMatch(
      /look with list_rows before you try again/,
    );
    expect((await getRow("i-task000011")).values).toMatchObject({ Estimate: 1 });
  });

  test("delete_row: names the row in a dry run, and then it is gone", async () => {
    const [row] = (await list({ limit: 1, query: '"External ID":"EXT-0020"' })).rows;
    const args = { ...tasks, row: row!.name };
    expect(await call(client, "delete_row", { ...args, dry_run: true })).toEqual({
      would: `Deletes the row "${row!.name}" (i-task000020) of the table "Tasks".`,
    });
    expect((await getRow("i-task000020")).name).toBe(row!.name);
    expect(await call(client, "delete_row", args)).toMatchObject({ id: "i-task000020", applied: true });
    expect(await refusal(client, "get_row", args)).toMatch(/^Coda answered 404/);
  });

  test("delete_rows: names them in a dry run, those that are not there too, and then they are gone", async () => {
    const rows = ["i-task000031", "i-task000032", "i-none"];
    const { would } = await call<{ would: string }>(client, "delete_rows", { ...tasks, rows, dry_run: true });
    expect(would).toMatch(/^Deletes 3 rows of the table "Tasks": "[^"]+ 31", "[^"]+ 32", i-none \(not there\)\.$/);
    const many = Array.from({ length: 12 }, (_, index) => `i-task0001${String(index).padStart(2, "0")}`);
    expect(await call(client, "delete_rows", { ...tasks, rows: many, dry_run: true })).toMatchObject({
      would: expect.stringMatching(/and 2 more\.$/),
    });
    const { rows: before } = await call<{ rows: number }>(client, "get_table", tasks);
    expect(await call(client, "delete_rows", { ...tasks, rows })).toMatchObject({ ids: rows, applied: true });
    expect(await call(client, "get_table", tasks)).toMatchObject({ rows: before - 2 });
  });

  test("push_button: tells in a dry run what the button does, and does it", async () => {
    const args = { ...tasks, row: "i-task000041", column: "Finish" };
    expect((await getRow(args.row)).values).toMatchObject({ Closed: false });
    const { would } = await call<{ would: string }>(client, "push_button", { ...args, dry_run: true });
    expect(would).toMatch(/^Pushes the button "Finish" of the row ".+ 41", which does: ModifyRows\(thisRow/);
    expect((await getRow(args.row)).values).toMatchObject({ Closed: false });
    expect(await call(client, "push_button", args)).toMatchObject({
      row: args.row,
      column: "c-TaskFinish",
      applied: true,
    });
    expect((await getRow(args.row)).values).toMatchObject({ Status: "Done", Closed: true });
    expect(await refusal(client, "push_button", { ...args, column: "Status" })).toMatch(/not a button/);
  });
});
