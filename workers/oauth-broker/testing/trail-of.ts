import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import { vi } from "vitest";
import { read, type TrailFilter } from "../audit/trail.ts";
import type { TestBroker } from "./test-broker.ts";

/** Waits for an event that fits, the newest one: writing goes on after the answer. */
export function eventOf(broker: TestBroker, filter: TrailFilter, fits: (event: AuditEvent) => boolean) {
  return vi.waitFor(async () => {
    const { events } = await read(await broker.database(), { ...filter, limit: 100 });
    const found = events.find(fits);
    if (!found) throw new Error(`no event fits; there are\n${events.map((event) => JSON.stringify(event)).join("\n")}`);
    return found;
  });
}
