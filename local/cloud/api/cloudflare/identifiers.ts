import { randomBytes, randomUUID } from "node:crypto";

/** An identifier as zones, records, routes, namespaces and scripts have it: 32 hexadecimal digits. */
export function hexId(): string {
  return randomBytes(16).toString("hex");
}

/** An identifier as tunnels, databases, versions and Access have it. */
export function uuid(): string {
  return randomUUID();
}

/** Now, as the API writes points in time (RFC 3339, UTC). */
export function now(): string {
  return new Date().toISOString();
}
