import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import type { Store } from "../../store.ts";
import { checkBearerToken } from "../bearer-token.ts";
import { accountRoutes } from "./account.ts";
import { actionRoutes } from "./actions.ts";
import { catalogRoutes } from "./catalog.ts";
import { dropletRoutes } from "./droplets.ts";
import { ApiError, notFound } from "./envelope.ts";
import { firewallRoutes } from "./firewalls.ts";
import { alertPolicyRoutes, uptimeRoutes } from "./monitoring.ts";
import { projectRoutes } from "./projects.ts";
import { digitalOceanContext } from "./records.ts";
import { volumeRoutes } from "./volumes.ts";
import { vpcRoutes } from "./vpcs.ts";

const root = "/v2";

/**
 * The DigitalOcean API v2 as far as the platform uses it. What is not in this table is answered as the API answers an unknown
 * path (404 `not_found`) or method (405), and logged.
 */
export function digitalOceanApp(store: Store, token: string, log: (line: string) => void): Hono {
  const context = digitalOceanContext(store);
  const app = new Hono().basePath(root);

  app.use("*", async (c, next) => {
    if (checkBearerToken(c.req.raw, token) !== "valid") {
      throw new ApiError(401, "Unauthorized", "Unable to authenticate you");
    }
    try {
      await next();
    } finally {
      // Whatever the answer says must be on disk before it is given.
      await store.flush();
    }
  });

  app.route("/account", accountRoutes(context));
  app.route("/actions", actionRoutes(context));
  app.route("/droplets", dropletRoutes(context));
  app.route("/vpcs", vpcRoutes(context));
  app.route("/volumes", volumeRoutes(context));
  app.route("/firewalls", firewallRoutes(context));
  app.route("/projects", projectRoutes(context));
  app.route("/monitoring/alerts", alertPolicyRoutes(context));
  app.route("/uptime/checks", uptimeRoutes(context));
  app.route("/", catalogRoutes());

  const known = new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path.slice(root.length)));
  for (const path of known) {
    app.all(path, (c) => {
      log(`digitalocean: ${c.req.method} is not known for ${c.req.path} (405)`);
      return refuse(c, new ApiError(405, "method_not_allowed", "The method is not allowed for this resource."));
    });
  }
  app.notFound((c) => {
    log(`digitalocean: no route for ${c.req.method} ${c.req.path} (404)`);
    return refuse(c, notFound());
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) return refuse(c, error);
    log(`digitalocean: ${c.req.method} ${c.req.path} failed: ${error.message}`);
    return refuse(
      c,
      new ApiError(500, "server_error", "Unexpected server-side error; the log of the local cloud tells what."),
    );
  });
  return app;
}

function refuse(c: Context, { id, message, status }: ApiError): Response {
  const request_id = randomUUID();
  c.header("x-request-id", request_id);
  return c.json({ id, message, request_id }, status);
}
