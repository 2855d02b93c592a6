import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { BrokerEnv, Ctx } from "../config.ts";
import { newHandle, storageKey } from "../secret-handle.ts";
import { providers } from "../sign-in/providers.ts";
import {
  type Account,
  attach,
  holdersOf,
  type PersonRecord,
  providerOfAccount,
  readRecord,
  recordOfAccount,
} from "./person-record.ts";

/**
 * Two accounts become one person only if all of this holds:
 *
 * 1. both providers say *now* that the same address is verified, and
 * 2. the person was asked and said yes, and
 * 3. the person has just signed in with both accounts, in the same browser.
 *
 * The attack is a recycled address: a company gives a leaver's address to somebody else, a lapsed domain is bought, a
 * mailbox is taken over. Its new holder can verify it at a provider and would, on the address and a click alone, get the
 * connections and grants of the one before. The third condition stops that: an address only makes us *ask*; what links is
 * the sign-in with the account that is already known. An address that a provider does not vouch for makes us ask nothing.
 *
 * Two people who both exist already are never merged, and nobody has two accounts at one provider.
 */
export interface PendingLink {
  /** The account that has just signed in for the first time. */
  account: Account;
  /** The account that signed in before and has the same verified address; it must sign in again. */
  known: { id: string; name: string };
  returnTo: string;
  /** The person said yes. */
  agreed: boolean;
}

/** How long a person may take, in seconds. */
const TTL = 600;
const COOKIE = "link";

/** The account of somebody else that has a verified address of this new one, and with which that can be proven. */
export async function acquaintance(env: BrokerEnv, account: Account): Promise<Account | undefined> {
  for (const email of account.emails) {
    for (const id of await holdersOf(env, email)) {
      const accounts = (await readRecord(env, id))?.accounts ?? [];
      if (accounts.some((each) => providerOfAccount(each.id) === providerOfAccount(account.id))) continue;
      const known = accounts.find((each) => each.emails.includes(email));
      if (known && Object.hasOwn(providers(env), providerOfAccount(known.id))) return known;
    }
  }
  return undefined;
}

/** Keeps a sign-in that waits for an answer, for this browser only. One KV write. */
export async function ask(c: Ctx, pending: Omit<PendingLink, "agreed">): Promise<void> {
  const handle = newHandle();
  await put(c, await storageKey("link", handle), { ...pending, agreed: false });
  setCookie(c, COOKIE, handle, {
    prefix: "host",
    secure: true,
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: TTL,
  });
}

/** What this browser has been asked. */
export async function pendingLink(c: Ctx): Promise<PendingLink | null> {
  const key = await ownKey(c);
  return key ? c.env.OAUTH_KV.get<PendingLink>(key, "json") : null;
}

/** The person said yes: the next sign-in of this browser proves it. One KV write. */
export async function agree(c: Ctx, pending: PendingLink): Promise<void> {
  await put(c, (await ownKey(c))!, { ...pending, agreed: true });
}

/** Ends the question, however it was answered. One KV delete. */
export async function forgetLink(c: Ctx): Promise<void> {
  const key = await ownKey(c);
  if (key) await c.env.OAUTH_KV.delete(key);
  deleteCookie(c, COOKIE, { prefix: "host", secure: true, path: "/" });
}

/**
 * Links what was agreed to, now that `account` of the person has signed in.
 *
 * @returns why not, in words for the person, when the conditions above do not hold
 */
export async function link(
  env: BrokerEnv,
  pending: PendingLink,
  record: PersonRecord,
  account: Account,
): Promise<PersonRecord | string> {
  if (account.id !== pending.known.id) return "You signed in with another account than the one that you used before.";
  if (!account.emails.some((email) => pending.account.emails.includes(email))) {
    return "The two accounts do not share a verified address any more.";
  }
  if (await recordOfAccount(env, pending.account.id)) return "The other account has been used on its own meanwhile.";
  return attach(env, record, pending.account);
}

async function ownKey(c: Ctx): Promise<string | undefined> {
  const handle = getCookie(c, COOKIE, "host");
  return handle ? storageKey("link", handle) : undefined;
}

function put(c: Ctx, key: string, pending: PendingLink): Promise<void> {
  return c.env.OAUTH_KV.put(key, JSON.stringify(pending), { expirationTtl: TTL });
}
