import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import type { Ctx } from "../config.ts";
import { secretsIn } from "../connections/secrets.ts";
import { authenticated } from "../service-client.ts";
import { record } from "./trail.ts";

/** Events in one request, at most: a batch of a service, and what it says of events that it has lost. */
const MOST_EVENTS = 101;
/** Longest text of a field, in characters. */
const LONGEST = 300;
/** How far ahead a service's clock may be, in milliseconds. */
const SKEW_MS = 60_000;

const TEXTS = ["reason", "user", "client", "grant", "tool", "requestId"] as const;

/**
 * Takes audit events of a service that runs outside Cloudflare (HTTP Basic, its name and its own secret; a JSON array). A
 * service speaks of its own tool calls only, whatever it says.
 */
export async function ingest(c: Ctx): Promise<Response> {
  const service = await authenticated(c.req.header("authorization"), secretsIn(c.env.SERVICE_SECRETS));
  if (!service) {
    c.header("www-authenticate", 'Basic realm="audit"');
    return c.json({ error: "invalid_client" }, 401);
  }
  const body: unknown = await c.req.json().catch(() => undefined);
  if (!Array.isArray(body) || body.length > MOST_EVENTS) {
    return c.json({ error: "invalid_request", error_description: `not an array of up to ${MOST_EVENTS} events` }, 400);
  }
  const events = body.map((each: unknown) => eventOf(each, service, Date.now()));
  if (events.includes(undefined)) {
    return c.json({ error: "invalid_request", error_description: "an event lacks its time, kind or decision" }, 400);
  }
  await record(c.env.AUDIT, events as AuditEvent[]);
  return c.body(null, 204);
}

/** @param now Unix time in milliseconds */
function eventOf(raw: unknown, service: string, now: number): AuditEvent | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { time, kind, decision, durationMs, ...rest } = raw as Record<string, unknown>;
  if (!isMoment(time) || (kind !== "call" && kind !== "lost")) return undefined;
  if (decision !== "allowed" && decision !== "denied" && decision !== "failed") return undefined;
  const texts = TEXTS.flatMap((name) => {
    const text = rest[name];
    return typeof text === "string" ? [[name, text.slice(0, LONGEST)]] : [];
  });
  return {
    time: Math.min(time, now + SKEW_MS),
    kind,
    decision,
    service,
    placement: "droplet",
    ...(typeof durationMs === "number" && { durationMs }),
    ...Object.fromEntries(texts),
  };
}

/** Whole milliseconds since 1970: the database takes nothing else. */
function isMoment(time: unknown): time is number {
  return Number.isSafeInteger(time) && (time as number) >= 0;
}
