import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Ctx } from "./config.ts";
import { newHandle, storageKey } from "./secret-handle.ts";

/** How long a browser stays signed in without being used, in seconds. */
export const SESSION_TTL = 86_400;
/** A session is written again at most this often, in seconds: KV writes are few on the free plan. */
const RENEW_AFTER = 3_600;
const COOKIE = "session";

interface StoredSession {
  person: Person;
  /** Unix time in seconds. */
  renewedAt: number;
}

/** The person that this browser is signed in as; using a session prolongs it. */
export async function currentPerson(context: Ctx): Promise<Person | undefined> {
  const handle = getCookie(context, COOKIE, "host");
  if (!handle) return undefined;
  const kv = context.env.OAUTH_KV;
  const key = await storageKey("session", handle);
  const session = await kv.get<StoredSession>(key, "json");
  if (!session) return undefined;
  const now = Math.floor(Date.now() / 1000);
  if (now - session.renewedAt > RENEW_AFTER) await store(context, handle, session.person, now);
  return session.person;
}

/** Signs this browser in, with a new handle: one from before the sign-in is worth nothing after it. */
export async function beginSession(context: Ctx, person: Person): Promise<void> {
  await endSession(context);
  await store(context, newHandle(), person, Math.floor(Date.now() / 1000));
}

/** Signs this browser out; doing so twice is no error. */
export async function endSession(context: Ctx): Promise<void> {
  const handle = getCookie(context, COOKIE, "host");
  if (handle) await context.env.OAUTH_KV.delete(await storageKey("session", handle));
  deleteCookie(context, COOKIE, { prefix: "host", secure: true, path: "/" });
}

async function store(context: Ctx, handle: string, person: Person, renewedAt: number): Promise<void> {
  const session: StoredSession = { person, renewedAt };
  const key = await storageKey("session", handle);
  await context.env.OAUTH_KV.put(key, JSON.stringify(session), { expirationTtl: SESSION_TTL });
  setCookie(context, COOKIE, handle, {
    prefix: "host",
    secure: true,
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: SESSION_TTL,
  });
}
