import { beforeAll, describe, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

interface Doc {
  id: string;
  name: string;
}

const harness = codaHarness({ mutationDelayMs: 10 });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});

const docs = async (args: object = {}) => (await call<{ docs: Doc[] }>(client, "list_docs", { ...args })).docs;
const getDoc = (doc: string) => call<Doc & Record<string, unknown>>(client, "get_doc", { doc });

describe("the account", () => {
  test("whoami: tells the person of the connection, and the workspace", async () => {
    expect(await call(client, "whoami")).toEqual({
      name: "Ada Lovelace",
      email: "ada@example.com",
      token_name: "Stand-in token",
      restricted: false,
      workspace: { id: "ws-Local0Work", name: "Local workspace" },
    });
  });

  test("resolve_link: finds the doc, page, table and row of a link, with what other tools need", async () => {
    const resolved = (link: string, more = {}) => call(client, "resolve_link", { link, ...more });
    const base = `https://coda.io/d/_d${DOC}`;
    expect(await resolved(base)).toMatchObject({ type: "doc", id: DOC, doc: DOC });
    expect(await resolved(`${base}/Team_suage03`)).toMatchObject({ type: "page", id: "canvas-TeamPage03", doc: DOC });
    const table = await resolved(`${base}/#Tasks_tuZx52_Tasks`);
    expect(table).toMatchObject({ type: "table", id: "grid-Zx52_Tasks", name: "Tasks", doc: DOC });
    expect(table).not.toHaveProperty("table");
    expect(await resolved(`${base}#Tasks_tZx52_Tasks/_rui-task000007`)).toMatchObject({
      type: "row",
      id: "i-task000007",
      doc: DOC,
      table: "grid-Zx52_Tasks",
    });
    const gone = `${base}/Gone_suXXXXX`;
    expect(await refusal(client, "resolve_link", { link: gone })).toMatch(/^Coda answered 404/);
    expect(await resolved(gone, { or_parent: true })).toMatchObject({ type: "doc", id: DOC });
    expect(await refusal(client, "resolve_link", { link: "https://example.com/d/_dabc" })).toMatch(
      /^Coda answered 400/,
    );
    expect(await refusal(client, "resolve_link", { link: "javascript:alert(1)" })).toMatch(/link/);
  });

  test("get_edit_status: tells whether an edit is applied, and does not know one that there was not", async () => {
    const args = { doc: DOC, table: "Tasks", row: "i-task000002", values: { Estimate: 3 } };
    const { request_id } = await call<{ request_id: string }>(client, "update_row", args);
    expect(await call(client, "get_edit_status", { request_id })).toEqual({ applied: true });
    expect(await refusal(client, "get_edit_status", { request_id: "mutate:other" })).toMatch(/^Coda answered 404/);
  });
});

describe("docs", () => {
  test("list_docs: searches and filters, and goes on by its cursor", async () => {
    for (const title of ["Ship log", "Ship plan"]) await call(client, "create_doc", { title });
    const names = async (args: object) => (await docs(args)).map(({ name }) => name).toSorted();
    expect(await names({ query: "ship" })).toEqual(["Ship log", "Ship plan"]);
    expect(await names({ query: "ship", published: true })).toEqual([]);
    expect(await names({ query: "ship", mine: true, starred: false })).toHaveLength(2);
    expect(await names({ folder: "fl-none" })).toEqual([]);
    expect(await names({ workspace: "ws-Local0Work", query: "tracker" })).toEqual(["Project Tracker"]);

    const first = await call<{ docs: Doc[]; next_cursor: string }>(client, "list_docs", { query: "ship", limit: 1 });
    const more = { query: "ship", limit: 1, cursor: first.next_cursor };
    const second = await call<{ docs: Doc[]; next_cursor?: string }>(client, "list_docs", more);
    expect([...first.docs, ...second.docs].map(({ name }) => name).toSorted()).toEqual(["Ship log", "Ship plan"]);
    expect(second.next_cursor).toBeUndefined();
  });

  test("get_doc: tells size, owner, folder and workspace, and that a doc is not there", async () => {
    expect(await getDoc(DOC)).toMatchObject({
      name: "Project Tracker",
      owner: "ada@example.com",
      size: { pages: 3, tables_and_views: 3, rows: 258, too_large: false },
      folder: { id: "fl-Local0Fold", name: "My docs" },
      workspace: { id: "ws-Local0Work" },
    });
    expect(await refusal(client, "get_doc", { doc: "none" })).toBe(
      'Coda answered 404: There is no doc with the id "none".',
    );
  });

  test("create_doc: makes a doc with a first page and its content, which read_page reads", async () => {
    const args = { title: "Minutes", page_name: "Monday", page_subtitle: "All there", content: "# Agenda\n\nNothing." };
    const { id } = await call<Doc>(client, "create_doc", { ...args, timezone: "Europe/Vienna" });
    expect(await getDoc(id)).toMatchObject({ name: "Minutes", size: { pages: 1, rows: 0 } });
    const { pages } = await call<{ pages: object[] }>(client, "list_pages", { doc: id });
    expect(pages).toMatchObject([{ name: "Monday", subtitle: "All there", kind: "canvas" }]);
    const { content } = await call<{ content: string }>(client, "read_page", { doc: id, page: "Monday" });
    expect(content).toBe("# Agenda\n\nNothing.");
    expect(await refusal(client, "create_doc", { title: "x", folder: "fl-none" })).toMatch(
      /^Coda answered 400: .*folder/,
    );
  });

  test("create_doc: is not done twice when Coda does not answer, and says where to look", async () => {
    harness().faults.set({ failNext: { status: 502, times: 1 } });
    expect(await refusal(client, "create_doc", { title: "Only once" })).toMatch(
      /look with list_docs before you try again/,
    );
    expect(await docs({ query: "Only once" })).toEqual([]);
  });

  test("copy_doc: makes a doc of its own, which list_docs finds as a copy", async () => {
    const copy = await call<Doc>(client, "copy_doc", { doc: DOC, title: "Tracker of next year" });
    expect((await docs({ copies_of: DOC })).map(({ id }) => id)).toEqual([copy.id]);
    expect(await getDoc(copy.id)).toMatchObject({ name: "Tracker of next year", copy_of: DOC, size: { rows: 258 } });
    expect(await refusal(client, "copy_doc", { doc: "none" })).toMatch(/^Coda answered 404/);
  });

  test("update_doc: changes title and icon, and wants one of them", async () => {
    const { id } = await call<Doc>(client, "create_doc", { title: "Old name" });
    expect(await call(client, "update_doc", { doc: id, title: "New name", icon: "rocket" })).toEqual({ changed: true });
    expect(await getDoc(id)).toMatchObject({ name: "New name", icon: "rocket" });
    expect(await refusal(client, "update_doc", { doc: id })).toMatch(/needs a title or an icon/);
  });

  test("delete_doc: says in a dry run what would be lost, and then deletes it", async () => {
    const { id } = await call<Doc>(client, "create_doc", { title: "Scrap" });
    const dry = await call<{ would: string }>(client, "delete_doc", { doc: id, dry_run: true });
    expect(dry).toEqual({
      would:
        'Deletes the doc "Scrap" of ada@example.com with its 1 pages, 0 tables and views and 0 rows, for everybody who can open it.',
    });
    expect((await getDoc(id)).name).toBe("Scrap");
    expect(await call(client, "delete_doc", { doc: id })).toEqual({ applied: true });
    expect(await docs({ query: "Scrap" })).toEqual([]);
  });
});
