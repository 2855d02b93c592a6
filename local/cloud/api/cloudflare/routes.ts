import { type Context, Hono } from "hono";
import { type Fields, readFields, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, success } from "./envelope.ts";
import { hexId } from "./identifiers.ts";
import type { Route } from "./records.ts";
import { parseRoutePattern } from "./route-pattern.ts";

/** `/zones/{zone_id}/workers/routes` (Cloudflare API, Workers routes). A route without script bypasses Workers. */
export function workersRouteRoutes(context: CloudflareContext): Hono {
  const { routes, scripts, zone } = context;

  const route = (c: Context): Route => {
    const found = routes.get(c.req.param("route_id") ?? "");
    if (!found) throw new ApiError(404, 10009, "workers.api.error.route_not_found");
    return found;
  };
  const save = (id: string, body: Fields): Route => {
    const pattern = text(body, "pattern");
    if (pattern === undefined || !parseRoutePattern(pattern, zone.name)) {
      throw new ApiError(
        400,
        10022,
        `Invalid route pattern '${pattern ?? ""}': the hostname must be in the zone ${zone.name}, with '*' only at its beginning or at the end of the path.`,
      );
    }
    if (routes.find((other) => other.pattern === pattern && other.id !== id)) {
      throw new ApiError(409, 10020, "A route with the same pattern already exists.");
    }
    const script = body.script ?? null;
    if (script !== null && (typeof script !== "string" || !scripts.get(script))) {
      throw new ApiError(
        400,
        10019,
        "Cannot configure a route for a Worker which does not exist. Please ensure this Worker exists and try again.",
      );
    }
    return routes.put({ id, pattern, script, extra: without(body, "id", "pattern", "script") });
  };

  return new Hono()
    .get("/", (c) => success(c, routes.list().map(describe)))
    .post("/", async (c) => success(c, describe(save(hexId(), await readFields(c)))))
    .get("/:route_id", (c) => success(c, describe(route(c))))
    .put("/:route_id", async (c) => {
      const body = await readFields(c);
      return success(c, describe(save(route(c).id, body)));
    })
    .delete("/:route_id", (c) => {
      const { id } = route(c);
      routes.delete(id);
      return success(c, { id });
    });
}

function describe({ extra, ...route }: Route): Fields {
  return { ...extra, ...route };
}
