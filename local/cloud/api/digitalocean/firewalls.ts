import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { timestamp } from "./actions.ts";
import { type Fields, isFields, isText, list, readFields, requiredText } from "./body.ts";
import { conflict, notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Firewall } from "./records.ts";

const ruleFields = ["inbound_rules", "outbound_rules"] as const;

/** `/v2/firewalls` (DigitalOcean API, Firewalls). Its rules are kept and not enforced: the droplet is this machine. */
export function firewallRoutes(context: DigitalOceanContext): Hono {
  const { firewalls } = context;
  const firewall = (c: Context): Firewall => {
    const found = firewalls.get(c.req.param("firewall_id") ?? "");
    if (!found) throw notFound();
    return found;
  };
  const check = (body: Fields, except?: string): Omit<Firewall, "id" | "created_at"> => {
    const name = requiredText(body, "name");
    if (!/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/.test(name)) {
      throw unprocessable("name must begin with a letter or digit and have only letters, digits, periods and dashes");
    }
    if (firewalls.find((other) => other.name === name && other.id !== except)) throw conflict("duplicate name");
    const rules = readRules(body);
    if (rules.inbound_rules.length + rules.outbound_rules.length === 0) {
      throw unprocessable("must have at least one rule");
    }
    return { name, ...rules, droplet_ids: readDroplets(context, body), tags: list(body, "tags", isText) };
  };
  const change = (path: "droplets" | "tags" | "rules", adding: boolean) => async (c: Context) => {
    const body = await readFields(c);
    const before = firewall(c);
    firewalls.put({ ...before, ...changed(context, path, adding, before, body) });
    return c.body(null, 204);
  };

  return new Hono()
    .get("/", (c) => page(c, "firewalls", firewalls.list().map(describe)))
    .post("/", async (c) => {
      const body = await readFields(c);
      const made = firewalls.put({ id: randomUUID(), ...check(body), created_at: timestamp() });
      return c.json({ firewall: describe(made) }, 202);
    })
    .get("/:firewall_id", (c) => c.json({ firewall: describe(firewall(c)) }))
    .put("/:firewall_id", async (c) => {
      const body = await readFields(c);
      const before = firewall(c);
      return c.json({ firewall: describe(firewalls.put({ ...before, ...check(body, before.id) })) });
    })
    .delete("/:firewall_id", (c) => {
      firewalls.delete(firewall(c).id);
      return c.body(null, 204);
    })
    .post("/:firewall_id/droplets", change("droplets", true))
    .delete("/:firewall_id/droplets", change("droplets", false))
    .post("/:firewall_id/tags", change("tags", true))
    .delete("/:firewall_id/tags", change("tags", false))
    .post("/:firewall_id/rules", change("rules", true))
    .delete("/:firewall_id/rules", change("rules", false));
}

function changed(
  context: DigitalOceanContext,
  path: "droplets" | "tags" | "rules",
  adding: boolean,
  before: Firewall,
  body: Fields,
): Partial<Firewall> {
  const merge = <T>(old: T[], given: T[]): T[] => {
    const others = old.filter((one) => !given.some((other) => same(one, other)));
    return adding ? [...others, ...given] : others;
  };
  switch (path) {
    case "droplets":
      return {
        droplet_ids: merge(
          before.droplet_ids,
          adding ? readDroplets(context, body) : list(body, "droplet_ids", isNumber),
        ),
      };
    case "tags":
      return { tags: merge(before.tags, list(body, "tags", isText)) };
    case "rules": {
      const rules = readRules(body);
      return {
        inbound_rules: merge(before.inbound_rules, rules.inbound_rules),
        outbound_rules: merge(before.outbound_rules, rules.outbound_rules),
      };
    }
  }
}

function readRules(body: Fields): Pick<Firewall, "inbound_rules" | "outbound_rules"> {
  for (const field of ruleFields) {
    for (const rule of list(body, field, isFields))
      checkRule(rule, field === "inbound_rules" ? "sources" : "destinations");
  }
  return {
    inbound_rules: list(body, "inbound_rules", isFields),
    outbound_rules: list(body, "outbound_rules", isFields),
  };
}

function checkRule(rule: Fields, peers: string): void {
  if (!["tcp", "udp", "icmp"].includes(String(rule.protocol))) {
    throw unprocessable(`protocol must be tcp, udp or icmp, not '${String(rule.protocol)}'`);
  }
  if (rule.protocol !== "icmp" && !/^(all|0|\d{1,5}(-\d{1,5})?)$/.test(String(rule.ports))) {
    throw unprocessable(`ports must be a port, a range such as 8000-9000, or all, not '${String(rule.ports)}'`);
  }
  if (!isFields(rule[peers])) throw unprocessable(`${peers} is required in every rule`);
}

function readDroplets({ droplets }: DigitalOceanContext, body: Fields): number[] {
  const ids = list(body, "droplet_ids", isNumber);
  const missing = ids.filter((id) => !droplets.get(String(id)));
  if (missing.length > 0) throw unprocessable(`droplets ${missing.join(", ")} do not exist`);
  return ids;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function describe(firewall: Firewall): Fields {
  return { ...firewall, status: "succeeded", pending_changes: [] };
}
