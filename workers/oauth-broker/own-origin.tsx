import type { MiddlewareHandler } from "hono";
import type { BrokerEnv, Ctx } from "./config.ts";
import { MessagePage } from "./pages/message.tsx";

/** Where to go after sign-in: a path of this broker, never another site. */
export function ownPath(c: Ctx, text: string | undefined): string {
  const { origin } = new URL(c.env.BROKER_CONFIG.issuer);
  const url = URL.parse(text ?? "/", origin);
  // A path that begins with two slashes is another site to a browser, though it came from this origin's URL.
  return url?.origin === origin && !url.pathname.startsWith("//") ? url.pathname + url.search : "/";
}

/**
 * Refuses a form that was not sent from a page of the broker itself: browsers name the page's origin with every POST
 * (https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html).
 */
export const ownFormsOnly: MiddlewareHandler<{ Bindings: BrokerEnv }> = async (c, next) => {
  if (c.req.method === "POST" && c.req.header("origin") !== new URL(c.env.BROKER_CONFIG.issuer).origin) {
    return c.html(<MessagePage title="That did not work" text="This form was sent from another site." />, 403);
  }
  return next();
};
