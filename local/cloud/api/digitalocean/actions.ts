import { type Context, Hono } from "hono";
import type { Fields } from "./body.ts";
import { region } from "./catalog.ts";
import { notFound, page } from "./envelope.ts";
import type { Action, DigitalOceanContext } from "./records.ts";

/** `/v2/actions`: what was done, to read only. */
export function actionRoutes({ actions }: DigitalOceanContext): Hono {
  return new Hono()
    .get("/", (c) => page(c, "actions", actions.list().reverse().map(describeAction)))
    .get("/:action_id", (c) => c.json({ action: describeAction(findAction(actions.get(c.req.param("action_id")))) }));
}

/** The actions of one droplet or volume, under its own address. */
export function listActionsOf(c: Context, { actions }: DigitalOceanContext, target: string): Response {
  const own = actions.list((one) => one.target === target).reverse();
  return page(c, "actions", own.map(describeAction));
}

export function getActionOf(c: Context, { actions }: DigitalOceanContext, target: string): Response {
  const found = actions.get(c.req.param("action_id") ?? "");
  return c.json({ action: describeAction(findAction(found?.target === target ? found : undefined)) });
}

/**
 * Records what was just done. The answer that reports it says `in-progress`, as the API does; whoever asks again sees it complete.
 * @param target `droplet` or `volume` and the id
 */
export function recordAction(
  context: DigitalOceanContext,
  type: string,
  target: { kind: "droplet" | "volume"; id: string; region: string },
): Fields & { id: number } {
  const at = timestamp();
  const action = context.actions.put({
    id: String(context.next("action")),
    type,
    target: `${target.kind}:${target.id}`,
    region: target.region,
    started_at: at,
    completed_at: at,
  });
  return { ...describeAction(action), status: "in-progress", completed_at: null };
}

/** Now, as the API writes points in time: whole seconds, UTC. */
export function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function findAction(action: Action | undefined): Action {
  if (!action) throw notFound();
  return action;
}

function describeAction({ id, type, target, region: slug, started_at, completed_at }: Action): Fields & { id: number } {
  const [kind, resource] = target.split(":");
  const isDroplet = kind === "droplet";
  return {
    id: Number(id),
    status: "completed",
    type,
    started_at,
    completed_at,
    // A volume's id is no number, and the field is one: the API leaves it empty.
    resource_id: isDroplet ? Number(resource) : null,
    resource_type: isDroplet ? "droplet" : "backend",
    region: region(slug) ?? null,
    region_slug: slug,
  };
}
