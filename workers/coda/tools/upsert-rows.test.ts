import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCodaStandIn } from "../../../local/standins/coda/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../../local/standins/serve.ts";
import { CodaApi } from "../api.ts";
import { upsertRows } from "./upsert-rows.ts";

const DOC = "pT7kXw2LmQ";
const ROWS = "/docs/{docId}/tables/{tableIdOrName}/rows";
const PERSON = { Name: "Ida Berg", Role: "Writer" };

let now: number;
/** The stand-in's own time, when it is another. */
let standInNow: number | undefined;
let slept: number[];
let progress: string[];
let standIns: StandInServer;
const coda = createCodaStandIn({
  tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
  log: () => {},
  now: () => standInNow ?? now,
  mutationDelayMs: 5_000,
});

beforeAll(async () => {
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { coda: coda.handler } });
});
afterAll(() => standIns.close());
beforeEach(() => {
  now = Date.now();
  standInNow = undefined;
  slept = [];
  progress = [];
  coda.faults.clear();
});

/** Runs the tool with a clock that a pause sets on; the stand-in goes by it too. */
function upsert(args: object, { signal = new AbortController().signal, onPause = () => {} } = {}) {
  const clock = {
    now: () => now,
    random: () => 0,
    sleep: async (ms: number) => {
      slept.push(ms);
      now += ms;
      onPause();
    },
  };
  const call = { token: "coda-token", headers: {} };
  const upstream = new CodaApi(`${standIns.origin}/coda/apis/v1`, call, clock);
  return upsertRows.run(upsertRows.input.parse({ doc: DOC, table: "People", ...args }), {
    upstream,
    signal,
    progress: async (_, __, message) => void progress.push(message!),
    mcp: undefined as never,
  });
}

async function people(): Promise<Record<string, unknown>[]> {
  const upstream = new CodaApi(`${standIns.origin}/coda/apis/v1`, { token: "coda-token", headers: {} });
  const query = { limit: 100, useColumnNames: true };
  const { items } = await upstream.get(
    ROWS,
    { docId: DOC, tableIdOrName: "People" },
    query,
    new AbortController().signal,
  );
  return items.map(({ values }) => values);
}

describe("the edit of upsert_rows", () => {
  test("waits until Coda has applied the edit, telling its progress, and then reads see it", async () => {
    const { applied, added_row_ids, note } = await upsert({ rows: [PERSON] });
    expect({ applied, added: added_row_ids?.length, note }).toEqual({ applied: true, added: 1, note: undefined });
    expect(slept).toEqual([300, 500, 700, 1000, 1500, 2000]);
    expect(new Set(progress)).toEqual(new Set([expect.stringMatching(/^Coda has accepted this \(mutate:.+\)/)]));
    expect(progress).toHaveLength(6);
    expect(await people()).toContainEqual(expect.objectContaining(PERSON));
  });

  test("that Coda does not apply in time is no error, but says not to send it again", async () => {
    standInNow = now;
    const { applied, request_id, note } = await upsert({ rows: [{ Name: "Late" }] });
    expect(applied).toBe(false);
    expect(request_id).toMatch(/^mutate:/);
    expect(note).toContain("will apply it, but takes longer than usual. Do not send it again");
    expect(slept.reduce((sum, ms) => sum + ms)).toBe(20_000);
    standInNow += 5_000;
    expect(await people()).toContainEqual(expect.objectContaining({ Name: "Late" }));
  });

  test("goes on waiting when Coda does not tell how it stands", async () => {
    coda.faults.set({ failNext: { status: 500, times: 3 } });
    await expect(upsert({ rows: [PERSON] })).rejects.toThrow("Coda answered 500");
    coda.faults.clear();
    let pauses = 0;
    const onPause = () => {
      if (++pauses === 1) coda.faults.set({ failNext: { status: 500, times: 2 } });
    };
    expect((await upsert({ rows: [PERSON] }, { onPause })).applied).toBe(true);
  });

  test("ends when the client has gone", async () => {
    const client = new AbortController();
    const promise = upsert({ rows: [PERSON] }, { signal: client.signal, onPause: () => client.abort() });
    await expect(promise).rejects.toThrow("aborted");
    expect(slept).toEqual([300]);
  });

  test("finds rows by their key columns, named or by id: sent twice, it is there once", async () => {
    const rows = [{ "c-PersonName": "Kim Moe", "E-mail": "kim@example.com", Role: "Writer" }];
    for (const role of ["Writer", "Editor"]) {
      rows[0]!.Role = role;
      const { applied, added_row_ids } = await upsert({ rows, key_columns: ["c-PersonName"] });
      expect([applied, added_row_ids]).toEqual([true, undefined]);
    }
    const found = (await people()).filter(({ Name }) => Name === "Kim Moe");
    expect(found).toEqual([{ Name: "Kim Moe", "E-mail": "kim@example.com", Role: "Editor" }]);
  });

  test("takes lists and every kind of value, and empties a cell with null", async () => {
    const before = { Task: "Paint", Tags: ["docs", "infra"], Estimate: 2.5, Closed: true, Assignee: "Hiro Tanaka" };
    await upsert({ table: "Tasks", rows: [before] });
    await upsert({ table: "Tasks", rows: [{ Task: "Paint", Estimate: null }], key_columns: ["Task"] });
    const upstream = new CodaApi(`${standIns.origin}/coda/apis/v1`, { token: "coda-token", headers: {} });
    const query = { query: '"Task":"Paint"', useColumnNames: true, valueFormat: "simpleWithArrays" } as const;
    const { items } = await upstream.get(
      ROWS,
      { docId: DOC, tableIdOrName: "Tasks" },
      query,
      new AbortController().signal,
    );
    expect(items.map(({ values }) => values)).toMatchObject([{ ...before, Estimate: "" }]);
  });

  test.each([{}, { Name: "" }, { Name: null }, { Name: [] }, { "c-PersonName": "Kim Moe" }])(
    "refuses a row that does not say by its key which row is meant, before Coda hears of any: %j",
    async (row) => {
      coda.faults.set({ failNext: { status: 500, times: 1 } });
      const rows = [
        { Name: "Fine", Role: "x" },
        { Role: "x", ...row },
      ];
      await expect(upsert({ rows, key_columns: ["Name"] })).rejects.toThrow(
        /^Row 2 has no value for the key column "Name".* Nothing was written\.$/,
      );
      expect(coda.faults.current().failNext).toBeDefined();
    },
  );

  test("without an answer of Coda says whether sending it again does harm", async () => {
    coda.faults.set({ failNext: { status: 502, times: 2 } });
    await expect(upsert({ rows: [PERSON] })).rejects.toThrow(/look with list_rows before you try again, or they may/);
    await expect(upsert({ rows: [PERSON], key_columns: ["Name"] })).rejects.toThrow(/the same again does no harm/);
  });

  test("names the column that the table does not have", async () => {
    await expect(upsert({ rows: [{ Colour: "red" }] })).rejects.toThrow(/^Coda answered 400: .*no column "Colour"\.$/);
  });

  test("takes no path that leads elsewhere in the API", () => {
    for (const bad of [{ doc: ".." }, { table: "." }]) {
      expect(upsertRows.input.safeParse({ doc: DOC, table: "People", rows: [PERSON], ...bad }).success).toBe(false);
    }
    expect(upsertRows.input.safeParse({ doc: DOC, table: "a.b", rows: [PERSON] }).success).toBe(true);
  });
});
