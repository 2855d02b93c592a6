import { Hono } from "hono";
import { ingest } from "../audit/ingest.ts";
import type { BrokerEnv } from "../config.ts";
import { introspect } from "../introspection.ts";
import { publicKeys } from "../service-token.ts";

/** What services ask over HTTP, and the keys with which anybody checks service tokens. */
export const serviceRoutes = new Hono<{ Bindings: BrokerEnv }>();

serviceRoutes.get("/health", (c) =>
  c.json({ status: "ok", service: "oauth-broker", version: c.env.VERSION, placement: "workers" }, 200, {
    "x-served-by": "workers",
  }),
);

serviceRoutes.post("/introspect", introspect);
serviceRoutes.post("/audit", ingest);

serviceRoutes.get("/.well-known/jwks.json", (c) => {
  c.header("cache-control", "public, max-age=300");
  return c.json(publicKeys(c.env));
});
