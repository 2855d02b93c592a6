import {
  type AuthRequest,
  authorizationErrorRedirect,
  type ConsentDescription,
} from "@cloudflare/workers-oauth-provider";
import { connectScope, type Scope } from "@hybrid-mcp/catalogue";
import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import { authorizationServer } from "../authorization-server.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { knownServices } from "../known-services.ts";
import { ownFormsOnly, ownPath } from "../own-origin.tsx";
import { chosenHost, chosenName } from "../pages/chosen-name.tsx";
import { ConsentPage } from "../pages/consent.tsx";
import { MessagePage } from "../pages/message.tsx";
import { type Grant, type GrantMetadata, grantsOf } from "../people/grants.ts";
import { readForm } from "../read-form.ts";
import { offeredScopes, serviceOf } from "../resources.ts";
import { currentPerson } from "../session.ts";
import { SignInError } from "../sign-in/provider.ts";
import { signInPage } from "./sign-in.tsx";

/** What a person allows a client: the authorization endpoint of RFC 6749 section 3.1, with consent. */
export const authorizeRoutes = new Hono<{ Bindings: BrokerEnv }>();

authorizeRoutes.use("/authorize", ownFormsOnly);

authorizeRoutes.get("/authorize", async (c) => {
  const person = await currentPerson(c);
  const oauth = authorizationServer(c.env).getOAuthApi(c.env);
  // Before sign-in: a request that is no good is not worth one.
  const request = await oauth.parseAuthRequest(c.req.raw);
  if (!person) return signInPage(c, c.req.url);

  const service = serviceOf(c.env, request.resource);
  const before = await grantsToReplace(c.env, person, request, service.name);
  const offered = offer(c.env, person, service.name, request, before);
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
  const mayRemember = isRememberable(details, offered);
  if (mayRemember) {
    const asked = { ...request, scope: offered.map(({ name }) => name) };
    if (await oauth.isConsentRemembered(c.req.raw, asked, memory(c.env, person))) {
      return c.redirect(await giveGrant(c, person, asked, details, "consent was remembered"));
    }
  }
  const consent = await oauth.beginConsent(request);
  const known = knownServices(c.env.BROKER_CONFIG);
  for (const [name, value] of consent.headers) c.header(name, value, { append: name === "set-cookie" });
  return c.html(
    <ConsentPage
      details={details}
      service={service.title}
      person={person}
      scopes={offered}
      titleOf={(scope) => known[scope.split(":")[0]!]?.title ?? service.title}
      before={before.length > 0 ? before.flatMap(({ scope }) => scope) : undefined}
      mayRemember={mayRemember}
      handle={consent.handle}
    />,
  );
});

authorizeRoutes.post("/authorize", async (c) => {
  const person = await currentPerson(c);
  if (!person) throw new SignInError("Your session has ended. Start again from the program that sent you here.");
  const oauth = authorizationServer(c.env).getOAuthApi(c.env);
  const form = await readForm(c);
  const handle = String(form.get("handle"));
  if (form.get("decision") !== "approve") {
    const denied = await oauth.denyConsent(c.req.raw, handle);
    audit(c, { kind: "grant", user: person.id, decision: "denied", reason: "the person declined" });
    return new Response(null, { status: 302, headers: denied.headers });
  }
  const ticked = form.getAll("scope").map(String);
  const { request, headers } = await oauth.approveConsent(c.req.raw, handle, {
    scope: ticked,
    ...(form.get("remember") === "on" && { remember: memory(c.env, person) }),
  });
  // The form is the browser's: what was not offered is not granted, whatever it says.
  const { name } = serviceOf(c.env, request.resource);
  const scope = offeredScopes(c.env, person, name, request.scope).map((offered) => offered.name);
  if (ticked.length === 0 || scope.length === 0) {
    const reason = "no scope was left";
    audit(c, { ...grantOf(person.id, name, request.clientId), decision: "denied", reason });
    headers.set("location", authorizationErrorRedirect(request, "access_denied"));
    return new Response(null, { status: 302, headers });
  }
  headers.set("location", await giveGrant(c, person, { ...request, scope }, await oauth.describeConsent(request)));
  return new Response(null, { status: 302, headers });
});

/**
 * Whether an approval may stand for the next ones. For a program on this computer it may not: any program there can use its
 * name and its address (RFC 8252 section 8.6). The key to an account is asked for each time.
 */
function isRememberable({ redirectUri, redirectIsLoopback }: ConsentDescription, offered: readonly Scope[]): boolean {
  return (
    redirectUri.startsWith("https:") &&
    !redirectIsLoopback &&
    !offered.some(({ name }) => name === connectScope(name.slice(0, name.indexOf(":"))))
  );
}

/** What ties a remembered approval to this person; the library ties it to the client, its address and the resource. */
function memory(env: BrokerEnv, person: Person) {
  return { secret: env.CONSENT_SECRET, subject: person.id };
}

/**
 * What the consent page offers: what was asked for, and what the grants have that the new one replaces. So a client that
 * steps up by asking for the missing scope alone loses nothing.
 */
function offer(
  env: BrokerEnv,
  person: Person,
  service: string,
  request: AuthRequest,
  before: readonly Grant[],
): Scope[] {
  const asked = offeredScopes(env, person, service, request.scope);
  const had = before.flatMap(({ scope }) => scope);
  return offeredScopes(env, person, service, [...asked.map(({ name }) => name), ...had, ...request.scope]);
}

/** The grants that the library revokes when this request is granted: those of the same client and resource. */
async function grantsToReplace(
  env: BrokerEnv,
  person: Person,
  { clientId, redirectUri }: AuthRequest,
  service: string,
): Promise<Grant[]> {
  const grants = await grantsOf(env, person.id);
  // A client ID metadata document is shared by every installation of a client: only its own grants are replaced.
  const shared = URL.canParse(clientId);
  return grants.filter(
    (grant) =>
      grant.clientId === clientId && grant.service === service && (!shared || grant.redirectUri === redirectUri),
  );
}

/**
 * Grants the scopes of the request, and links the new grant with those that it replaces in the trail. One KV write, and
 * deletes for what is replaced; the client's exchange of the code is two writes more.
 *
 * @returns where the browser goes on, with the code
 */
async function giveGrant(
  c: Ctx,
  person: Person,
  request: AuthRequest,
  { clientName, redirectHost }: ConsentDescription,
  how?: string,
): Promise<string> {
  const { name } = serviceOf(c.env, request.resource);
  const replaced = await grantsToReplace(c.env, person, request, name);
  const metadata: GrantMetadata = { service: name, clientName: chosenName(clientName), host: chosenHost(redirectHost) };
  const { redirectTo } = await authorizationServer(c.env)
    .getOAuthApi(c.env)
    .completeAuthorization({ request, userId: person.id, metadata, scope: request.scope, props: { person } });
  // The library's codes are `<user>:<grant>:<secret>`.
  const grant = new URL(redirectTo).searchParams.get("code")!.split(":")[1]!;
  const event = grantOf(person.id, name, request.clientId);
  const replaces = replaced.map(({ id }) => `replaces grant ${id}`);
  const reason = [request.scope.join(" "), ...(how ? [how] : []), ...replaces].join("; ");
  audit(c, { ...event, grant, decision: "allowed", reason });
  for (const { id } of replaced) {
    audit(c, { ...event, kind: "revoke", grant: id, decision: "allowed", reason: `replaced by grant ${grant}` });
  }
  return redirectTo;
}

function grantOf(user: string, service: string, client: string) {
  return { kind: "grant" as const, user, service, client };
}
