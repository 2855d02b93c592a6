import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import type { ActiveSpan, Telemetry } from "@hybrid-mcp/service-kit/telemetry";
import type { ToolSelection } from "@hybrid-mcp/service-kit/tool-selection";
import type { Trace } from "@hybrid-mcp/service-kit/trace";
import type { Admission } from "./admission.ts";
import type { GatewayEnv } from "./config.ts";
import type { UpstreamServer } from "./upstream-server.ts";

/** A request of a client that was let in, as every part of the gateway has it. */
export interface GatewayRequest {
  env: GatewayEnv;
  /** In the config's order. */
  servers: readonly UpstreamServer[];
  admission: Admission;
  trace: Trace;
  telemetry: Telemetry;
  /** The request's own. */
  span: ActiveSpan;
  /** Which tools the client wants to see, of those that it may. */
  selection: ToolSelection;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
  /** Takes what the gateway itself decided into the audit trail, after the answer. */
  audit(event: Pick<AuditEvent, "decision" | "tool" | "reason" | "durationMs">): void;
}
