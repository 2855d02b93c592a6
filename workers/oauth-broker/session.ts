import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { browserName } from "./browser-name.ts";
import type { BrokerEnv, Ctx } from "./config.ts";
import { keysOf } from "./kv-keys.ts";
import { asPerson, readRecord } from "./people/person-record.ts";
import { newHandle, sha256 } from "./secret-handle.ts";

/** How long a browser stays signed in without being used, in seconds. */
export const SESSION_TTL = 86_400;
/** A session is written again at most this often, in seconds: KV writes are few on the free plan. */
const RENEW_AFTER = 3_600;
const COOKIE = "session";

/** What is known of a browser that is signed in: the value and the metadata of `session:<user>:<hash of its handle>`. */
interface StoredSession {
  /** Unix times in seconds. */
  createdAt: number;
  /** Known to {@link RENEW_AFTER}. */
  lastUsed: number;
  browser: string;
}

/** A session as its person sees it. */
export interface Session extends StoredSession {
  /** Names the session, and opens nothing. */
  id: string;
}

/**
 * The person that this browser is signed in as, with what their accounts last told; using a session prolongs it. Two KV
 * reads, and one write an hour.
 */
export async function currentPerson(context: Ctx): Promise<Person | undefined> {
  const own = await ownCookie(context);
  if (!own) return undefined;
  const [session, record] = await Promise.all([
    context.env.OAUTH_KV.get<StoredSession>(own.key, "json"),
    readRecord(context.env, own.user),
  ]);
  if (!session || !record) return undefined;
  const lastUsed = now();
  if (lastUsed - session.lastUsed > RENEW_AFTER) await store(context, own, { ...session, lastUsed });
  return asPerson(record);
}

/**
 * Signs this browser in, with a new handle: one from before the sign-in is worth nothing after it. One KV write, and a
 * delete when somebody was signed in.
 */
export async function beginSession(context: Ctx, person: Person): Promise<void> {
  await endSession(context);
  const at = now();
  const session = { createdAt: at, lastUsed: at, browser: browserName(context.req.header("user-agent")) };
  await store(context, await named(person.id, newHandle()), session);
}

/** Signs this browser out; doing so twice is no error. One KV delete. */
export async function endSession(context: Ctx): Promise<void> {
  const own = await ownCookie(context);
  if (own) await context.env.OAUTH_KV.delete(own.key);
  deleteCookie(context, COOKIE, { prefix: "host", secure: true, path: "/" });
}

/** Every browser in which a person is signed in, the one used last first. */
export async function sessionsOf(env: BrokerEnv, user: string): Promise<Session[]> {
  const prefix = prefixOf(user);
  const keys = await keysOf<StoredSession>(env.OAUTH_KV, prefix);
  return keys
    .flatMap(({ name, metadata }) => (metadata ? [{ id: name.slice(prefix.length), ...metadata }] : []))
    .sort((a, b) => b.lastUsed - a.lastUsed || b.createdAt - a.createdAt);
}

/** The `id` of this browser's own session. */
export async function ownSessionId(context: Ctx): Promise<string | undefined> {
  return (await ownCookie(context))?.id;
}

/** Signs another browser of a person out; one that is not theirs is left alone. One KV delete. */
export async function endSessionById(env: BrokerEnv, user: string, id: string): Promise<void> {
  await env.OAUTH_KV.delete(prefixOf(user) + id);
}

interface NamedSession {
  user: string;
  handle: string;
  id: string;
  key: string;
}

/** The cookie is `<user>.<handle>`: with the user in the key, one write makes a session that its person can list. */
async function ownCookie(context: Ctx): Promise<NamedSession | undefined> {
  const [, user, handle] = /^(.+)\.([^.]+)$/.exec(getCookie(context, COOKIE, "host") ?? "") ?? [];
  return user && handle ? named(user, handle) : undefined;
}

async function named(user: string, handle: string): Promise<NamedSession> {
  const id = await sha256(handle);
  return { user, handle, id, key: prefixOf(user) + id };
}

const prefixOf = (user: string) => `session:${user}:`;
const now = () => Math.floor(Date.now() / 1000);

async function store(context: Ctx, { user, handle, key }: NamedSession, session: StoredSession): Promise<void> {
  const options = { expirationTtl: SESSION_TTL, metadata: session };
  await context.env.OAUTH_KV.put(key, JSON.stringify(session), options);
  setCookie(context, COOKIE, `${user}.${handle}`, {
    prefix: "host",
    secure: true,
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: SESSION_TTL,
  });
}
