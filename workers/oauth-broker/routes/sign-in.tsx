import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { ownFormsOnly, ownPath } from "../own-origin.tsx";
import { LinkPage } from "../pages/link.tsx";
import { MessagePage } from "../pages/message.tsx";
import { SignInPage } from "../pages/sign-in.tsx";
import { accountTitle } from "../people/account-title.ts";
import { acquaintance, agree, ask, forgetLink, link, pendingLink } from "../people/link.ts";
import { endLostGrants } from "../people/lost-access.ts";
import { accountOf, asPerson, keep, providerOfAccount, recordOfAccount } from "../people/person-record.ts";
import { readForm } from "../read-form.ts";
import { beginSession, currentPerson, endSession } from "../session.ts";
import { SignInError } from "../sign-in/provider.ts";
import { providerOf, providers } from "../sign-in/providers.ts";
import { beginSignIn, callbackUrl, type Transaction } from "../sign-in/transaction.ts";

/** Who somebody is: `/sign-in`, `/sign-out`. The way back from a provider is in `callback.ts`. */
export const signInRoutes = new Hono<{ Bindings: BrokerEnv }>();

signInRoutes.use("/sign-in/*", ownFormsOnly);
signInRoutes.use("/sign-out", ownFormsOnly);

signInRoutes.get("/sign-in", (c) => signInPage(c, c.req.query("return")));

signInRoutes.post("/sign-in", async (c) => {
  const form = await readForm(c);
  const returnTo = ownPath(c, String(form.get("return") ?? ""));
  const found = providerOf(c.env, String(form.get("provider")));
  return found ? beginSignIn(c, found.name, found.provider, returnTo) : signInPage(c, returnTo);
});

signInRoutes.get("/sign-in/link", async (c) => {
  const pending = await pendingLink(c);
  if (!pending) throw new SignInError("This question has expired or was answered. Sign in again.");
  c.header("cache-control", "no-store");
  const { account, known } = pending;
  return c.html(
    <LinkPage account={accountTitle(c.env, account.id)} known={accountTitle(c.env, known.id)} as={known.name} />,
  );
});

signInRoutes.post("/sign-in/link", async (c) => {
  const pending = await pendingLink(c);
  if (!pending) throw new SignInError("This question has expired or was answered. Sign in again.");
  const { account, known, returnTo } = pending;
  const form = await readForm(c);
  if (form.get("decision") === "link") {
    const found = providerOf(c.env, providerOfAccount(known.id));
    if (!found) throw new SignInError("This way of signing in is not offered any more.");
    await agree(c, pending);
    return beginSignIn(c, found.name, found.provider, returnTo);
  }
  await forgetLink(c);
  const before = await recordOfAccount(c.env, account.id);
  const person = asPerson(await keep(c.env, before ?? { id: account.id, accounts: [] }, account));
  audit(c, { kind: "link", decision: "denied", user: person.id, reason: `kept apart from ${known.id}` });
  return enter(c, person, returnTo);
});

signInRoutes.post("/sign-out", async (c) => {
  const person = await currentPerson(c);
  await endSession(c);
  if (person) audit(c, { kind: "sign-out", decision: "allowed", user: person.id });
  return c.redirect("/sign-in");
});

/** Asks with which provider a person signs in, to go on at a path of this broker. */
export function signInPage(c: Ctx, returnTo: string | undefined) {
  const offered = Object.entries(providers(c.env)).map(([name, { title }]) => ({ name, title }));
  return c.html(<SignInPage providers={offered} returnTo={ownPath(c, returnTo)} />);
}

/** Takes up a sign-in whose transaction has been checked: the browser is signed in, or asked a question, when it goes on. */
export async function finishSignIn(c: Ctx, { name, returnTo, codeVerifier, nonce }: Transaction): Promise<Response> {
  const found = providerOf(c.env, name);
  if (!found) throw new SignInError("This way of signing in is not offered any more.");
  const code = c.req.query("code");
  let told: Person;
  try {
    if (!code) throw new SignInError(`You did not sign in with ${found.provider.title}.`);
    told = await found.provider.person({ code, codeVerifier, nonce, redirectUri: callbackUrl(c, name) });
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    audit(c, { kind: "sign-in", decision: code ? "failed" : "denied", reason: error.message });
    const next = { href: `/sign-in?return=${encodeURIComponent(returnTo)}`, label: "Sign in again" };
    return c.html(<MessagePage title="That did not work" text={error.message} next={next} />, 400);
  }
  const account = accountOf(told, Math.floor(Date.now() / 1000));

  const before = await recordOfAccount(c.env, account.id);
  const known = before ? undefined : await acquaintance(c.env, account);
  if (known) {
    await ask(c, { account, known: { id: known.id, name: known.login ?? known.name }, returnTo });
    return c.redirect("/sign-in/link");
  }
  const record = await keep(c.env, before ?? { id: account.id, accounts: [] }, account);
  const person = asPerson(record);
  if (before) await endLostGrants(c, asPerson(before), person);

  const pending = await pendingLink(c);
  if (!pending?.agreed) return enter(c, person, returnTo);
  await forgetLink(c);
  const linked = await link(c.env, pending, record, account);
  const event = { kind: "link" as const, user: person.id };
  if (typeof linked !== "string") {
    audit(c, { ...event, decision: "allowed", reason: `${pending.account.id} is the same person` });
    return enter(c, asPerson(linked), returnTo);
  }
  audit(c, { ...event, decision: "denied", reason: linked });
  await admit(c, person);
  const next = { href: returnTo, label: `Go on as ${person.name}` };
  return c.html(<MessagePage title="Nothing was linked" text={linked} next={next} />, 409);
}

async function enter(c: Ctx, person: Person, returnTo: string): Promise<Response> {
  await admit(c, person);
  return c.redirect(returnTo);
}

async function admit(c: Ctx, person: Person): Promise<void> {
  await beginSession(c, person);
  audit(c, { kind: "sign-in", decision: "allowed", user: person.id });
}
