import { type Context, Hono } from "hono";
import { checkBearerToken } from "../bearer-token.ts";
import { accessRoutes } from "./access.ts";
import { accountRoutes } from "./accounts.ts";
import type { CloudflareContext } from "./context.ts";
import { d1Routes } from "./d1.ts";
import { dnsRoutes } from "./dns.ts";
import { ApiError, failure, success } from "./envelope.ts";
import { kvRoutes } from "./kv.ts";
import { workersRouteRoutes } from "./routes.ts";
import { describeService } from "./script-description.ts";
import { notFound, scriptRoutes } from "./scripts.ts";
import { serviceTokenRoutes } from "./service-tokens.ts";
import { tunnelRoutes } from "./tunnels.ts";
import { zoneRoutes } from "./zones.ts";

const root = "/client/v4";

/**
 * The Cloudflare API v4 as far as the platform uses it. What is not in this table is answered as the API answers an unknown URI
 * (404, code 7000) or method (405, code 7001), and logged.
 */
export function cloudflareApp(context: CloudflareContext, token: string): Hono {
  const { store, scripts, account, zone, log, workersSubdomain } = context;
  const app = new Hono().basePath(root);

  app.use("*", async (c, next) => {
    refuseUnauthorized(c, token);
    try {
      await next();
    } finally {
      // Whatever the answer says must be on disk before it is given, and a failure may have come after a change.
      await store.flush();
    }
  });
  app.use("/accounts/:account_id/*", async (c, next) => {
    const asked = c.req.param("account_id");
    if (asked !== account.id) throw unknownIdentifier(c, asked, new ApiError(403, 10000, "Authentication error"));
    await next();
  });
  app.use("/zones/:zone_id/*", async (c, next) => {
    const asked = c.req.param("zone_id");
    const refused = new ApiError(403, 9109, "Unauthorized to access requested resource");
    if (asked !== zone.id) throw unknownIdentifier(c, asked, refused);
    await next();
  });

  app.get("/user/tokens/verify", (c) =>
    c.json({
      result: { id: "00000000000000000000000000000001", status: "active" },
      success: true,
      errors: [],
      messages: [{ code: 10000, message: "This API Token is valid and active", type: null }],
    }),
  );
  app.route("/accounts", accountRoutes(context));
  app.route("/accounts/:account_id/storage/kv/namespaces", kvRoutes(context));
  app.route("/accounts/:account_id/d1/database", d1Routes(context));
  app.get("/accounts/:account_id/workers/subdomain", (c) => success(c, { subdomain: workersSubdomain }));
  app.get("/accounts/:account_id/workers/services/:script_name", (c) => {
    const script = scripts.get(c.req.param("script_name"));
    if (!script) throw notFound();
    return success(c, describeService(script));
  });
  app.route("/accounts/:account_id/workers/scripts", scriptRoutes(context));
  app.route("/accounts/:account_id/cfd_tunnel", tunnelRoutes(context));
  app.route("/accounts/:account_id/access/service_tokens", serviceTokenRoutes(context));
  app.route("/accounts/:account_id/access", accessRoutes(context));
  app.route("/zones", zoneRoutes(context));
  app.route("/zones/:zone_id/dns_records", dnsRoutes(context));
  app.route("/zones/:zone_id/workers/routes", workersRouteRoutes(context));

  const known = new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path.slice(root.length)));
  for (const path of known) {
    app.all(path, (c) => {
      log(`cloudflare: ${c.req.method} is not known for ${c.req.path} (405)`);
      return failure(c, new ApiError(405, 7001, `Method ${c.req.method} not available for that URI.`));
    });
  }
  app.notFound((c) => {
    log(`cloudflare: no route for ${c.req.method} ${c.req.path} (404)`);
    return failure(c, new ApiError(404, 7000, "No route for that URI"));
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) return failure(c, error);
    log(`cloudflare: ${c.req.method} ${c.req.path} failed: ${error.message}`);
    return failure(
      c,
      new ApiError(500, 10001, "An internal error has occurred; the log of the local cloud tells what."),
    );
  });
  return app;
}

/** Each part of the API has its own way to refuse a token. */
function refuseUnauthorized(c: Context, token: string): void {
  const path = c.req.path.slice(root.length);
  switch (checkBearerToken(c.req.raw, token)) {
    case "valid":
      return;
    case "missing":
      throw new ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
    case "malformed":
      throw new ApiError(400, 6003, "Invalid request headers", [
        { code: 6111, message: "Invalid format for Authorization header" },
      ]);
    case "invalid":
      if (path === "/user/tokens/verify") throw new ApiError(401, 1000, "Invalid API Token");
      if (/^\/accounts\/[^/]+\//.test(path)) throw new ApiError(401, 10000, "Authentication error");
      throw new ApiError(403, 9109, "Invalid access token");
  }
}

/** What is no identifier at all leads to no route; another's identifier is refused. */
function unknownIdentifier(c: Context, identifier: string, refused: ApiError): ApiError {
  if (/^[0-9a-f]{32}$/.test(identifier)) return refused;
  return new ApiError(404, 7003, `Could not route to ${c.req.path}, perhaps your object identifier is invalid?`);
}
