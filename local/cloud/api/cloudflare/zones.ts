import { Hono } from "hono";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";

/** `/zones`: list with filters, and read (Cloudflare API, Zones). The zone itself is given by the options. */
export function zoneRoutes(context: CloudflareContext): Hono {
  const zone = {
    id: context.zone.id,
    name: context.zone.name,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: "2026-01-01T00:00:00.000000Z",
    modified_on: "2026-01-01T00:00:00.000000Z",
    activated_on: "2026-01-01T00:00:00.000000Z",
    meta: { step: 2, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
    owner: { id: null, type: "user", email: null },
    account: context.account,
    permissions: ["#dns_records:edit", "#dns_records:read", "#worker:edit", "#worker:read", "#zone:read"],
    plan: { id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", name: "Free Website", price: 0, currency: "USD" },
  };
  return new Hono()
    .get("/", (c) => {
      const wanted: Record<string, string> = {
        name: zone.name,
        status: zone.status,
        "account.id": context.account.id,
        "account.name": context.account.name,
      };
      const matches = Object.entries(wanted).every(([filter, value]) => {
        const asked = c.req.query(filter);
        return asked === undefined || asked === value || asked === `equal:${value}`;
      });
      return page(c, matches ? [zone] : [], { default: 20, max: 50 });
    })
    .get("/:zone_id", (c) => {
      if (c.req.param("zone_id") !== zone.id)
        throw new ApiError(403, 9109, "Unauthorized to access requested resource");
      return success(c, zone);
    });
}
