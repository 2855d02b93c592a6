import { z } from "zod";
import { bodyOf, byIdOrName, type CodaApp, listOf } from "../call.ts";
import { CodaError } from "../error.ts";
import { newId } from "../id.ts";
import { listPage } from "../list.ts";
import { choiceParameter } from "../parameter.ts";
import type { Parts } from "../parts.ts";
import { resources } from "../resources.ts";

/** Named formulas, controls, and automations that a webhook starts. */
export function addFormulas(app: CodaApp, { mutate, docOf }: Parts): void {
  app.get("/docs/:docId/formulas", (c) => {
    const doc = docOf(c);
    const formulas = named(listOf(c), doc.formulas ?? []);
    return c.json(listPage(listOf(c), formulas, (each) => resources(c.get("base")).formulaReference(doc, each)));
  });

  app.get("/docs/:docId/formulas/:formula", (c) => {
    const doc = docOf(c);
    const formula = byIdOrName("formula", doc.formulas ?? [], c.req.param("formula"), (each) => each);
    return c.json(resources(c.get("base")).formula(doc, formula));
  });

  app.get("/docs/:docId/controls", (c) => {
    const doc = docOf(c);
    const controls = named(listOf(c), doc.controls ?? []);
    return c.json(listPage(listOf(c), controls, (each) => resources(c.get("base")).controlReference(doc, each)));
  });

  app.get("/docs/:docId/controls/:control", (c) => {
    const doc = docOf(c);
    const control = byIdOrName("control", doc.controls ?? [], c.req.param("control"), (each) => each);
    return c.json(resources(c.get("base")).control(doc, control));
  });

  app.post("/docs/:docId/hooks/automation/:ruleId", async (c) => {
    const payload = await bodyOf(c, z.record(z.string(), z.unknown()));
    const doc = docOf(c);
    const rule = doc.automations?.find(({ id }) => id === c.req.param("ruleId"));
    if (!rule) throw new CodaError(404, `There is no automation with the id "${c.req.param("ruleId")}".`);
    if (!rule.enabled) throw new CodaError(422, "The automation is switched off.");
    const taken = Object.entries(rule.takes).flatMap(([name, columnId]) =>
      typeof payload[name] === "string" ? [[columnId, payload[name]] as const] : [],
    );
    const row = { id: newId("i-"), cells: Object.fromEntries(taken), cleared: [] };
    const requestId = mutate(c, doc, { kind: "upsertRows", tableId: rule.tableId, keyColumnIds: [], rows: [row] });
    return c.json({ requestId }, 202);
  });
}

function named<T extends { name: string }>({ query }: { query: URLSearchParams }, all: T[]): T[] {
  if (!choiceParameter(query, "sortBy", ["name"])) return all;
  return all.toSorted((a, b) => a.name.localeCompare(b.name));
}
