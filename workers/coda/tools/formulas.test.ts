import { beforeAll, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

const harness = codaHarness({ mutationDelayMs: 10 });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});

const tasks = { doc: DOC, table: "Tasks" };

test("list_formulas: lists them with their pages", async () => {
  const answer = await call(client, "list_formulas", { doc: DOC, by_name: true });
  expect(answer).toEqual({ formulas: [{ id: "f-OpenTasks1", name: "Open tasks", page: "Overview" }] });
});

test("get_formula: tells the value, which follows the rows", async () => {
  const value = async () =>
    (await call<{ value: number }>(client, "get_formula", { doc: DOC, formula: "Open tasks" })).value;
  const before = await value();
  await call(client, "upsert_rows", { ...tasks, rows: [{ Task: "One more", Status: "Blocked" }] });
  expect(await value()).toBe(before + 1);
  expect(await refusal(client, "get_formula", { doc: DOC, formula: "none" })).toMatch(/^Coda answered 404/);
});

test("list_controls: lists them, in the order of their names when asked", async () => {
  const names = async (args: object) =>
    (await call<{ controls: { name: string }[] }>(client, "list_controls", { doc: DOC, ...args })).controls.map(
      ({ name }) => name,
    );
  expect(await names({ by_name: true })).toEqual(["Capacity", "Quarter"]);
  expect(await names({ limit: 1 })).toEqual(["Capacity"]);
});

test("get_control: tells its kind and value", async () => {
  const control = (name: string) => call(client, "get_control", { doc: DOC, control: name });
  expect(await control("Capacity")).toMatchObject({ type: "slider", value: 40, page: "Team" });
  expect(await control("ctrl-Quarter01")).toMatchObject({ type: "select", value: ["Q1", "Q2"] });
});

test("trigger_automation: starts the rule with its payload, and tells of one that is off or not there", async () => {
  const payload = { task: "From outside", status: "Blocked", other: [1, { a: null }] };
  const answer = await call(client, "trigger_automation", { doc: DOC, rule: "grid-auto-Intake001", payload });
  expect(answer).toMatchObject({ applied: true });
  const { rows } = await call<{ rows: { values: object }[] }>(client, "list_rows", {
    ...tasks,
    query: '"Task":"From outside"',
    columns: ["Status"],
  });
  expect(rows.map(({ values }) => values)).toEqual([{ Status: "Blocked" }]);
  const trigger = (rule: string) => refusal(client, "trigger_automation", { doc: DOC, rule });
  expect(await trigger("grid-auto-Paused002")).toMatch(/^Coda answered 422: The automation is switched off/);
  expect(await trigger("none")).toMatch(/^Coda answered 404/);
});
