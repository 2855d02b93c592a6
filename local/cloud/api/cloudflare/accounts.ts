import { Hono } from "hono";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";

/** `/accounts`: list and read (Cloudflare API, Accounts). The account itself is given by the options. */
export function accountRoutes(context: CloudflareContext): Hono {
  const account = {
    ...context.account,
    type: "standard",
    settings: { enforce_twofactor: false },
    created_on: "2026-01-01T00:00:00.000000Z",
  };
  return new Hono()
    .get("/", (c) => {
      const name = c.req.query("name");
      return page(c, name === undefined || name === account.name ? [account] : [], { default: 20, max: 50 });
    })
    .get("/:account_id", (c) => {
      if (c.req.param("account_id") !== account.id) {
        throw new ApiError(403, 9109, "Unauthorized to access requested resource");
      }
      return success(c, account);
    });
}
