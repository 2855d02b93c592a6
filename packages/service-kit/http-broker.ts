import { ANSWER_TIMEOUT_MS, askedAgain } from "./asked-again.ts";
import { type AuditBuffer, auditBuffer } from "./audit-buffer.ts";
import type { Broker } from "./broker.ts";
import type { Caller, CredentialAnswer } from "./broker-contract.ts";
import { objectIn } from "./upstream.ts";

export interface HttpBrokerOptions {
  /** Origin to dial. */
  url: string;
  /** The broker's public origin, for links that a person opens. */
  issuer: string;
  /** The service's name, and its secret: HTTP Basic (RFC 7617). */
  service: string;
  secret: string;
}

/**
 * How long what the broker said of a token is believed, in seconds. With the minute that KV takes to be the same
 * everywhere, access that is revoked ends within two minutes.
 */
const BELIEVED_SECONDS = 45;
/** Tokens whose answers are kept at once. */
const MOST_KEPT = 500;

/** RFC 8693 section 3. */
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

interface Kept<Value> {
  value: Value;
  /** Unix time in milliseconds. */
  until: number;
}

/** What outlives a request: answers of the broker, and events that it has not taken yet. */
interface Memory {
  calls: Map<string, Kept<Caller>>;
  credentials: Map<string, Kept<CredentialAnswer>>;
  events: AuditBuffer;
}

/** By broker; a service has one. */
const memories = new Map<string, Memory>();

/** RFC 7662 section 2.2, with what the broker adds. */
interface Introspection {
  active: boolean;
  aud: string;
  sub: string;
  client_id: string;
  scope: string;
  grant_id: string;
  /** Seconds that are left: by the broker's clock, which this machine's need not agree with. */
  expires_in: number;
}

/**
 * The broker over HTTP, for a service that runs outside Cloudflare: introspection (RFC 7662), token exchange (RFC 8693)
 * for the upstream credential, and audit events in batches.
 */
export function httpBroker({ url, issuer, service, secret }: HttpBrokerOptions): Broker {
  const authorization = `Basic ${btoa(`${service}:${secret}`)}`;
  const send = (path: string, init: { body: URLSearchParams | string; type?: string; signal: AbortSignal }) =>
    fetch(url + path, {
      method: "POST",
      headers: { authorization, ...(init.type && { "content-type": init.type }) },
      body: init.body,
      redirect: "manual",
      signal: init.signal,
    });
  /** Status and JSON body; undefined for another body. */
  const ask = (path: string, body: URLSearchParams) => {
    // For both times together.
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const once = async () => {
      const response = await send(path, { body, signal });
      const text = await response.text();
      return { status: response.status, body: objectIn(text) };
    };
    return askedAgain(once, signal);
  };
  let memory = memories.get(url);
  if (!memory) {
    memory = { calls: new Map(), credentials: new Map(), events: auditBuffer() };
    memories.set(url, memory);
  }
  const { calls, credentials, events } = memory;

  const introspected = async (token: string, key: string): Promise<Caller | null> => {
    const known = fresh(calls, key);
    if (known) return known;
    const answer = await ask("/introspect", new URLSearchParams({ token }));
    const body = answer.body as Introspection | undefined;
    if (answer.status !== 200 || !body) throw new Error(`the broker answered ${answer.status} to an introspection`);
    if (!body.active) return null;
    const call: Caller = {
      audience: body.aud,
      expiresAt: Math.floor(Date.now() / 1000) + body.expires_in,
      scope: body.scope.split(" ").filter(Boolean),
      userId: body.sub,
      clientId: body.client_id,
      grantId: body.grant_id,
    };
    keep(calls, key, call, call.expiresAt);
    return call;
  };

  const exchanged = async (token: string, key: string): Promise<CredentialAnswer | undefined> => {
    const known = fresh(credentials, key);
    if (known) return known;
    const exchange = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: ACCESS_TOKEN,
    });
    const answer = await ask(`/token/${service}`, exchange);
    const body = (answer.body ?? {}) as {
      access_token?: string;
      expires_in?: number;
      error?: string;
      problem?: "missing" | "broken" | "unavailable";
    };
    if (answer.status === 200 && body.access_token !== undefined) {
      const expiresAt = body.expires_in === undefined ? undefined : Date.now() / 1000 + body.expires_in;
      const credential = { token: body.access_token, ...(expiresAt !== undefined && { expiresAt }) };
      keep(credentials, key, credential, expiresAt);
      return credential;
    }
    if (body.problem) return { problem: body.problem, connectUrl: `${issuer}/auth/${service}` };
    // The service has no connections at all.
    if (body.error === "invalid_target") return undefined;
    throw new Error(`the broker answered ${answer.status} (${body.error}) to a token exchange`);
  };

  return {
    async admit(_resource, token) {
      const key = await sha256(token);
      const call = await introspected(token, key);
      return call && { call, credential: () => exchanged(token, key) };
    },
    record(event, waitUntil) {
      events.add(event);
      this.flush(waitUntil);
    },
    flush(waitUntil) {
      waitUntil(
        events.send(async (batch) => {
          const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
          const response = await send("/audit", { body: JSON.stringify(batch), type: "application/json", signal });
          await response.body?.cancel();
          if (!response.ok) throw new Error(`the broker answered ${response.status}`);
        }),
      );
    },
  };
}

function fresh<Value>(map: Map<string, Kept<Value>>, key: string): Value | undefined {
  const kept = map.get(key);
  return kept && kept.until > Date.now() ? kept.value : undefined;
}

/** @param expiresAt Unix time in seconds after which it is worth nothing in any case */
function keep<Value>(map: Map<string, Kept<Value>>, key: string, value: Value, expiresAt?: number): void {
  const believed = Date.now() + BELIEVED_SECONDS * 1000;
  map.delete(key);
  map.set(key, { value, until: expiresAt === undefined ? believed : Math.min(believed, expiresAt * 1000) });
  // The oldest goes first: a Map keeps the order in which keys were set.
  if (map.size > MOST_KEPT) map.delete(map.keys().next().value!);
}

/** Tokens are kept by their hash: nothing in memory opens anything but what it is for. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
