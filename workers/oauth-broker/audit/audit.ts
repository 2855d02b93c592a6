import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import type { Ctx } from "../config.ts";
import { record } from "./trail.ts";

/** Writes to the trail without holding up the answer; a trail that cannot be written is told in the log. */
export function audit(c: Ctx, event: Omit<AuditEvent, "time">): void {
  const written = record(c.env.AUDIT, [{ time: Date.now(), ...event }]);
  c.executionCtx.waitUntil(written.catch((error: Error) => console.error(`oauth-broker: audit: ${error.message}`)));
}
