import type { BrokerEnv } from "../config.ts";

/** Whose connection to what. */
export interface ConnectionPlace {
  userId: string;
  service: string;
}

/** A connection without what only its keeper needs: this is what KV has of it. */
export interface ConnectionRecord {
  /** New each time that the person connects. */
  id: string;
  kind: "oauth" | "token";
  /** Whose account at the upstream, for people. */
  account?: string;
  /** Unix time in seconds. */
  connectedAt: number;
  /** `broken`: the upstream has refused the credential for good. */
  status: "ok" | "broken";
  /** The access token, sealed for {@link placeOf}. */
  credential: string;
  /** Unix time in seconds at which the access token ends; undefined: when it is revoked. */
  expiresAt?: number;
  /** Unix time in seconds from which it is to be renewed: whoever keeps the token keeps it until then at most. */
  refreshAt?: number;
}

/** How long before its end an access token is renewed, in seconds; one that lives shorter, at half of its life. */
const RENEW_BEFORE = 300;

/** When a token with this lifetime ends, and when it is to be renewed. */
export function times(expiresIn: number | undefined, now: number): { expiresAt?: number; refreshAt?: number } {
  if (expiresIn === undefined) return {};
  return { expiresAt: now + expiresIn, refreshAt: now + Math.floor(Math.max(expiresIn - RENEW_BEFORE, expiresIn / 2)) };
}

/** The key in KV, and the place that the vault binds the access token to. */
export function placeOf({ userId, service }: ConnectionPlace): string {
  return `connection:${userId}:${service}`;
}

/** The one object that keeps this connection. */
export function keeperOf(env: BrokerEnv, place: ConnectionPlace) {
  return env.CONNECTIONS.get(env.CONNECTIONS.idFromName(placeOf(place)));
}

/** Unix time in seconds. */
export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}
