import { hostname } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Broker } from "../broker/broker.ts";
import { bundle } from "../bundle.ts";
import { type Config, publicUrl } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Worker } from "../edge/worker.ts";
import { gatewayConfig } from "./gateway-config.ts";

/** How the gateway is found. */
export interface Gateway {
  /** Public origin. */
  url: string;
}

/**
 * The MCP gateway: a Worker at `mcp.<domain>` that never moves. It calls services at their public hostnames, so that a flip
 * changes nothing in it.
 */
export async function deployGateway(
  config: Config,
  { broker, tunnel }: { broker: Broker; tunnel: Tunnel },
): Promise<Gateway> {
  const built = await bundle("mcp-gateway");
  const url = publicUrl(config, "mcp-gateway");
  const worker = new Worker("mcp-gateway", {
    config,
    bundle: built,
    vars: { VERSION: built.version, PUBLIC_URL: url, ISSUER: broker.url },
    secrets: { SERVER_SECRETS: pulumi.jsonStringify(config.serverSecrets) },
    bindings: [
      { name: "GATEWAY_CONFIG", type: "json", json: JSON.stringify(gatewayConfig(config)) },
      { name: "BROKER", type: "service", service: broker.worker.script.scriptName },
      {
        name: "CALL_LIMIT",
        type: "ratelimit",
        namespaceId: "1001",
        simple: { limit: config.gateway.callsPerMinute, period: 60 },
      },
    ],
  });
  new cloudflare.WorkersRoute(
    "mcp-gateway-route",
    {
      zoneId: config.cloudflare.zoneId,
      pattern: `${hostname("mcp-gateway", config.domain)}/*`,
      script: worker.script.scriptName,
    },
    { parent: worker, dependsOn: [worker, tunnel] },
  );
  return { url };
}
