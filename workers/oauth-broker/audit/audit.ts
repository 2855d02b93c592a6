import type { Ctx } from "../config.ts";
import { record, type TrailEvent } from "./trail.ts";

/** Writes to the trail without holding up the answer; a trail that cannot be written is told in the log. */
export function audit(c: Ctx, event: Omit<TrailEvent, "time">): void {
  const written = record(c.env.AUDIT, [{ time: Date.now(), ...event }]);
  c.executionCtx.waitUntil(written.catch((error: Error) => console.error(`oauth-broker: audit: ${error.message}`)));
}
