import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { ownFormsOnly, ownPath } from "../own-origin.tsx";
import { SignInPage } from "../pages/sign-in.tsx";
import { beginSession, currentPerson, endSession } from "../session.ts";
import { SignInError } from "../sign-in/provider.ts";
import { providerOf, providers } from "../sign-in/providers.ts";
import { beginSignIn, callbackUrl, type Transaction } from "../sign-in/transaction.ts";

/** Who somebody is: `/sign-in`, `/sign-out`. The way back from a provider is in `callback.ts`. */
export const signInRoutes = new Hono<{ Bindings: BrokerEnv }>();

signInRoutes.use("/sign-in", ownFormsOnly);
signInRoutes.use("/sign-out", ownFormsOnly);

signInRoutes.get("/sign-in", (c) => signInPage(c, c.req.query("return")));

signInRoutes.post("/sign-in", async (c) => {
  const form = await c.req.formData();
  const returnTo = ownPath(c, String(form.get("return") ?? ""));
  const found = providerOf(c.env, String(form.get("provider")));
  return found ? beginSignIn(c, found.name, found.provider, returnTo) : signInPage(c, returnTo);
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

/** Takes up a sign-in whose transaction has been checked: the browser is signed in when it goes on. */
export async function finishSignIn(c: Ctx, { name, returnTo, codeVerifier, nonce }: Transaction): Promise<Response> {
  const found = providerOf(c.env, name);
  if (!found) throw new SignInError("This way of signing in is not offered any more.");
  const code = c.req.query("code");
  if (!code) throw new SignInError(`You did not sign in with ${found.provider.title}.`);
  const person = await found.provider.person({ code, codeVerifier, nonce, redirectUri: callbackUrl(c, name) });
  await beginSession(c, person);
  audit(c, { kind: "sign-in", decision: "allowed", user: person.id });
  return c.redirect(returnTo);
}
