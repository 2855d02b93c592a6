import { waitUntil } from "cloudflare:workers";
import type { CredentialAnswer, Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { BrokerEnv } from "../config.ts";
import { type Credential, CredentialMemory } from "./credential-memory.ts";
import { type ConnectionPlace, type ConnectionRecord, keeperOf, placeOf, unixNow } from "./record.ts";
import { sharedCredential } from "./shared-credential.ts";
import { upstreamOf } from "./upstreams.ts";
import { VaultError, vaultOf } from "./vault.ts";

const memory = new CredentialMemory();
/** How long a token is believed whose renewal is due and has just failed, in seconds. */
const OVERDUE_FOR = 10;

/**
 * With which credential a service calls its upstream for a person: their own connection's, else the organisation's. Who
 * has connected an account is never served with another one, so a broken connection is a problem, not a reason to share.
 *
 * One KV read at most; the connection's keeper is asked only when the copy in KV has to be renewed or would mean "no".
 *
 * @param remembered whether a copy that this isolate has in memory will do; default yes
 * @param shared whether the organisation's own will do; default yes
 * @returns undefined for a service without connections
 */
export async function credentialFor(
  env: BrokerEnv,
  person: Person,
  service: string,
  { remembered = true, shared = true }: { remembered?: boolean; shared?: boolean } = {},
): Promise<CredentialAnswer | undefined> {
  const common = shared ? sharedCredential(env, service) : undefined;
  // Nobody connects an account of their own there.
  if (!upstreamOf(env, service)) return common;
  const place = { userId: person.id, service };
  const key = keyOf(place, shared);
  const known = remembered ? memory.get(key) : undefined;
  if (known) return known;
  const connectUrl = `${env.BROKER_CONFIG.issuer}/auth/${service}`;
  try {
    const own = await ownCredential(env, place, common !== undefined);
    if (typeof own === "string") return { problem: own, connectUrl };
    const credential = own ?? common;
    if (!credential) return { problem: "missing", connectUrl };
    memory.set(key, credential);
    return credential;
  } catch (error) {
    console.error(`oauth-broker: ${service}: a connection could not be read: ${(error as Error).message}`);
    return { problem: "unavailable", connectUrl };
  }
}

/** What was the organisation's is not given where only the person's own will do. */
const keyOf = (place: ConnectionPlace, shared: boolean) => `${shared ? "any" : "own"} ${placeOf(place)}`;

/** Drops what this isolate remembers of a connection: it has been made anew, or ended. */
export function forgetCredential(place: ConnectionPlace): void {
  for (const shared of [true, false]) memory.forget(keyOf(place, shared));
}

/**
 * A "no" is never told from the copy alone: KV may lag behind a person who has just connected.
 * @param spare whether there is another one if the person has none
 */
async function ownCredential(
  env: BrokerEnv,
  place: ConnectionPlace,
  spare: boolean,
): Promise<Credential | "broken" | "unavailable" | undefined> {
  const copy = await env.OAUTH_KV.get<ConnectionRecord>(placeOf(place), "json");
  if (!copy && spare) return undefined;
  const known = copy && isGood(copy) ? await opened(env, place, copy) : undefined;
  if (copy && known) {
    // The keeper seals it again with the new key.
    if (vaultOf(env.VAULT_KEYS).isStale(copy.credential)) waitUntil(keeperOf(env, place).fresh(place));
    return known;
  }
  const current = await keeperOf(env, place).fresh(place);
  if (!current) return undefined;
  if (current.status === "broken") return "broken";
  if (current.expiresAt !== undefined && current.expiresAt <= unixNow()) return "unavailable";
  return (await opened(env, place, current)) ?? "broken";
}

/** @returns undefined for one that the vault does not open: its key is gone, or it is somebody else's */
async function opened(
  env: BrokerEnv,
  place: ConnectionPlace,
  record: ConnectionRecord,
): Promise<Credential | undefined> {
  try {
    const token = await vaultOf(env.VAULT_KEYS).open(record.credential, placeOf(place));
    return { token, ...until(record) };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    console.error(`oauth-broker: ${error.message}`);
    return undefined;
  }
}

/** Whether a copy will do, or the keeper may know better. */
function isGood({ status, refreshAt }: ConnectionRecord): boolean {
  return status === "ok" && (refreshAt === undefined || unixNow() < refreshAt);
}

/** A renewal may end the old token at once, so nobody keeps one beyond the time at which it is due. */
function until({ expiresAt, refreshAt }: ConnectionRecord): { expiresAt?: number } {
  if (expiresAt === undefined || refreshAt === undefined) return {};
  const now = unixNow();
  return { expiresAt: now < refreshAt ? refreshAt : Math.min(expiresAt, now + OVERDUE_FOR) };
}
