import { authorizationErrorRedirect } from "@cloudflare/workers-oauth-provider";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import { authorizationServer } from "../authorization-server.ts";
import type { BrokerEnv } from "../config.ts";
import { ownPath } from "../own-origin.tsx";
import { ConsentPage } from "../pages/consent.tsx";
import { MessagePage } from "../pages/message.tsx";
import { offeredScopes, serviceOf } from "../resources.ts";
import { currentPerson } from "../session.ts";
import { SignInError } from "../sign-in/provider.ts";
import { signInPage } from "./sign-in.tsx";

/** What a person allows a client: the authorization endpoint of RFC 6749 section 3.1, with consent. */
export const authorizeRoutes = new Hono<{ Bindings: BrokerEnv }>();

authorizeRoutes.get("/authorize", async (c) => {
  const person = await currentPerson(c);
  const oauth = authorizationServer(c.env).getOAuthApi(c.env);
  // Before sign-in: a request that is no good is not worth one.
  const request = await oauth.parseAuthRequest(c.req.raw);
  if (!person) return signInPage(c, c.req.url);

  const service = serviceOf(c.env, request.resource);
  const offered = offeredScopes(c.env, person, service.name, request.scope);
  if (offered.length === 0) {
    audit(c, {
      ...grantOf(person.id, service.name, request.clientId),
      decision: "denied",
      reason: "no rule allows anything",
    });
    return c.html(
      <MessagePage
        title="You may not use this"
        text={`${person.name}, nothing in ${service.title} is open to you. Ask whoever runs this platform.`}
        next={{
          href: `/sign-in?return=${encodeURIComponent(ownPath(c, c.req.url))}`,
          label: "Sign in as somebody else",
        }}
      />,
      403,
    );
  }
  const details = await oauth.describeConsent(request);
  const consent = await oauth.beginConsent(request);
  for (const [name, value] of consent.headers) c.header(name, value, { append: name === "set-cookie" });
  return c.html(
    <ConsentPage details={details} service={service.title} person={person} scopes={offered} handle={consent.handle} />,
  );
});

authorizeRoutes.post("/authorize", async (c) => {
  const person = await currentPerson(c);
  if (!person) throw new SignInError("Your session has ended. Start again from the program that sent you here.");
  const oauth = authorizationServer(c.env).getOAuthApi(c.env);
  const form = await c.req.formData();
  const handle = String(form.get("handle"));
  if (form.get("decision") !== "approve") {
    const denied = await oauth.denyConsent(c.req.raw, handle);
    audit(c, { kind: "grant", user: person.id, decision: "denied", reason: "the person declined" });
    return new Response(null, { status: 302, headers: denied.headers });
  }
  const ticked = form.getAll("scope").map(String);
  const { request, headers } = await oauth.approveConsent(c.req.raw, handle, { scope: ticked });
  // The form is the browser's: what was not offered is not granted, whatever it says.
  const { name } = serviceOf(c.env, request.resource);
  const scope = offeredScopes(c.env, person, name, request.scope).map((offered) => offered.name);
  const grant = grantOf(person.id, name, request.clientId);
  if (scope.length === 0) {
    audit(c, { ...grant, decision: "denied", reason: "no scope was left" });
    headers.set("location", authorizationErrorRedirect(request, "access_denied"));
    return new Response(null, { status: 302, headers });
  }
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: person.id,
    metadata: { service: name },
    scope,
    props: { person },
  });
  audit(c, { ...grant, decision: "allowed", reason: scope.join(" ") });
  headers.set("location", redirectTo);
  return new Response(null, { status: 302, headers });
});

function grantOf(user: string, service: string, client: string) {
  return { kind: "grant" as const, user, service, client };
}
