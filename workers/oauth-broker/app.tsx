import { AuthorizationError, authorizationErrorRedirect, CimdFetchError } from "@cloudflare/workers-oauth-provider";
import { catalogue, isServiceName, type Scope } from "@hybrid-mcp/catalogue";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { AuditEvent } from "./audit/event.ts";
import { record } from "./audit/trail.ts";
import { authorizationServer } from "./authorization-server.ts";
import { type BrokerEnv, GATEWAY, type ProviderName } from "./config.ts";
import { introspect } from "./introspection.ts";
import { ConsentPage } from "./pages/consent.tsx";
import { MessagePage } from "./pages/message.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { allowedScopes, type Person } from "./policy.ts";
import { publicKeys } from "./service-token.ts";
import { beginSession, currentPerson, endSession } from "./session.ts";
import { github } from "./sign-in/github.ts";
import { google } from "./sign-in/google.ts";
import { SignInError, type SignInProvider } from "./sign-in/provider.ts";
import { beginSignIn, callbackUrl, resumeSignIn } from "./sign-in/transaction.ts";

type Ctx = Context<{ Bindings: BrokerEnv }>;

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

app.get("/sign-in", (c) => signInPage(c, c.req.query("return")));

app.post("/sign-in", async (c) => {
  if (!sameOrigin(c)) return crossOrigin(c);
  const form = await c.req.formData();
  const name = String(form.get("provider"));
  const provider = providers(c.env)[name as ProviderName];
  if (!provider) return signInPage(c, String(form.get("return") ?? ""));
  return beginSignIn(c, name as ProviderName, provider, ownPath(c, String(form.get("return") ?? "")));
});

app.post("/sign-out", async (c) => {
  if (!sameOrigin(c)) return crossOrigin(c);
  const person = await currentPerson(c);
  await endSession(c);
  if (person) audit(c, { kind: "sign-out", decision: "allowed", user: person.id });
  return c.redirect("/sign-in");
});

app.get("/callback/:provider", async (c) => {
  const name = c.req.param("provider") as ProviderName;
  const provider = providers(c.env)[name];
  if (!provider) return c.notFound();
  const { returnTo, codeVerifier, nonce } = await resumeSignIn(c, name);
  const code = c.req.query("code");
  if (!code) throw new SignInError(`You did not sign in with ${provider.title}.`);
  const person = await provider.person({ code, codeVerifier, nonce, redirectUri: callbackUrl(c, name) });
  await beginSession(c, person);
  audit(c, { kind: "sign-in", decision: "allowed", user: person.id });
  return c.redirect(returnTo);
});

app.get("/authorize", async (c) => {
  const person = await currentPerson(c);
  const oauth = authorizationServer(c.env).getOAuthApi(c.env);
  // Before sign-in: a request that is no good is not worth one.
  const request = await oauth.parseAuthRequest(c.req.raw);
  if (!person) return signInPage(c, c.req.url);

  const service = serviceOf(c.env, request.resource);
  const offered = offeredScopes(c.env, person, service.name, request.scope);
  if (offered.length === 0) {
    audit(c, {
      ...about(person, service.name, request.clientId),
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

app.post("/authorize", async (c) => {
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
  const grant = about(person, name, request.clientId);
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

app.post("/introspect", introspect);

app.get("/.well-known/jwks.json", (c) => {
  c.header("cache-control", "public, max-age=300");
  return c.json(publicKeys(c.env));
});

app.all("*", (c) => authorizationServer(c.env).fetch(c.req.raw, c.env, c.executionCtx as never));

app.onError((error, c) => {
  if (error instanceof AuthorizationError && error.redirectTo) return c.redirect(error.redirectTo);
  if (error instanceof SignInError) return problem(c, error.message);
  if (error instanceof AuthorizationError) return problem(c, error.description ?? "The request is not valid.");
  if (error instanceof CimdFetchError) return problem(c, "The program that sent you here could not be verified.");
  console.error(`oauth-broker: ${error.stack ?? error.message}`);
  return c.html(<MessagePage title="That did not work" text="The broker had an error of its own. Try again." />, 500);
});

function about(person: Person, service: string, client: string) {
  return { kind: "grant" as const, user: person.id, service, client };
}

/** Writes to the trail without holding up the answer; a trail that cannot be written is told in the log. */
function audit(c: Ctx, event: Omit<AuditEvent, "time">): void {
  const written = record(c.env.AUDIT, [{ time: Date.now(), ...event }]);
  c.executionCtx.waitUntil(written.catch((error: Error) => console.error(`oauth-broker: audit: ${error.message}`)));
}

function problem(c: Ctx, text: string) {
  return c.html(<MessagePage title="That did not work" text={text} />, 400);
}

function signInPage(c: Ctx, returnTo: string | undefined) {
  const offered = Object.entries(providers(c.env)).map(([name, { title }]) => ({ name, title }));
  return c.html(<SignInPage providers={offered} returnTo={ownPath(c, returnTo)} />);
}

/** Where to go after sign-in: a path of this broker, never another site. */
function ownPath(c: Ctx, text: string | undefined): string {
  const { origin } = new URL(c.env.BROKER_CONFIG.issuer);
  const url = URL.parse(text ?? "/", origin);
  return url?.origin === origin ? url.pathname + url.search : "/";
}

/** Whether a form was sent from a page of the broker itself (Fetch metadata and Origin). */
function sameOrigin(c: Ctx): boolean {
  return c.req.header("origin") === new URL(c.env.BROKER_CONFIG.issuer).origin;
}

function crossOrigin(c: Ctx) {
  return c.html(<MessagePage title="That did not work" text="This form was sent from another site." />, 403);
}

function providers(env: BrokerEnv): Partial<Record<ProviderName, SignInProvider>> {
  const { github: gitHub, google: goog } = env.BROKER_CONFIG.providers;
  return {
    ...(gitHub && { github: github(gitHub, env.GITHUB_CLIENT_SECRET ?? "") }),
    ...(goog && { google: google(goog, env.GOOGLE_CLIENT_SECRET ?? "") }),
  };
}

function serviceOf(env: BrokerEnv, resource: string | undefined): { name: string; title: string } {
  const name = Object.entries(env.BROKER_CONFIG.resources).find(([, each]) => each === resource)?.[0] ?? "";
  return { name, title: isServiceName(name) ? catalogue[name].title : name === GATEWAY ? "every service" : name };
}

/**
 * Of a service's scopes, or of all services' for the gateway, those that were asked for (all, if none were) and that the
 * policy allows the person.
 */
function offeredScopes(env: BrokerEnv, person: Person, service: string, asked: string[]): Scope[] {
  const scopes: readonly Scope[] = Object.entries(catalogue)
    .filter(([name]) => name === service || service === GATEWAY)
    .flatMap(([, entry]) => entry.scopes);
  const allowed = allowedScopes(env.BROKER_CONFIG.policy, person);
  return scopes.filter(({ name }) => allowed.has(name) && (asked.length === 0 || asked.includes(name)));
}
