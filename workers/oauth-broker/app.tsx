import { AuthorizationError, CimdFetchError } from "@cloudflare/workers-oauth-provider";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { authorizationServer } from "./authorization-server.ts";
import { limitedBodies } from "./body-size.tsx";
import type { BrokerEnv, Ctx } from "./config.ts";
import { MessagePage } from "./pages/message.tsx";
import { isForPrograms } from "./program-routes.ts";
import { FormError } from "./read-form.ts";
import { activityRoutes } from "./routes/activity.tsx";
import { authorizeRoutes } from "./routes/authorize.tsx";
import { callbackRoutes } from "./routes/callback.ts";
import { connectionRoutes } from "./routes/connections.tsx";
import { oauthTokenRoutes } from "./routes/oauth-token.ts";
import { personRoutes } from "./routes/person.tsx";
import { serviceRoutes } from "./routes/services.ts";
import { signInRoutes } from "./routes/sign-in.tsx";
import { tokenRoutes } from "./routes/token.ts";
import { SignInError } from "./sign-in/provider.ts";

/** The broker's HTTP side, to be mounted at the issuer's origin. What it does not know is the library's. */
export const app = new Hono<{ Bindings: BrokerEnv }>();

app.use(
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'unsafe-inline'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // Not "no-referrer": browsers then send forms with `Origin: null`.
    referrerPolicy: "same-origin",
    crossOriginResourcePolicy: false,
  }),
);
app.use(limitedBodies);

app.route("/", signInRoutes);
app.route("/", callbackRoutes);
app.route("/", authorizeRoutes);
app.route("/", oauthTokenRoutes);
app.route("/", personRoutes);
app.route("/", activityRoutes);
app.route("/", serviceRoutes);
app.route("/", connectionRoutes);
app.route("/", tokenRoutes);
app.all("*", (c) => authorizationServer(c.env).fetch(c.req.raw, c.env, c.executionCtx as never));

app.onError((error, c) => {
  if (error instanceof AuthorizationError && error.redirectTo) return c.redirect(error.redirectTo);
  if (error instanceof SignInError || error instanceof FormError) return problem(c, error.message);
  if (error instanceof AuthorizationError) return problem(c, error.description ?? "The request is not valid.");
  if (error instanceof CimdFetchError) return problem(c, "The program that sent you here could not be verified.");
  console.error(`oauth-broker: ${error.stack ?? error.message}`);
  if (isForPrograms(c.req.path)) return c.json({ error: "server_error" }, 500);
  return c.html(<MessagePage title="That did not work" text="The broker had an error of its own. Try again." />, 500);
});

function problem(c: Ctx, text: string) {
  return c.html(<MessagePage title="That did not work" text={text} />, 400);
}
