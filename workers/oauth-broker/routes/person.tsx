import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import { lastUses } from "../audit/trail.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { listConnections } from "../connections/list.ts";
import { ownFormsOnly } from "../own-origin.tsx";
import { HomePage, type ShownGrant } from "../pages/home.tsx";
import type { Navigation } from "../pages/layout.tsx";
import { MessagePage } from "../pages/message.tsx";
import { PolicyPage } from "../pages/policy.tsx";
import { accountTitle } from "../people/account-title.ts";
import { grantsOf, revokeGrant } from "../people/grants.ts";
import { allowedScopes, isAdministrator, withImplied } from "../policy.ts";
import { scopesOf, titleOf } from "../resources.ts";
import { currentPerson, endSessionById, ownSessionId, sessionsOf } from "../session.ts";
import { signInPage } from "./sign-in.tsx";

/** A person's own page, and what they do there: revoke access and end sessions. */
export const personRoutes = new Hono<{ Bindings: BrokerEnv }>();

personRoutes.use("/grants/*", ownFormsOnly);
personRoutes.use("/sessions/*", ownFormsOnly);

/** What the page says after something was done, by the `done` in its address: nothing that a link could choose. */
const NOTICES = new Map([
  ["revoked", "The access has ended. It takes up to two minutes to end everywhere."],
  ["session", "That browser is signed out."],
  ["sessions", "Every other browser is signed out."],
]);

personRoutes.get("/", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, c.req.url);
  c.header("cache-control", "no-store");
  const [connections, grants, sessions, ownSession] = await Promise.all([
    listConnections(c.env, person),
    shownGrants(c.env, person),
    sessionsOf(c.env, person.id),
    ownSessionId(c),
  ]);
  const { grantIdleDays } = c.env.BROKER_CONFIG;
  return c.html(
    <HomePage
      nav={navigation(c, person, "home")}
      person={person}
      accounts={person.accounts.map((account) => accountTitle(c.env, account))}
      mayDoNothing={allowedScopes(c.env.BROKER_CONFIG, person).size === 0}
      connections={connections}
      grants={grants}
      sessions={sessions}
      ownSession={ownSession}
      grantIdleDays={grantIdleDays}
      notice={NOTICES.get(c.req.query("done") ?? "")}
    />,
  );
});

/** Revoking what is revoked already is no error. Deletes the grant and its tokens. */
personRoutes.post("/grants/:id/revoke", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, "/");
  const grant = (await grantsOf(c.env, person.id)).find(({ id }) => id === c.req.param("id"));
  if (grant) {
    await revokeGrant(c.env, person.id, grant.id);
    const { clientId: client, service, id } = grant;
    audit(c, { kind: "revoke", decision: "allowed", user: person.id, client, service, grant: id });
  }
  return c.redirect("/?done=revoked", 303);
});

/** One KV delete. */
personRoutes.post("/sessions/:id/end", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, "/");
  await endSessionById(c.env, person.id, c.req.param("id"));
  audit(c, { kind: "sign-out", decision: "allowed", user: person.id, reason: "from another browser" });
  return c.redirect("/?done=session", 303);
});

/** One KV delete for each. */
personRoutes.post("/sessions/end-others", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, "/");
  const own = await ownSessionId(c);
  const others = (await sessionsOf(c.env, person.id)).filter(({ id }) => id !== own);
  await Promise.all(others.map(({ id }) => endSessionById(c.env, person.id, id)));
  const reason = `${others.length} from another browser`;
  audit(c, { kind: "sign-out", decision: "allowed", user: person.id, reason });
  return c.redirect("/?done=sessions", 303);
});

personRoutes.get("/policy", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, c.req.url);
  c.header("cache-control", "no-store");
  const nav = navigation(c, person, "policy");
  return nav.administrator
    ? c.html(<PolicyPage nav={nav} config={c.env.BROKER_CONFIG} />)
    : administratorsOnly(c, person, "the policy");
});

export function navigation(c: Ctx, person: Person, current: Navigation["current"]): Navigation {
  return { current, administrator: isAdministrator(c.env.BROKER_CONFIG.administrators, person) };
}

/** Refuses a person a page. @param what it shows, for the trail */
export function administratorsOnly(c: Ctx, person: Person, what: string) {
  audit(c, { kind: "view", decision: "denied", user: person.id, reason: `${what} is for administrators` });
  const text = "This page is for administrators of the platform. Who they are is in the stack's config.";
  return c.html(<MessagePage title="Not for you" text={text} />, 403);
}

async function shownGrants(env: BrokerEnv, person: Person): Promise<ShownGrant[]> {
  const grants = await grantsOf(env, person.id);
  const uses = await lastUses(
    env.AUDIT,
    grants.map(({ id }) => id),
  );
  const allowed = allowedScopes(env.BROKER_CONFIG, person);
  return grants.map((grant) => {
    const granted = withImplied(env.BROKER_CONFIG, grant.scope);
    const lastUsed = uses.get(grant.id);
    return {
      ...grant,
      serviceTitle: titleOf(env.BROKER_CONFIG, grant.service),
      scopes: scopesOf(env.BROKER_CONFIG, grant.service)
        .filter(({ name }) => granted.has(name))
        .map(({ name, description }) => ({ name, description, closed: !allowed.has(name) })),
      ...(lastUsed !== undefined && { lastUsed }),
    };
  });
}
