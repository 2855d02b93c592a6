import type { IngressRule } from "../cloud/contracts.ts";

/**
 * What the edge and the connector say to each other. The connector dials the edge and upgrades that connection; on it
 * the edge is then the HTTP/2 client and the connector the server, as with cloudflared's http2 transport. Control
 * messages are requests with the header `cf-connector-control`; the edge lets no client's `cf-` headers through.
 *
 * A request with a body is accepted with the status 100, and the edge keeps the body until then: what no connector has
 * accepted can go to another one.
 */

/** Path of the HTTP/1.1 request with which a connector attaches. */
export const ATTACH_PATH = "/.cloudflared/connect";
/** Its `Upgrade` header. */
export const ATTACH_PROTOCOL = "cloudflared-h2";
/** The connector's id and version, on the attach request. */
export const CONNECTOR_ID_HEADER = "cf-connector-id";
export const CONNECTOR_VERSION_HEADER = "cf-connector-version";
/** Marks a control message; its value is a ControlMessage. */
export const CONTROL_HEADER = "cf-connector-control";
/** The hostname that ingress rules are matched against; Host stays the client's. */
export const EDGE_HOSTNAME_HEADER = "cf-edge-hostname";

/**
 * What the edge tells a connector:
 * - `configuration` (body: Configuration);
 * - `leave`: sent at attach, and answered when the connector leaves, as cloudflared then unregisters;
 * - `released`: its acknowledgement. No request comes after it, and the edge ends the connection when it has all answers;
 * - `terminate` (body: why): the same, unasked.
 */
export type ControlMessage = "configuration" | "leave" | "released" | "terminate";

/** The tunnel's remote configuration, pushed at attach and at every change. */
export interface Configuration {
  version: number;
  ingress: IngressRule[];
}

/** The tunnel token, as `cloudflared tunnel token` prints it: base64 of `{a: account, t: tunnel, s: secret}`. */
export interface TunnelToken {
  accountId: string;
  tunnelId: string;
  secret: string;
}

/** Reads a tunnel token; undefined when it is not one. */
export function readToken(text: string): TunnelToken | undefined {
  try {
    const { a, t, s } = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as Record<string, unknown>;
    if (typeof a !== "string" || typeof t !== "string" || typeof s !== "string") return undefined;
    return { accountId: a, tunnelId: t, secret: s };
  } catch {
    return undefined;
  }
}

/** Headers of one connection (RFC 9110, section 7.6.1); HTTP/2 has none of them (RFC 9113, section 8.2.2). */
export const CONNECTION_HEADERS = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * A message's raw headers (name, value, name, value …) as an HTTP/2 header object, repetitions kept.
 * @param leaveOut lower-case names besides the connection's own.
 */
export function http2Headers(raw: string[], leaveOut: (name: string) => boolean = () => false) {
  const headers: Record<string, string | string[]> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    if (name.startsWith(":") || CONNECTION_HEADERS.has(name) || leaveOut(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return headers;
}

/** Session windows in bytes; HTTP/2's own 64 KiB would slow large bodies down. */
export const WINDOW_BYTES = 8 * 1024 * 1024;
