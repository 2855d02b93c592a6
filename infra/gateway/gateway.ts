import { hostname } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Broker } from "../broker/broker.ts";
import { bundle } from "../bundle.ts";
import { type Config, publicUrl } from "../config.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Worker, type WorkerArgs } from "../edge/worker.ts";
import { telemetryBindings } from "../telemetry.ts";
import { gatewayConfig } from "./gateway-config.ts";

/** How the gateway is found. */
export interface Gateway {
  /** Public origin. */
  url: string;
  version: string;
  /** That it is in. */
  worker: Worker;
}

/** What the gateway's code finds around it, in a Worker of its own or in the broker's; a binding to the broker apart. */
export function gatewayBindings(config: Config): Pick<WorkerArgs, "vars" | "secrets" | "bindings"> {
  const telemetry = telemetryBindings(config, "workers");
  return {
    vars: {
      ...telemetry.vars,
      PUBLIC_URL: publicUrl(config, "mcp-gateway"),
      ISSUER: publicUrl(config, "oauth-broker"),
    },
    secrets: { ...telemetry.secrets, SERVER_SECRETS: pulumi.jsonStringify(config.serverSecrets) },
    bindings: [
      { name: "GATEWAY_CONFIG", type: "json", json: JSON.stringify(gatewayConfig(config)) },
      {
        name: "CALL_LIMIT",
        type: "ratelimit",
        namespaceId: "1001",
        simple: { limit: config.gateway.callsPerMinute, period: 60 },
      },
    ],
  };
}

/**
 * The MCP gateway at `mcp.<domain>`, which never moves: a Worker of its own, or in the broker's. It calls services at their
 * public hostnames, so that a flip changes nothing in it.
 */
export async function deployGateway(
  config: Config,
  { broker, tunnel }: { broker: Broker; tunnel: Tunnel },
): Promise<Gateway> {
  const { worker, version } = config.auth.topology === "consolidated" ? broker : await ownWorker(config, broker);
  new cloudflare.WorkersRoute(
    "mcp-gateway-route",
    {
      zoneId: config.cloudflare.zoneId,
      pattern: `${hostname("mcp-gateway", config.domain)}/*`,
      script: worker.script.scriptName,
    },
    { dependsOn: [worker, tunnel] },
  );
  return { url: publicUrl(config, "mcp-gateway"), version, worker };
}

async function ownWorker(config: Config, broker: Broker): Promise<Pick<Broker, "worker" | "version">> {
  const built = await bundle("mcp-gateway");
  const { vars, secrets, bindings } = gatewayBindings(config);
  const worker = new Worker("mcp-gateway", {
    config,
    bundle: built,
    vars: { VERSION: built.version, ...vars },
    secrets,
    bindings: [...bindings, { name: "BROKER", type: "service", service: broker.worker.script.scriptName }],
  });
  return { worker, version: built.version };
}
