import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import { recordPatiently } from "@hybrid-mcp/service-kit/record-event";
import type { Ctx } from "../config.ts";
import { record } from "./trail.ts";

/** Writes to the trail without holding up the answer. */
export function audit(c: Ctx, event: Omit<AuditEvent, "time">): void {
  const timed = { time: Date.now(), ...event };
  c.executionCtx.waitUntil(recordPatiently(() => record(c.env.AUDIT, [timed]), timed));
}
