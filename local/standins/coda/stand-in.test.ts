import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { publishedDescription } from "./published-description.ts";
import { SEEDED_TASKS } from "./seed.ts";
import { type CodaStandInOptions, createCodaStandIn } from "./stand-in.ts";

const BASE = "http://127.0.0.1:8782/coda/apis/v1";
const DOC = "/docs/pT7kXw2LmQ";
const TASKS = `${DOC}/tables/grid-Zx52_Tasks`;
const VIEW = `${DOC}/tables/table-Vw90InProg`;
const ROWS = `${TASKS}/rows`;
const ALICE = { token: "alice-token", loginId: "alice@example.com", name: "Alice Atkins" };
const BOB = { token: "bob-token", loginId: "bob@example.com", name: "Bob Brandt" };
const READER = { token: "reader-token", loginId: "rita@example.com", name: "Rita Reader", readOnly: true };
const DELAY = 1000;

// biome-ignore lint/suspicious/noExplicitAny: bodies are judged by the published description, not by types
type Body = any;

const description = publishedDescription();
const seen = new Set<string>();
const directories: string[] = [];

let clock: number;
let logged: string[];
let standIn: ReturnType<typeof createCodaStandIn>;

function start(options: Partial<CodaStandInOptions> = {}) {
  return createCodaStandIn({
    tokens: [ALICE, BOB, READER],
    log: (line) => logged.push(line),
    mutationDelayMs: DELAY,
    now: () => clock,
    ...options,
  });
}

/** Every answer that a test gets is judged by Coda's own description of it. */
async function call(method: string, path: string, options: { body?: unknown; token?: string; latest?: boolean } = {}) {
  const url = path.startsWith("http") ? path : `${BASE}${path}`;
  const response = await standIn.handler(
    new Request(url, {
      method,
      headers: {
        authorization: `Bearer ${options.token ?? ALICE.token}`,
        ...(options.latest ? { "x-coda-doc-version": "latest" } : {}),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    }),
  );
  const body: Body = await response.json();
  const operation = description.operation(method, new URL(url).pathname.slice("/coda/apis/v1".length));
  expect(description.problems(operation, response.status, body), `${method} ${url}: ${JSON.stringify(body)}`).toEqual(
    [],
  );
  // What the stand-in does is asked for as described; what it refuses need not be.
  const asked = description.requestProblems(operation, new URL(url).searchParams, options.body);
  if (response.ok) expect(asked, `${method} ${url}: ${JSON.stringify(options.body)}`).toEqual([]);
  if (operation && response.ok) seen.add(`${operation} ${response.status}`);
  return { status: response.status, body, headers: response.headers };
}

async function get(path: string) {
  const { status, body } = await call("GET", path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function refused(method: string, path: string, options: Parameters<typeof call>[2] = {}) {
  const { status, body } = await call(method, path, options);
  expect(body.statusCode).toBe(status);
  return status;
}

async function edit(method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body === undefined ? {} : { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body;
}

const cells = (values: Record<string, unknown>) => ({
  cells: Object.entries(values).map(([column, value]) => ({ column, value })),
});

function stateDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "coda-stand-in-"));
  directories.push(directory);
  return directory;
}

beforeEach(() => {
  clock = Date.UTC(2026, 10, 22, 12);
  logged = [];
  standIn = start();
});

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

describe("who may", () => {
  it("answers whoami with the person of the token", async () => {
    expect(await get("/whoami")).toMatchObject({ name: "Alice Atkins", loginId: "alice@example.com", scoped: false });
    const { body } = await call("GET", "/whoami", { token: READER.token });
    expect(body).toMatchObject({ loginId: "rita@example.com", scoped: true });
  });

  it("answers 401 without a known token", async () => {
    expect(await refused("GET", "/whoami", { token: "alice-toke" })).toBe(401);
    expect(await refused("GET", "/docs", { token: "" })).toBe(401);
    const response = await standIn.handler(new Request(`${BASE}/docs`));
    expect(response.status).toBe(401);
  });

  it("answers 403 to an edit with a token that may only read", async () => {
    const body = { rows: [cells({ Task: "no" })] };
    expect(await refused("POST", ROWS, { token: READER.token, body })).toBe(403);
    expect((await call("GET", ROWS, { token: READER.token })).status).toBe(200);
  });

  it("answers 403 for another person's doc and leaves it out of the list", async () => {
    const { body: doc } = await call("POST", "/docs", { body: { title: "Alice's own" } });
    expect(await refused("GET", `/docs/${doc.id}`, { token: BOB.token })).toBe(403);
    const { body: list } = await call("GET", "/docs", { token: BOB.token });
    expect(list.items.map((each: Body) => each.name)).toEqual(["Project Tracker"]);
  });

  it("answers an endpoint that it does not have with 404 and logs it, without the token", async () => {
    expect(await refused("GET", "/domains/provider/example.com")).toBe(404);
    expect(await refused("GET", "/packs")).toBe(404);
    expect(await refused("GET", "http://127.0.0.1:8782/coda/elsewhere")).toBe(404);
    expect(logged).toEqual([
      "Coda stand-in: no such endpoint: GET /coda/apis/v1/domains/provider/example.com",
      "Coda stand-in: no such endpoint: GET /coda/apis/v1/packs",
      "Coda stand-in: no such endpoint: GET /coda/elsewhere",
    ]);
  });

  it("refuses to start without a token", () => {
    expect(() => start({ tokens: [] })).toThrow("at least one token");
  });
});

describe("docs", () => {
  it("filters the list by name, owner and the other parameters", async () => {
    await call("POST", "/docs", { body: { title: "Budget" } });
    const names = async (query: string, token = ALICE.token) =>
      (await call("GET", `/docs?${query}`, { token })).body.items.map((each: Body) => each.name);
    expect(await names("")).toEqual(["Budget", "Project Tracker"]);
    expect(await names("query=trACK")).toEqual(["Project Tracker"]);
    expect(await names("isOwner=true", BOB.token)).toEqual([]);
    expect(await names("isOwner=false", BOB.token)).toEqual(["Project Tracker"]);
    for (const none of ["isPublished=true", "isStarred=true", "inGallery=true", "workspaceId=ws-x", "folderId=fl-x"]) {
      expect(await names(none), none).toEqual([]);
    }
    expect(await names("isStarred=false")).toHaveLength(2);
    expect(await refused("GET", "/docs?isOwner=yes")).toBe(400);
  });

  it("creates a doc with a first page, which is there at once", async () => {
    const created = await call("POST", "/docs", { body: { title: "Notes", initialPage: { name: "Start" } } });
    expect(created.status).toBe(201);
    expect(await get(`/mutationStatus/${created.body.requestId}`)).toEqual({ completed: true });
    expect(await get(`/docs/${created.body.id}`)).toMatchObject({ name: "Notes", ownerName: "Alice Atkins" });
    expect((await get(`/docs/${created.body.id}/pages`)).items).toMatchObject([{ name: "Start" }]);
    expect((await get(`/docs/${created.body.id}/tables`)).items).toEqual([]);
  });

  it("copies a doc so that edits of the copy leave the source alone", async () => {
    const { body: copy } = await call("POST", "/docs", { body: { sourceDoc: "pT7kXw2LmQ" } });
    expect(copy).toMatchObject({ name: "Copy of Project Tracker", sourceDoc: { id: "pT7kXw2LmQ" } });
    await edit("DELETE", `/docs/${copy.id}/tables/People/rows/Hiro%20Tanaka`);
    clock += DELAY;
    expect(await get(`/docs/${copy.id}/tables/People`)).toMatchObject({ rowCount: 7 });
    expect(await get(`${DOC}/tables/People`)).toMatchObject({ rowCount: 8 });
    expect((await get(`/docs?sourceDoc=pT7kXw2LmQ`)).items).toHaveLength(1);
  });

  it("deletes a doc after a while, and only for its owner", async () => {
    expect(await refused("DELETE", DOC, { token: BOB.token })).toBe(403);
    await edit("DELETE", DOC);
    expect((await call("GET", DOC)).status).toBe(200);
    clock += DELAY;
    expect(await refused("GET", DOC)).toBe(404);
  });

  it("answers 400 for a body that is not as described", async () => {
    expect(await refused("POST", "/docs", { body: { name: "title is what it is called" } })).toBe(400);
    expect(await refused("POST", "/docs", { body: { title: 7 } })).toBe(400);
    expect(await refused("POST", "/docs", { body: { folderId: "fl-unknown" } })).toBe(400);
    expect(await refused("POST", "/docs", { body: { sourceDoc: "unknown" } })).toBe(404);
  });

  it("gives pages by id and by name, with parent and children", async () => {
    expect((await get(`${DOC}/pages`)).items).toHaveLength(3);
    expect(await get(`${DOC}/pages/Task%20list`)).toMatchObject({ parent: { name: "Overview" }, children: [] });
    expect(await get(`${DOC}/pages/canvas-Overview01`)).toMatchObject({ children: [{ name: "Task list" }] });
    expect(await refused("GET", `${DOC}/pages/none`)).toBe(404);
  });
});

describe("tables and columns", () => {
  it("lists tables and views by type and name", async () => {
    const names = async (query: string) => (await get(`${DOC}/tables?${query}`)).items.map((each: Body) => each.name);
    expect(await names("")).toEqual(["Tasks", "People", "Tasks in progress"]);
    expect(await names("tableTypes=table&sortBy=name")).toEqual(["People", "Tasks"]);
    expect(await names("tableTypes=view")).toEqual(["Tasks in progress"]);
    expect(await refused("GET", `${DOC}/tables?tableTypes=chart`)).toBe(400);
  });

  it("gives a table by id and by name, and a view with its parent", async () => {
    expect(await get(TASKS)).toMatchObject({ name: "Tasks", tableType: "table", rowCount: SEEDED_TASKS });
    expect((await get(`${DOC}/tables/Tasks`)).id).toBe("grid-Zx52_Tasks");
    expect(await get(`${DOC}/tables/Tasks%20in%20progress`)).toMatchObject({
      tableType: "view",
      parentTable: { name: "Tasks" },
      rowCount: 63,
    });
    expect(await refused("GET", `${DOC}/tables/tasks`)).toBe(404);
  });

  it("gives columns by id and by name, hidden ones unless only visible ones are asked for", async () => {
    expect((await get(`${TASKS}/columns`)).items).toHaveLength(12);
    expect((await get(`${TASKS}/columns?visibleOnly=true`)).items).toHaveLength(11);
    expect((await get(`${VIEW}/columns`)).items).toHaveLength(11);
    expect(await get(`${TASKS}/columns/Assignee`)).toMatchObject({
      id: "c-TaskOwner1",
      format: { type: "lookup", table: { name: "People" } },
    });
    expect(await get(`${TASKS}/columns/c-TaskMadeAt`)).toMatchObject({ calculated: true });
    expect(await refused("GET", `${TASKS}/columns/none`)).toBe(404);
  });
});

describe("reading rows", () => {
  it("pages through all rows by token and by link, keeping the parameters of the first request", async () => {
    const first = await get(`${ROWS}?limit=100&useColumnNames=true`);
    const second = await get(`${ROWS}?limit=1&pageToken=${first.nextPageToken}`);
    const third = await get(second.nextPageLink);
    expect(second.nextPageLink.startsWith(`${BASE}${ROWS}?pageToken=`)).toBe(true);
    expect(third).not.toHaveProperty("nextPageToken");
    expect(third).not.toHaveProperty("nextPageLink");
    const rows = [first, second, third].flatMap((page) => page.items);
    expect(new Set(rows.map((row) => row.id)).size).toBe(SEEDED_TASKS);
    expect(rows.map((row) => row.index)).toEqual(Array.from({ length: SEEDED_TASKS }, (_, index) => index));
    expect(rows.every((row) => "Task" in row.values)).toBe(true);
  });

  it("gives 25 rows unless asked, and never more than 500", async () => {
    expect((await get(ROWS)).items).toHaveLength(25);
    expect((await get(`${ROWS}?limit=100000`)).items).toHaveLength(SEEDED_TASKS);
    await edit("POST", ROWS, { rows: Array.from({ length: 300 }, (_, index) => cells({ Task: `more ${index}` })) });
    clock += DELAY;
    expect((await get(`${ROWS}?limit=100000`)).items).toHaveLength(500);
  });

  it("answers 400 for a limit or token that it cannot use", async () => {
    const { nextPageToken } = await get(ROWS);
    for (const query of ["limit=0", "limit=x", "limit=1.5", "pageToken=x", "syncToken=x"]) {
      expect(await refused("GET", `${ROWS}?${query}`), query).toBe(400);
    }
    expect(await refused("GET", `${TASKS}/columns?pageToken=${nextPageToken}`)).toBe(400);
  });

  it("gives values in each format", async () => {
    const row = async (valueFormat: string) =>
      (await get(`${ROWS}/i-task000001?useColumnNames=true&valueFormat=${valueFormat}`)).values;
    expect(await row("simple")).toMatchObject({
      Task: "Draft landing page 1",
      Assignee: "Alice Atkins",
      Budget: "$100.00",
      Estimate: 0.5,
      Tags: "design,docs",
      Closed: false,
      Due: "2026-02-02T00:00:00.000Z",
      Created: "2026-01-05T09:01:00.000Z",
    });
    expect((await row("simpleWithArrays")).Tags).toEqual(["design", "docs"]);
    expect(await row("rich")).toMatchObject({
      Task: "```Draft landing page 1```",
      Assignee: { "@type": "StructuredValue", name: "Alice Atkins", rowId: "i-person0001", tableId: "grid-Qw81People" },
      Budget: { "@type": "MonetaryAmount", currency: "USD", amount: 100 },
      Link: { "@type": "WebPage", url: "https://example.com/tasks/1" },
      Tags: ["```design```", "```docs```"],
    });
    expect((await get(`${ROWS}/i-task000009?useColumnNames=true`)).values.Assignee).toBe("");
    expect(await refused("GET", `${ROWS}?valueFormat=fancy`)).toBe(400);
  });

  it("names values by column id unless names are asked for", async () => {
    const { values, name, parent } = await get(`${ROWS}/Draft%20landing%20page%201`);
    expect(values["c-TaskName01"]).toBe("Draft landing page 1");
    expect(name).toBe("Draft landing page 1");
    expect(parent.name).toBe("Tasks");
  });

  it("filters by a column's id or quoted name and a JSON value", async () => {
    const count = async (query: string) =>
      (await get(`${ROWS}?limit=500&query=${encodeURIComponent(query)}`)).items.length;
    expect(await count('c-TaskStatus:"Blocked"')).toBe(62);
    expect(await count('"Status":"Blocked"')).toBe(62);
    expect(await count('"External ID":"EXT-0042"')).toBe(1);
    expect(await count('"Assignee":"Chidi Okafor"')).toBe(27);
    expect(await count('"Assignee":"i-person0003"')).toBe(27);
    expect(await count('"Assignee":""')).toBe(27);
    expect(await count('"Tags":"infra"')).toBe(100);
    expect(await count('"Closed":true')).toBe(62);
    expect(await count('"Budget":100')).toBe(7);
    expect(await count('"Budget":"$100.00"')).toBe(7);
    expect(await count('"Due":"2026-02-02"')).toBe(3);
    for (const bad of ["Status", '"Status":Blocked', '"No such":1', ""]) {
      expect(await refused("GET", `${ROWS}?query=${encodeURIComponent(bad)}`), bad).toBe(400);
    }
  });

  it("keeps the filter across pages", async () => {
    const first = await get(`${ROWS}?limit=50&query=${encodeURIComponent('"Status":"Blocked"')}`);
    const second = await get(first.nextPageLink);
    expect(second.items).toHaveLength(12);
    expect(second.items.every((row: Body) => row.values["c-TaskStatus"] === "Blocked")).toBe(true);
  });

  it("gives only visible rows and columns when asked", async () => {
    expect((await get(`${ROWS}?limit=1`)).items[0].values).toHaveProperty("c-TaskExtId1");
    expect((await get(`${ROWS}?limit=1&visibleOnly=true`)).items[0].values).not.toHaveProperty("c-TaskExtId1");
    expect((await get(`${ROWS}?limit=1&sortBy=natural`)).items[0].values).not.toHaveProperty("c-TaskExtId1");
    expect((await get(`${VIEW}/rows?limit=500`)).items).toHaveLength(63);
    expect(await refused("GET", `${VIEW}/rows/i-task000001`)).toBe(404);
    expect(await refused("GET", `${ROWS}?sortBy=natural&visibleOnly=false`)).toBe(400);
  });

  it("sorts by the time of the last update", async () => {
    await edit("PUT", `${ROWS}/i-task000001`, { row: cells({ Estimate: 9 }) });
    clock += DELAY;
    const byUpdate = (await get(`${ROWS}?limit=500&sortBy=updatedAt`)).items;
    expect(byUpdate.at(-1).id).toBe("i-task000001");
    expect((await get(`${ROWS}?limit=1&sortBy=createdAt`)).items[0].id).toBe("i-task000001");
  });

  it("gives only what changed since a sync token", async () => {
    const { nextSyncToken } = await get(`${ROWS}?limit=500`);
    expect((await get(`${ROWS}?syncToken=${nextSyncToken}`)).items).toEqual([]);
    await edit("PUT", `${ROWS}/i-task000007`, { row: cells({ Status: "Done" }) });
    clock += DELAY;
    const changed = await get(`${ROWS}?syncToken=${nextSyncToken}`);
    expect(changed.items.map((row: Body) => row.id)).toEqual(["i-task000007"]);
  });
});

describe("editing rows", () => {
  it("makes an inserted row visible to the next read once the mutation is applied, not before", async () => {
    const { requestId, addedRowIds } = await edit("POST", ROWS, {
      rows: [cells({ Task: "Write the plan", "c-TaskStatus": "In progress", Assignee: "Dana Novak" })],
    });
    const row = `${ROWS}/${addedRowIds[0]}`;
    expect(await get(`/mutationStatus/${requestId}`)).toEqual({ completed: false });
    expect(await refused("GET", row)).toBe(404);
    expect(await refused("GET", ROWS, { latest: true })).toBe(400);
    clock += DELAY;
    expect(await get(`/mutationStatus/${requestId}`)).toEqual({ completed: true });
    expect((await call("GET", row, { latest: true })).status).toBe(200);
    expect(await get(row)).toMatchObject({ name: "Write the plan", index: SEEDED_TASKS });
    expect(await get(TASKS)).toMatchObject({ rowCount: SEEDED_TASKS + 1 });
    expect((await get(`${VIEW}/rows?limit=500`)).items.at(-1)).toMatchObject({ name: "Write the plan" });
  });

  it("reads values as the columns need them, and not when parsing is disabled", async () => {
    const row = cells({
      Task: 42,
      Assignee: "i-person0002",
      Due: "2026-12-24",
      Estimate: "3.5",
      Budget: "$1,234.50",
      Tags: "docs, infra",
      Closed: "true",
    });
    const { addedRowIds } = await edit("POST", ROWS, { rows: [row] });
    const raw = await edit("POST", `${ROWS}?disableParsing=true`, { rows: [cells({ Task: "raw", Estimate: "3.5" })] });
    clock += DELAY;
    const { values } = await get(`${ROWS}/${addedRowIds[0]}?useColumnNames=true&valueFormat=simpleWithArrays`);
    expect(values).toMatchObject({
      Task: "42",
      Assignee: "Bilal Haddad",
      Due: "2026-12-24T00:00:00.000Z",
      Estimate: 3.5,
      Budget: "$1,234.50",
      Tags: ["docs", "infra"],
      Closed: true,
      Status: "",
    });
    const { values: unparsed } = await get(`${ROWS}/${raw.addedRowIds[0]}?useColumnNames=true`);
    expect(unparsed.Estimate).toBe("3.5");
  });

  it("updates every row that matches the key columns and inserts where none does", async () => {
    const upsert = { keyColumns: ["External ID"] };
    const answer = await edit("POST", ROWS, {
      ...upsert,
      rows: [cells({ "External ID": "EXT-0003", Status: "Blocked" }), cells({ "External ID": "EXT-9", Task: "New" })],
    });
    expect(answer).not.toHaveProperty("addedRowIds");
    // A second upsert with the same key, accepted before the first is applied, must not insert again.
    await edit("POST", ROWS, { ...upsert, rows: [cells({ "External ID": "EXT-9", Task: "New, renamed" })] });
    clock += DELAY;
    expect((await get(`${ROWS}/i-task000003`)).values["c-TaskStatus"]).toBe("Blocked");
    const found = await get(`${ROWS}?query=${encodeURIComponent('"External ID":"EXT-9"')}`);
    expect(found.items.map((row: Body) => row.name)).toEqual(["New, renamed"]);
    expect(await get(TASKS)).toMatchObject({ rowCount: SEEDED_TASKS + 1 });

    await edit("POST", ROWS, { keyColumns: ["Status"], rows: [cells({ Status: "Done", Estimate: 1 })] });
    clock += DELAY;
    const done = await get(`${ROWS}?limit=500&query=${encodeURIComponent('"Status":"Done"')}`);
    expect(done.items).toHaveLength(62);
    expect(done.items.every((row: Body) => row.values["c-TaskEffort"] === 1)).toBe(true);
  });

  it("updates one row, by name too, empties cells and leaves the others", async () => {
    const row = `${ROWS}/Draft%20landing%20page%201`;
    const { id } = await edit("PUT", row, { row: cells({ Assignee: "", Tags: [], Estimate: 4 }) });
    expect(id).toBe("i-task000001");
    clock += DELAY;
    const { values, updatedAt, createdAt } = await get(`${row}?useColumnNames=true`);
    expect(values).toMatchObject({ Assignee: "", Tags: "", Estimate: 4, Status: "Not started" });
    expect(updatedAt).toBe(new Date(clock).toISOString());
    expect(createdAt).toBe("2026-01-05T09:01:00.000Z");
  });

  it("deletes one row and many rows, through a view too", async () => {
    await edit("DELETE", `${ROWS}/i-task000001`);
    await edit("DELETE", `${VIEW}/rows/i-task000002`);
    await edit("DELETE", ROWS, { rowIds: ["i-task000003", "i-task000004", "i-unknown"] });
    clock += DELAY;
    expect(await get(TASKS)).toMatchObject({ rowCount: SEEDED_TASKS - 4 });
    expect(await refused("GET", `${ROWS}/i-task000003`)).toBe(404);
    expect(await refused("DELETE", `${ROWS}/i-task000003`)).toBe(404);
  });

  it("leaves a lookup of a deleted row empty", async () => {
    await edit("DELETE", `${DOC}/tables/People/rows/i-person0001`);
    clock += DELAY;
    const { values } = await get(`${ROWS}/i-task000001?useColumnNames=true&valueFormat=rich`);
    expect(values.Assignee).toBe("");
  });

  it("answers 400 for an edit that is not as described, and changes nothing", async () => {
    const bad: [string, string, unknown][] = [
      ["POST", ROWS, {}],
      ["POST", ROWS, { rows: [{ cells: [{ column: "Task" }] }] }],
      ["POST", ROWS, { rows: [cells({ Task: null })] }],
      ["POST", ROWS, { rows: [cells({ Task: { text: "x" } })] }],
      ["POST", ROWS, { rows: [cells({ "No such column": "x" })] }],
      ["POST", ROWS, { rows: [cells({ Created: "2026-01-01" })] }],
      ["POST", ROWS, { rows: [cells({ Task: "x" })], keyColumns: ["No such column"] }],
      ["POST", `${VIEW}/rows`, { rows: [cells({ Task: "x" })] }],
      ["POST", `${ROWS}?disableParsing=perhaps`, { rows: [cells({ Task: "x" })] }],
      ["PUT", `${ROWS}/i-task000001`, { rows: [] }],
      ["DELETE", ROWS, { rowIds: "i-task000001" }],
    ];
    for (const [method, path, body] of bad) {
      expect(await refused(method, path, { body }), `${method} ${JSON.stringify(body)}`).toBe(400);
    }
    expect(await refused("POST", ROWS)).toBe(400);
    expect(await refused("PUT", `${ROWS}/i-unknown`, { body: { row: cells({ Task: "x" }) } })).toBe(404);
    clock += DELAY;
    expect(await get(TASKS)).toMatchObject({ rowCount: SEEDED_TASKS });
  });

  it("knows a mutation for a day, and only for the person who made it", async () => {
    const { requestId } = await edit("DELETE", `${ROWS}/i-task000001`);
    expect(await refused("GET", `/mutationStatus/${requestId}`, { token: BOB.token })).toBe(404);
    expect(await refused("GET", "/mutationStatus/unknown")).toBe(404);
    clock += 23 * 60 * 60_000;
    await edit("DELETE", `${ROWS}/i-task000002`);
    expect(await get(`/mutationStatus/${requestId}`)).toEqual({ completed: true });
    clock += 2 * 60 * 60_000;
    await edit("DELETE", `${ROWS}/i-task000003`);
    expect(await refused("GET", `/mutationStatus/${requestId}`)).toBe(404);
  });
});

describe("changing docs and pages", () => {
  it("renames a doc at once, and gives it an icon", async () => {
    const { status } = await call("PATCH", DOC, { body: { title: "Tracker", iconName: "rocket" } });
    expect(status).toBe(200);
    expect(await get(DOC)).toMatchObject({ name: "Tracker", icon: { name: "rocket" } });
    expect(await refused("PATCH", DOC, { body: { name: "x" } })).toBe(400);
  });

  it("makes, changes and deletes a page after a while, with what is below it", async () => {
    const body = { name: "Plans", subtitle: "Ours", imageUrl: "https://example.com/a.png" };
    const { id } = await edit("POST", `${DOC}/pages`, body);
    expect(await refused("GET", `${DOC}/pages/${id}`)).toBe(404);
    clock += DELAY;
    expect(await get(`${DOC}/pages/Plans`)).toMatchObject({ id, subtitle: "Ours", contentType: "canvas" });
    const below = await edit("POST", `${DOC}/pages`, { name: "Below", parentPageId: id });
    await edit("PUT", `${DOC}/pages/${id}`, { name: "Plans of ours", iconName: "star", isHidden: true });
    clock += DELAY;
    expect(await get(`${DOC}/pages/${id}`)).toMatchObject({ name: "Plans of ours", isHidden: true });
    expect(await get(`${DOC}/pages/${below.id}`)).toMatchObject({ isEffectivelyHidden: true, isHidden: false });
    await edit("DELETE", `${DOC}/pages/${id}`);
    clock += DELAY;
    expect(await refused("GET", `${DOC}/pages/${below.id}`)).toBe(404);
    await edit("DELETE", `${DOC}/pages/Team`);
    clock += DELAY;
    expect(await refused("GET", `${DOC}/tables/People`)).toBe(404);
    expect(await refused("POST", `${DOC}/pages`, { body: { name: "x", parentPageId: "none" } })).toBe(400);
    expect(await refused("POST", `${DOC}/pages`, { body: { title: "x" } })).toBe(400);
  });

  it("keeps content in either format, appends to it, and exports it in either", async () => {
    const pageContent = { type: "canvas", canvasContent: { format: "html", content: "<h2>A</h2><p>b <b>c</b></p>" } };
    const { id } = await edit("POST", `${DOC}/pages`, { name: "Text", pageContent });
    clock += DELAY;
    const canvasContent = { format: "markdown", content: "- d\n- e" };
    await edit("PUT", `${DOC}/pages/${id}`, { contentUpdate: { insertionMode: "append", canvasContent } });
    clock += DELAY;
    expect(await exported(id, "markdown")).toBe("## A\n\nb **c**\n\n- d\n- e");
    expect(await exported(id, "html")).toBe("<h2>A</h2>\n<p>b <strong>c</strong></p>\n<ul><li>d</li><li>e</li></ul>");
    await edit("PUT", `${DOC}/pages/${id}`, { contentUpdate: { insertionMode: "replace", canvasContent } });
    clock += DELAY;
    expect(await exported(id, "markdown")).toBe("- d\n- e");
  });

  it("exports after a while, to whoever has the link and shows no credential, for an hour", async () => {
    const begun = await edit("POST", `${DOC}/pages/Team/export`, { outputFormat: "markdown" });
    const { status } = await get(begun.href);
    expect(status).toBe("inProgress");
    clock += DELAY;
    const { downloadLink } = await get(begun.href);
    expect(new URL(downloadLink).pathname).not.toContain("/apis/v1");
    const download = (headers = {}) => standIn.handler(new Request(downloadLink, { headers }));
    expect(await (await download()).text()).toMatch(/^Who is who/);
    expect((await download({ authorization: `Bearer ${ALICE.token}` })).status).toBe(400);
    expect((await standIn.handler(new Request(`${downloadLink}x`))).status).toBe(404);
    expect(await refused("GET", begun.href.replace("Team", "Overview").replace("TeamPage03", "Overview01"))).toBe(404);
    clock += 61 * 60_000;
    expect((await download()).status).toBe(404);
    expect(await refused("GET", begun.href)).toBe(404);
    expect(await refused("POST", `${DOC}/pages/Team/export`, { body: { outputFormat: "pdf" } })).toBe(400);
  });

  it("has pages without content of their own, which it neither writes nor exports", async () => {
    const pageContent = { type: "embed", url: "https://example.com/" };
    const { id } = await edit("POST", `${DOC}/pages`, { name: "Site", pageContent });
    clock += DELAY;
    expect(await get(`${DOC}/pages/${id}`)).toMatchObject({ contentType: "embed" });
    expect(await refused("POST", `${DOC}/pages/${id}/export`, { body: { outputFormat: "html" } })).toBe(400);
    const canvasContent = { format: "markdown", content: "x" };
    const body = { contentUpdate: { insertionMode: "append", canvasContent } };
    expect(await refused("PUT", `${DOC}/pages/${id}`, { body })).toBe(400);
  });

  async function exported(page: string, outputFormat: string): Promise<string> {
    const { href } = await edit("POST", `${DOC}/pages/${page}/export`, { outputFormat });
    clock += DELAY;
    const { downloadLink } = await get(href);
    return (await standIn.handler(new Request(downloadLink))).text();
  }
});

describe("buttons, formulas, controls and automations", () => {
  it("pushes a button: what it sets is seen after a while, and only a button can be pushed", async () => {
    const row = `${ROWS}/i-task000001`;
    expect(await edit("POST", `${row}/buttons/Finish`)).toMatchObject({
      rowId: "i-task000001",
      columnId: "c-TaskFinish",
    });
    clock += DELAY;
    expect((await get(`${row}?useColumnNames=true`)).values).toMatchObject({ Status: "Done", Closed: true });
    expect(await refused("POST", `${row}/buttons/Status`)).toBe(400);
    expect(await refused("POST", `${row}/buttons/none`)).toBe(404);
    expect(await refused("PUT", row, { body: { row: cells({ Finish: "x" }) } })).toBe(400);
  });

  it("gives formulas, whose value follows the rows, and controls", async () => {
    expect((await get(`${DOC}/formulas?sortBy=name`)).items).toMatchObject([{ name: "Open tasks" }]);
    const before = (await get(`${DOC}/formulas/Open%20tasks`)).value;
    await edit("DELETE", `${ROWS}/i-task000001`);
    clock += DELAY;
    expect((await get(`${DOC}/formulas/f-OpenTasks1`)).value).toBe(before - 1);
    expect((await get(`${DOC}/controls?limit=1`)).items).toMatchObject([{ name: "Capacity" }]);
    expect(await get(`${DOC}/controls/Quarter`)).toMatchObject({ controlType: "select", value: ["Q1", "Q2"] });
    expect(await refused("GET", `${DOC}/controls/none`)).toBe(404);
  });

  it("starts an automation with a payload, and refuses one that is off", async () => {
    await edit("POST", `${DOC}/hooks/automation/grid-auto-Intake001`, { task: "From a hook", more: { a: 1 } });
    clock += DELAY;
    const found = await get(`${ROWS}?query=${encodeURIComponent('"Task":"From a hook"')}`);
    expect(found.items).toHaveLength(1);
    const hook = (id: string) => refused("POST", `${DOC}/hooks/automation/${id}`, { body: {} });
    expect(await hook("grid-auto-Paused002")).toBe(422);
    expect(await hook("none")).toBe(404);
  });
});

describe("sharing and publishing", () => {
  const bob = (body?: unknown) => ({ token: BOB.token, ...(body === undefined ? {} : { body }) });
  let doc: string;

  beforeEach(async () => {
    doc = `/docs/${(await call("POST", "/docs", { body: { title: "Alice's own" } })).body.id}`;
  });

  const share = async (access: string, principal: object, token = ALICE.token) =>
    (await call("POST", `${doc}/acl/permissions`, { token, body: { access, principal } })).status;
  const BOBS = { type: "email", email: BOB.loginId };

  it("lets in whom it is shared with, as far as it is", async () => {
    expect(await refused("GET", doc, bob())).toBe(403);
    expect(await share("readonly", BOBS)).toBe(200);
    expect((await call("GET", doc, bob())).status).toBe(200);
    expect(await refused("PATCH", doc, bob({ title: "Bob's" }))).toBe(403);
    expect(await share("write", { type: "anyone" })).toBe(200);
    expect((await call("PATCH", doc, bob({ title: "Ours" }))).status).toBe(200);
    const { items } = await get(`${doc}/acl/permissions`);
    expect(items.map((each: Body) => [each.access, each.principal.type])).toEqual([
      ["write", "email"],
      ["readonly", "email"],
      ["write", "anyone"],
    ]);
    for (const { id } of items.slice(1)) {
      expect((await call("DELETE", `${doc}/acl/permissions/${id}`)).status).toBe(200);
    }
    expect(await refused("GET", doc, bob())).toBe(403);
    expect(await refused("DELETE", `${doc}/acl/permissions/${items[0].id}`)).toBe(400);
    expect(await refused("DELETE", `${doc}/acl/permissions/none`)).toBe(404);
  });

  it("refuses principals that there are not, and the owner", async () => {
    for (const principal of [
      { type: "email", email: "nobody" },
      { type: "email", email: ALICE.loginId },
      { type: "group", groupId: "none" },
      { type: "workspace", workspaceId: "none" },
      { type: "domain" },
    ]) {
      expect(await share("readonly", principal), JSON.stringify(principal)).toBe(400);
    }
    for (const principal of [
      { type: "group", groupId: "grp-Local0Crew" },
      { type: "workspace", workspaceId: "ws-Local0Work" },
      { type: "domain", domain: "example.com" },
    ]) {
      expect(await share("readonly", principal)).toBe(200);
    }
  });

  it("lets editors share it or not, as its owner says", async () => {
    await share("write", BOBS);
    expect(await get(`${doc}/acl/settings`)).toMatchObject({ allowEditorsToChangePermissions: true });
    expect(await share("readonly", { type: "anyone" }, BOB.token)).toBe(200);
    const settings = { allowEditorsToChangePermissions: false, allowCopying: false };
    expect(await refused("PATCH", `${doc}/acl/settings`, bob(settings))).toBe(403);
    const { body } = await call("PATCH", `${doc}/acl/settings`, { body: settings });
    expect(body).toEqual({ ...settings, allowViewersToRequestEditing: true });
    expect(await share("write", { type: "anyone" }, BOB.token)).toBe(403);
    expect((await call("GET", `${doc}/acl/metadata`, bob())).body).toMatchObject({ canShare: false });
    expect(await get(`${doc}/acl/metadata`)).toMatchObject({ canShare: true });
  });

  it("finds people and groups, and none without a query", async () => {
    const search = (query: string) => get(`${doc}/acl/principals/search${query}`);
    expect(await search("?query=BRANDT")).toMatchObject({ users: [{ loginId: BOB.loginId }], groups: [] });
    expect(await search("?query=crew")).toMatchObject({ users: [], groups: [{ groupName: "Crew" }] });
    expect(await search("")).toEqual({ users: [], groups: [] });
  });

  it("publishes after a while and unpublishes at once, for the owner only", async () => {
    const { items } = await get("/categories");
    const body = { slug: "own", discoverable: true, earnCredit: true, categoryNames: [items[0].name], mode: "edit" };
    await edit("PUT", `${doc}/publish`, body);
    expect(await get(doc)).not.toHaveProperty("published");
    clock += DELAY;
    expect((await get(doc)).published).toMatchObject({ browserLink: "https://coda.io/@own", mode: "edit" });
    expect((await get("/docs?isPublished=true")).items).toHaveLength(1);
    expect((await get("/docs?inGallery=true")).items).toHaveLength(1);
    expect(await refused("PUT", `${DOC}/publish`, { body: { slug: "own" } })).toBe(400);
    expect(await refused("PUT", `${doc}/publish`, { body: { categoryNames: ["none"] } })).toBe(400);
    await share("write", BOBS);
    expect(await refused("PUT", `${doc}/publish`, bob({}))).toBe(403);
    expect(await refused("DELETE", `${doc}/publish`, bob())).toBe(403);
    const { body: copy } = await call("POST", "/docs", { body: { sourceDoc: doc.slice("/docs/".length) } });
    expect(await get(`/docs/${copy.id}`)).not.toHaveProperty("published");
    expect((await call("DELETE", `${doc}/publish`)).status).toBe(200);
    expect(await get(doc)).not.toHaveProperty("published");
  });
});

describe("the workspace", () => {
  const WORKSPACE = "/workspaces/ws-Local0Work";
  const change = (email: string, newRole: string) => ({ body: { email, newRole } });

  it("has the people of the tokens, the asking one first, with roles that an admin changes", async () => {
    const roles = async (token = ALICE.token) =>
      (await call("GET", `${WORKSPACE}/users`, { token })).body.items.map(({ name, role }: Body) => [name, role]);
    expect(await roles()).toEqual([
      ["Alice Atkins", "Admin"],
      ["Bob Brandt", "Editor"],
      ["Rita Reader", "Editor"],
    ]);
    expect((await roles(BOB.token))[0]).toEqual(["Bob Brandt", "Editor"]);
    const { body } = await call("POST", `${WORKSPACE}/users/role`, change(BOB.loginId, "DocMaker"));
    expect(body).toEqual({ roleChangedAt: new Date(clock).toISOString() });
    const { items } = await get(`${WORKSPACE}/users?includedRoles=DocMaker`);
    expect(items).toMatchObject([{ email: BOB.loginId, roleChangedAt: body.roleChangedAt, ownedDocs: 0 }]);
    const [month] = (await get(`${WORKSPACE}/roles`)).items;
    expect(month).toMatchObject({
      month: "2026-11",
      activeAdminCount: 1,
      activeDocMakerCount: 1,
      activeEditorCount: 1,
    });
  });

  it("refuses who is no admin or no member, and other workspaces", async () => {
    const asBob = { ...change(ALICE.loginId, "Editor"), token: BOB.token };
    expect(await refused("POST", `${WORKSPACE}/users/role`, asBob)).toBe(403);
    expect(await refused("POST", `${WORKSPACE}/users/role`, change("nobody@example.com", "Editor"))).toBe(404);
    expect(await refused("POST", `${WORKSPACE}/users/role`, change(BOB.loginId, "Owner"))).toBe(400);
    expect(await refused("GET", "/workspaces/none/users")).toBe(404);
    expect(await refused("GET", "/workspaces/none/roles")).toBe(404);
  });
});

describe("analytics", () => {
  const days = "sinceDate=2026-11-18&untilDate=2026-11-30";

  it("has numbers up to yesterday, the same every time, by day and as a sum", async () => {
    expect(await get("/analytics/updated")).toMatchObject({ docAnalyticsLastUpdated: "2026-11-21" });
    const daily = await get(`/analytics/docs?${days}&docIds=pT7kXw2LmQ&scale=daily`);
    const { metrics } = daily.items[0];
    expect(metrics.map(({ date }: Body) => date)).toEqual(["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"]);
    expect(await get(`/analytics/docs?${days}&docIds=pT7kXw2LmQ&scale=daily`)).toEqual(daily);
    const sum = await get(`/analytics/docs?${days}&scale=cumulative`);
    const total = metrics.reduce((all: number, { totalSessions }: Body) => all + totalSessions, 0);
    expect(sum.items[0].metrics).toMatchObject([{ totalSessions: total }]);
    expect(await get(`/analytics/docs/summary?${days}`)).toEqual({ totalSessions: total });
    expect((await get("/analytics/docs")).items[0].metrics).toHaveLength(30);
    expect((await get("/analytics/docs?isPublished=true")).items).toEqual([]);
    expect(await refused("GET", "/analytics/docs?sinceDate=yesterday")).toBe(400);
  });

  it("has numbers of each page", async () => {
    const { items } = await get(`/analytics/docs/pT7kXw2LmQ/pages?${days}&limit=2`);
    expect(items.map(({ page, metrics }: Body) => [page.name, metrics.length])).toEqual([
      ["Overview", 4],
      ["Task list", 4],
    ]);
  });
});

describe("browser links", () => {
  const resolve = (url: string, more = "") => call("GET", `/resolveBrowserLink?url=${encodeURIComponent(url)}${more}`);

  it("resolves the link of every kind of object to that object", async () => {
    for (const path of [DOC, `${DOC}/pages/Team`, TASKS, VIEW, `${DOC}/tables/People/rows/i-person0005`]) {
      const object = await get(path);
      const { body } = await resolve(object.browserLink);
      expect(body).toMatchObject({
        browserLink: object.browserLink,
        resource: { type: object.type, id: object.id, name: object.name, href: object.href },
      });
      expect(await get(body.resource.href)).toEqual(object);
    }
  });

  it("resolves a link with the doc's name and Coda's u before the table's id", async () => {
    const { body } = await resolve("https://coda.io/d/Some-Doc_dpT7kXw2LmQ/#Tasks_tuZx52_Tasks");
    expect(body.resource).toMatchObject({ type: "table", name: "Tasks" });
  });

  it("answers 400 for another site's URL and 404 for what is not there", async () => {
    expect((await resolve("https://example.com/d/_dpT7kXw2LmQ")).status).toBe(400);
    expect((await resolve("not a url")).status).toBe(400);
    expect(await refused("GET", "/resolveBrowserLink")).toBe(400);
    expect((await resolve("https://coda.io/d/_dUnknown")).status).toBe(404);
    expect((await resolve("https://coda.io/d/_dpT7kXw2LmQ/Gone_suXXXXX")).status).toBe(404);
  });

  it("resolves to the next object up when asked to degrade gracefully", async () => {
    const gone = "https://coda.io/d/_dpT7kXw2LmQ/Gone_suXXXXX";
    expect((await resolve(gone, "&degradeGracefully=true")).body.resource.type).toBe("doc");
    const row = `${(await get(TASKS)).browserLink}/_rui-gone`;
    expect((await resolve(row)).status).toBe(404);
    expect((await resolve(row, "&degradeGracefully=true")).body.resource).toMatchObject({ name: "Tasks" });
  });
});

describe("state", () => {
  it("survives a restart, with edits that are still waiting", async () => {
    const stateDir = stateDirectory();
    standIn = start({ stateDir });
    const { addedRowIds } = await edit("POST", ROWS, { rows: [cells({ Task: "Before the restart" })] });
    clock += DELAY;
    const before = await get(`${ROWS}/${addedRowIds[0]}`);
    const waiting = await edit("POST", ROWS, { rows: [cells({ Task: "Still waiting" })] });

    standIn = start({ stateDir });
    expect(await get(`${ROWS}/${addedRowIds[0]}`)).toEqual(before);
    expect(await get(`/mutationStatus/${waiting.requestId}`)).toEqual({ completed: false });
    clock += DELAY;
    expect((await get(`${ROWS}/${waiting.addedRowIds[0]}`)).name).toBe("Still waiting");
    expect(readdirSync(stateDir)).toEqual(["coda.json"]);
    expect(readFileSync(join(stateDir, "coda.json"), "utf8")).not.toContain(ALICE.token);
  });

  it("refuses a state file that it cannot read, naming it", () => {
    const stateDir = stateDirectory();
    writeFileSync(join(stateDir, "coda.json"), '{"version": 1, "docs": [');
    expect(() => start({ stateDir })).toThrow(`${join(stateDir, "coda.json")} is not a state`);
    writeFileSync(join(stateDir, "coda.json"), '{"version": 99}');
    expect(() => start({ stateDir })).toThrow("remove it to start anew");
  });
});

describe("faults", () => {
  it("answers the next edits with 429 and Retry-After, without making them", async () => {
    standIn.faults.set({ failNext: { status: 429, times: 2, retryAfterSeconds: 7 } });
    const body = { rows: [cells({ Task: "x" })] };
    const answer = await call("POST", ROWS, { body });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("7");
    expect(await refused("POST", ROWS, { body })).toBe(429);
    expect((await call("POST", ROWS, { body })).status).toBe(202);
    clock += DELAY;
    expect(await get(TASKS)).toMatchObject({ rowCount: SEEDED_TASKS + 1 });
  });

  it("answers with the API's own form of an error for any status", async () => {
    standIn.faults.set({ failNext: { status: 503, times: 1 } });
    const { body } = await call("GET", "/whoami");
    expect(body).toEqual({ statusCode: 503, statusMessage: "Service Unavailable", message: "Service Unavailable" });
  });
});

it("was asked for every operation that it has, and each answer was as described", () => {
  const rows = "/docs/{docId}/tables/{tableIdOrName}/rows";
  const page = "/docs/{docId}/pages/{pageIdOrName}";
  const acl = "/docs/{docId}/acl";
  expect([...seen].sort()).toEqual(
    [
      "get /whoami 200",
      "get /docs 200",
      "post /docs 201",
      "get /docs/{docId} 200",
      "delete /docs/{docId} 202",
      "get /docs/{docId}/pages 200",
      "patch /docs/{docId} 200",
      "post /docs/{docId}/pages 202",
      `get ${page} 200`,
      `put ${page} 202`,
      `delete ${page} 202`,
      `post ${page}/export 202`,
      `get ${page}/export/{requestId} 200`,
      "get /docs/{docId}/tables 200",
      "get /docs/{docId}/tables/{tableIdOrName} 200",
      "get /docs/{docId}/tables/{tableIdOrName}/columns 200",
      "get /docs/{docId}/tables/{tableIdOrName}/columns/{columnIdOrName} 200",
      `get ${rows} 200`,
      `post ${rows} 202`,
      `delete ${rows} 202`,
      `get ${rows}/{rowIdOrName} 200`,
      `put ${rows}/{rowIdOrName} 202`,
      `delete ${rows}/{rowIdOrName} 202`,
      `post ${rows}/{rowIdOrName}/buttons/{columnIdOrName} 202`,
      "get /docs/{docId}/formulas 200",
      "get /docs/{docId}/formulas/{formulaIdOrName} 200",
      "get /docs/{docId}/controls 200",
      "get /docs/{docId}/controls/{controlIdOrName} 200",
      "post /docs/{docId}/hooks/automation/{ruleId} 202",
      `get ${acl}/metadata 200`,
      `get ${acl}/permissions 200`,
      `post ${acl}/permissions 200`,
      `delete ${acl}/permissions/{permissionId} 200`,
      `get ${acl}/principals/search 200`,
      `get ${acl}/settings 200`,
      `patch ${acl}/settings 200`,
      "get /categories 200",
      "put /docs/{docId}/publish 202",
      "delete /docs/{docId}/publish 200",
      "get /workspaces/{workspaceId}/users 200",
      "post /workspaces/{workspaceId}/users/role 200",
      "get /workspaces/{workspaceId}/roles 200",
      "get /analytics/docs 200",
      "get /analytics/docs/summary 200",
      "get /analytics/docs/{docId}/pages 200",
      "get /analytics/updated 200",
      "get /mutationStatus/{requestId} 200",
      "get /resolveBrowserLink 200",
    ].sort(),
  );
});
