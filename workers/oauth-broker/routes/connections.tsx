import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { forgetCredential } from "../connections/credential.ts";
import type { NewConnection } from "../connections/keeper.ts";
import { describeConnection } from "../connections/list.ts";
import { keeperOf } from "../connections/record.ts";
import { type Upstream, UpstreamFailure } from "../connections/upstream.ts";
import { mayConnect, upstreamOf } from "../connections/upstreams.ts";
import { VaultError, vaultOf } from "../connections/vault.ts";
import { ownFormsOnly, ownPath } from "../own-origin.tsx";
import { ConnectPage } from "../pages/connect.tsx";
import { MessagePage } from "../pages/message.tsx";
import { readForm } from "../read-form.ts";
import { currentPerson } from "../session.ts";
import { beginTransaction, callbackUrl, type Transaction } from "../sign-in/transaction.ts";
import { signInPage } from "./sign-in.tsx";

/**
 * A person's connections: `/auth/{service}` starts and ends them; the way back from an upstream is in `callback.ts`.
 *
 * The way to an upstream starts with a form of this broker, never with a link: an upstream that the person has allowed
 * before answers without asking, so a link on another site could connect the person without their doing.
 */
export const connectionRoutes = new Hono<{ Bindings: BrokerEnv }>();

connectionRoutes.use("/auth/*", ownFormsOnly);

connectionRoutes.get("/auth/:service", async (c) => {
  const connecting = await connectingPerson(c, c.req.param("service"), c.req.query("return"));
  return connecting instanceof Response ? connecting : connectPage(c, connecting);
});

connectionRoutes.post("/auth/:service", async (c) => {
  const form = await readForm(c);
  const connecting = await connectingPerson(c, c.req.param("service"), text(form, "return"));
  if (connecting instanceof Response) return connecting;
  const { person, service, upstream, returnTo } = connecting;
  if (upstream.kind === "oauth") {
    const about = { purpose: "connection" as const, name: service, returnTo, userId: person.id };
    return c.redirect(upstream.authorizeUrl(await beginTransaction(c, about)).toString(), 303);
  }
  const accessToken = (text(form, "token") ?? "").trim();
  // What a header can carry; anything else is no token, and nobody has to be asked.
  if (!/^[\x21-\x7e]{1,4096}$/.test(accessToken)) {
    return connectPage(c, connecting, `That is no ${upstream.title} token: paste it whole, and nothing else.`, 400);
  }
  try {
    const account = await upstream.check(accessToken);
    return await keep(c, connecting, { kind: "token", account, token: { accessToken } });
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return failed(c, connecting, error);
  }
});

connectionRoutes.post("/auth/:service/disconnect", async (c) => {
  const form = await readForm(c);
  const connecting = await connectingPerson(c, c.req.param("service"), text(form, "return"), { always: true });
  if (connecting instanceof Response) return connecting;
  const { person, service, returnTo } = connecting;
  const place = { userId: person.id, service };
  const { found, revoked } = await keeperOf(c.env, place).disconnect(place);
  forgetCredential(place);
  if (found) {
    const reason = revoked ? "its token was revoked at the upstream" : "its token was not revoked at the upstream";
    audit(c, { kind: "disconnect", decision: "allowed", user: person.id, service, reason });
  }
  return goTo(c, returnTo);
});

/** Takes up a connection whose transaction has been checked: only for the person who began it. */
export async function finishConnection(
  c: Ctx,
  transaction: Transaction & { purpose: "connection" },
): Promise<Response> {
  const { name, returnTo, codeVerifier } = transaction;
  const connecting = await connectingPerson(c, name, returnTo);
  if (connecting instanceof Response) return connecting;
  const { person, service, upstream } = connecting;
  if (person.id !== transaction.userId) {
    audit(c, { kind: "connect", decision: "denied", user: person.id, service, reason: "somebody else began it" });
    return message(c, 400, "Somebody else began this connection, and you are signed in now. Start again.", service);
  }
  const code = c.req.query("code");
  if (!code || upstream.kind !== "oauth") {
    audit(c, { kind: "connect", decision: "denied", user: person.id, service, reason: "the person declined" });
    return message(c, 400, `You did not connect your ${upstream.title} account.`, service);
  }
  try {
    const token = await upstream.exchange({ code, redirectUri: callbackUrl(c, name), codeVerifier });
    const account = await upstream.account(token.accessToken);
    return await keep(c, connecting, { kind: "oauth", account, token });
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return failed(c, connecting, error);
  }
}

/** Who connects what, when all that is allowed. */
interface Connecting {
  person: Person;
  service: string;
  upstream: Upstream;
  /** Path on the broker. */
  returnTo: string;
}

/**
 * @param asked where to go afterwards, as the browser says; undefined: the connection's own page
 * @param always also where the policy allows nothing (any more): whoever has a connection may end it
 * @returns the page to show instead when this cannot go on
 */
async function connectingPerson(
  c: Ctx,
  service: string,
  asked: string | undefined,
  { always = false } = {},
): Promise<Connecting | Response> {
  c.header("cache-control", "no-store");
  const upstream = upstreamOf(c.env, service);
  if (!upstream) {
    return c.html(<MessagePage title="Not found" text="There is nothing here that could be connected." />, 404);
  }
  const page = `/auth/${service}`;
  const returnTo = asked === undefined ? page : ownPath(c, asked);
  const person = await currentPerson(c);
  if (!person) return signInPage(c, asked === undefined ? page : `${page}?return=${encodeURIComponent(returnTo)}`);
  if (!always && !mayConnect(c.env, person, service)) {
    audit(c, { kind: "connect", decision: "denied", user: person.id, service, reason: "no rule allows anything" });
    return c.html(
      <MessagePage
        title="You may not use this"
        text={`${person.name}, nothing in ${upstream.title} is open to you. Ask whoever runs this platform.`}
        next={{ href: `/sign-in?return=${encodeURIComponent(page)}`, label: "Sign in as somebody else" }}
      />,
      403,
    );
  }
  if (!always && !canSeal(c.env)) {
    return message(c, 503, "Nothing can be connected here yet. Ask whoever runs this platform to set a vault key.");
  }
  return { person, service, upstream, returnTo };
}

function canSeal({ VAULT_KEYS }: BrokerEnv): boolean {
  try {
    vaultOf(VAULT_KEYS);
    return true;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    console.error(`oauth-broker: ${error.message}`);
    return false;
  }
}

async function connectPage(
  c: Ctx,
  { person, service, upstream, returnTo }: Connecting,
  problem?: string,
  status?: 400 | 502,
) {
  const connection = await describeConnection(c.env, person, service);
  const where = upstream.kind === "token" ? upstream.where : undefined;
  return c.html(
    <ConnectPage connection={connection} where={where} returnTo={returnTo} {...(problem && { problem })} />,
    status ?? 200,
  );
}

async function keep(c: Ctx, { person, service, returnTo }: Connecting, connection: NewConnection): Promise<Response> {
  const place = { userId: person.id, service };
  await keeperOf(c.env, place).keep(place, connection);
  forgetCredential(place);
  const as = connection.account && { reason: `as ${connection.account}` };
  audit(c, { kind: "connect", decision: "allowed", user: person.id, service, ...as });
  return goTo(c, returnTo);
}

function failed(c: Ctx, connecting: Connecting, { kind, message: reason }: UpstreamFailure) {
  const { person, service, upstream } = connecting;
  audit(c, { kind: "connect", decision: "failed", user: person.id, service, reason });
  if (kind === "misconfigured") console.error(`oauth-broker: ${service}: ${reason}`);
  const { title } = upstream;
  if (kind === "refused") return connectPage(c, connecting, `${title} did not take it. Nothing was changed.`, 400);
  const next = kind === "unavailable" ? "Try again in a while." : "Tell whoever runs this platform.";
  return connectPage(c, connecting, `${reason} Nothing was changed. ${next}`, 502);
}

function message(c: Ctx, status: 400 | 503, sentence: string, service?: string) {
  const next = service && { next: { href: `/auth/${service}`, label: "Start again" } };
  return c.html(<MessagePage title="That did not work" text={sentence} {...next} />, status);
}

/** With the origin in front, no path can lead to another site. */
function goTo(c: Ctx, path: string) {
  return c.redirect(new URL(c.env.BROKER_CONFIG.issuer).origin + path, 303);
}

function text(form: FormData, name: string): string | undefined {
  const value = form.get(name);
  return typeof value === "string" ? value : undefined;
}
