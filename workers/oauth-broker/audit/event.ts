/** What can be in the trail. */
export type AuditKind = "sign-in" | "sign-out" | "grant" | "refresh" | "revoke" | "connect" | "disconnect" | "call";

/** How it ended: a call is allowed, denied by the platform, or failed after it was allowed. */
export type AuditDecision = "allowed" | "denied" | "failed";

/**
 * One line of the audit trail. Arguments and results are no part of it, and nothing secret is: whoever reads the trail
 * learns who did what, not what was in it.
 */
export interface AuditEvent {
  /** Unix time in milliseconds. */
  time: number;
  kind: AuditKind;
  decision: AuditDecision;
  /** Why it was denied or failed, in words; of a grant that was given, its scopes. */
  reason?: string;
  /** Id of the person; undefined for somebody who did not get so far as to be known. */
  user?: string;
  /** OAuth client. */
  client?: string;
  grant?: string;
  service?: string;
  tool?: string;
  /** How long it took, in milliseconds. */
  durationMs?: number;
  /** Joins what belongs to one request, from client to upstream. */
  requestId?: string;
  placement?: "workers" | "droplet";
}
