import { z } from "zod";
import { defineTool } from "../api.ts";
import { cutValue } from "./cut-value.ts";
import { docInput, listInput, nextCursor, pathPart } from "./input.ts";
import { listed } from "./listed.ts";

/** Most characters of a value: what a model can read at a time. */
const MAX_CHARS = 50_000;

const named = {
  id: z.string(),
  name: z.string(),
  page: z.string().optional().describe("Name of the page that it is on"),
};
const nameOf = ({ id, name, parent }: { id: string; name: string; parent?: { name: string } }) => ({
  id,
  name,
  page: parent?.name,
});
const byName = z.boolean().default(false).describe("In the order of their names");
const value = z.unknown().describe("Its value now: a text, number, boolean, or a list of them");

const readable = (value: unknown) => cutValue(value, MAX_CHARS, "Coda's API cannot give the rest by itself");

export const listFormulas = defineTool({
  name: "list_formulas",
  title: "List formulas",
  description: "Lists the named formulas on the pages of a Coda doc. get_formula tells the value of one.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({ ...docInput, by_name: byName, ...listInput }),
  output: z.object({ formulas: z.array(z.object(named)), next_cursor: nextCursor }),
  async run({ doc, by_name, ...page }, { upstream, signal }) {
    const sort = by_name ? { sortBy: "name" as const } : {};
    const ask = (asked: object) =>
      upstream.get("/docs/{docId}/formulas", { docId: doc }, { ...sort, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, nameOf, page);
    return { formulas: items, next_cursor };
  },
});

export const getFormula = defineTool({
  name: "get_formula",
  title: "Get a formula's value",
  description: "Tells the value of a named formula of a Coda doc. Coda's API does not tell how it is calculated.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({ ...docInput, formula: pathPart.describe("Id (safer) or name of the formula") }),
  output: z.object({ ...named, value }),
  async run({ doc, formula }, { upstream, signal }) {
    const parameters = { docId: doc, formulaIdOrName: formula };
    const found = await upstream.get("/docs/{docId}/formulas/{formulaIdOrName}", parameters, {}, signal);
    return { ...nameOf(found), value: readable(found.value) };
  },
});

export const listControls = defineTool({
  name: "list_controls",
  title: "List controls",
  description:
    "Lists the controls on the pages of a Coda doc: sliders, selects, checkboxes, buttons … get_control tells the value of one.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({ ...docInput, by_name: byName, ...listInput }),
  output: z.object({ controls: z.array(z.object(named)), next_cursor: nextCursor }),
  async run({ doc, by_name, ...page }, { upstream, signal }) {
    const sort = by_name ? { sortBy: "name" as const } : {};
    const ask = (asked: object) =>
      upstream.get("/docs/{docId}/controls", { docId: doc }, { ...sort, ...asked }, signal);
    const { items, next_cursor } = await listed(ask, nameOf, page);
    return { controls: items, next_cursor };
  },
});

export const getControl = defineTool({
  name: "get_control",
  title: "Get a control's value",
  description: "Tells the kind and the value of a control of a Coda doc. Coda's API cannot change it.",
  scope: "coda:read",
  toolset: "tables",
  readOnly: true,
  input: z.strictObject({ ...docInput, control: pathPart.describe("Id (safer) or name of the control") }),
  output: z.object({ ...named, type: z.string().describe("slider, select, checkbox, button …"), value }),
  async run({ doc, control }, { upstream, signal }) {
    const parameters = { docId: doc, controlIdOrName: control };
    const found = await upstream.get("/docs/{docId}/controls/{controlIdOrName}", parameters, {}, signal);
    return { ...nameOf(found), type: found.controlType, value: readable(found.value) };
  },
});
