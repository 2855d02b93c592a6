import type { Placement } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "./config.ts";

/** The bindings with which a Worker or a container sends its spans, if the stack has somewhere to send them. */
export function telemetryBindings(
  { telemetry, telemetryHeaders }: Config,
  home: Placement,
): { vars: Record<string, string>; secrets: Record<string, pulumi.Output<string>> } {
  const onWorkers = telemetry.tracesUrl;
  const url = home === "droplet" ? (telemetry.dropletTracesUrl ?? onWorkers) : onWorkers;
  if (!url) return { vars: {}, secrets: {} };
  return {
    vars: { OTLP_TRACES_URL: url },
    secrets: { OTLP_HEADERS: pulumi.secret(JSON.stringify(telemetryHeaders)) },
  };
}
