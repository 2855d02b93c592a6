import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import type { Collection } from "../../store.ts";
import { type Fields, isFields, readFields, requiredText, without } from "./body.ts";
import { notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Monitor } from "./records.ts";

const windows = ["5m", "10m", "30m", "1h"];
const comparisons = ["GreaterThan", "LessThan"];
const checkTypes = ["ping", "http", "https"];
const alertTypes = ["latency", "down", "down_global", "ssl_expiry"];

/** `/v2/monitoring/alerts` (DigitalOcean API, Monitoring). Policies are kept; no alert is ever sent. */
export function alertPolicyRoutes({ alertPolicies }: DigitalOceanContext): Hono {
  const shown = ({ id, ...policy }: Monitor): Fields => ({ uuid: id, ...policy });
  const check = (body: Fields): Fields => {
    requiredText(body, "type");
    requiredText(body, "description");
    oneOf(body, "compare", comparisons);
    oneOf(body, "window", windows);
    if (typeof body.value !== "number") throw unprocessable("value is required and must be a number");
    if (!isFields(body.alerts)) throw unprocessable("alerts is required and must be an object");
    return { enabled: true, entities: [], tags: [], ...without(body, "id", "uuid") };
  };
  return new Hono()
    .get("/", (c) => page(c, "policies", alertPolicies.list().map(shown)))
    .post("/", async (c) =>
      c.json({ policy: shown(alertPolicies.put({ ...check(await readFields(c)), id: randomUUID() })) }),
    )
    .get("/:id", (c) => c.json({ policy: shown(find(c, alertPolicies)) }))
    .put("/:id", async (c) => {
      const body = check(await readFields(c));
      return c.json({ policy: shown(alertPolicies.put({ ...body, id: find(c, alertPolicies).id })) });
    })
    .delete("/:id", (c) => remove(c, alertPolicies));
}

/** `/v2/uptime/checks` and the alerts of each (DigitalOcean API, Uptime). They are kept; nothing is checked from outside. */
export function uptimeRoutes({ uptimeChecks, uptimeAlerts }: DigitalOceanContext): Hono {
  const shownAlert = (alert: Monitor): Fields => without(alert, "check_id");
  const checkCheck = (body: Fields): Fields => {
    requiredText(body, "name");
    requiredText(body, "target");
    oneOf(body, "type", checkTypes);
    return { enabled: true, regions: ["us_east"], ...without(body, "id") };
  };
  const checkAlert = (body: Fields): Fields => {
    requiredText(body, "name");
    oneOf(body, "type", alertTypes);
    if (!isFields(body.notifications)) throw unprocessable("notifications is required and must be an object");
    return without(body, "id", "check_id");
  };
  const alert = (c: Context): Monitor => {
    const found = uptimeAlerts.get(c.req.param("alert_id") ?? "");
    if (!found || found.check_id !== find(c, uptimeChecks).id) throw notFound();
    return found;
  };
  return new Hono()
    .get("/", (c) => page(c, "checks", uptimeChecks.list()))
    .post("/", async (c) => {
      const body = checkCheck(await readFields(c));
      return c.json({ check: uptimeChecks.put({ ...body, id: randomUUID() }) }, 201);
    })
    .get("/:id", (c) => c.json({ check: find(c, uptimeChecks) }))
    .put("/:id", async (c) => {
      const body = await readFields(c);
      const before = find(c, uptimeChecks);
      return c.json({ check: uptimeChecks.put({ ...checkCheck({ ...before, ...body }), id: before.id }) });
    })
    .delete("/:id", (c) => {
      const { id } = find(c, uptimeChecks);
      for (const one of uptimeAlerts.list(({ check_id }) => check_id === id)) uptimeAlerts.delete(one.id);
      return remove(c, uptimeChecks);
    })
    .get("/:id/alerts", (c) => {
      const { id } = find(c, uptimeChecks);
      return page(c, "alerts", uptimeAlerts.list(({ check_id }) => check_id === id).map(shownAlert));
    })
    .post("/:id/alerts", async (c) => {
      const body = checkAlert(await readFields(c));
      const check_id = find(c, uptimeChecks).id;
      return c.json({ alert: shownAlert(uptimeAlerts.put({ ...body, id: randomUUID(), check_id })) }, 201);
    })
    .get("/:id/alerts/:alert_id", (c) => c.json({ alert: shownAlert(alert(c)) }))
    .put("/:id/alerts/:alert_id", async (c) => {
      const body = await readFields(c);
      const before = alert(c);
      const changed = { ...checkAlert({ ...before, ...body }), id: before.id, check_id: before.check_id };
      return c.json({ alert: shownAlert(uptimeAlerts.put(changed)) });
    })
    .delete("/:id/alerts/:alert_id", (c) => {
      uptimeAlerts.delete(alert(c).id);
      return c.body(null, 204);
    });
}

function find(c: Context, collection: Collection<Monitor>): Monitor {
  const found = collection.get(c.req.param("id") ?? "");
  if (!found) throw notFound();
  return found;
}

function remove(c: Context, collection: Collection<Monitor>): Response {
  collection.delete(find(c, collection).id);
  return c.body(null, 204);
}

function oneOf(body: Fields, name: string, allowed: string[]): void {
  if (!allowed.includes(String(body[name]))) throw unprocessable(`${name} must be one of ${allowed.join(", ")}`);
}
