import { hostname } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { bundle } from "../bundle.ts";
import { type Config, publicUrl } from "../config.ts";
import type { Storage } from "../edge/storage.ts";
import type { Tunnel } from "../edge/tunnel.ts";
import { Worker } from "../edge/worker.ts";
import { gatewayBindings } from "../gateway/gateway.ts";
import { kept } from "../stateful.ts";
import { auditSchemaHook } from "./audit-schema.ts";
import { brokerConfig } from "./broker-config.ts";
import type { BrokerSecrets } from "./secrets.ts";

/** The broker as services find it. */
export interface Broker {
  /** Public origin: the issuer. */
  url: string;
  version: string;
  worker: Worker;
}

/**
 * The OAuth broker: a Worker at `auth.<domain>` that never moves, with the gateway in it if the topology says so. Its route is in front of the same CNAME into the tunnel
 * as every hostname has.
 */
export async function deployBroker(
  config: Config,
  { storage, tunnel, secrets }: { storage: Storage; tunnel: Tunnel; secrets: BrokerSecrets },
): Promise<Broker> {
  const { accountId, zoneId } = config.cloudflare;
  const { clientSecrets } = config;
  // The script keeps its name, and with it what its Durable Objects have stored.
  const withGateway = config.auth.topology === "consolidated" ? gatewayBindings(config) : undefined;
  const built = await bundle(withGateway ? "consolidated" : "oauth-broker");
  const json = (value: pulumi.Input<unknown>) => pulumi.jsonStringify(value);
  const worker = new Worker("oauth-broker", {
    config,
    bundle: built,
    vars: { VERSION: built.version, ...withGateway?.vars },
    secrets: {
      ...withGateway?.secrets,
      GITHUB_CLIENT_SECRET: clientSecrets.github ?? "",
      GOOGLE_CLIENT_SECRET: clientSecrets.google ?? "",
      CONNECTION_CLIENT_SECRETS: json({
        github: clientSecrets.githubConnection,
        google: clientSecrets.googleConnection,
      }),
      SHARED_CONNECTIONS: json(config.sharedConnections),
      CONSENT_SECRET: secrets.consent,
      SERVICE_SECRETS: json(secrets.ofService),
      PRODUCT_SECRETS: json(secrets.ofProduct),
      SIGNING_KEYS: secrets.signingKeys,
      VAULT_KEYS: secrets.vaultKeys,
    },
    bindings: [
      ...(withGateway?.bindings ?? []),
      { name: "BROKER_CONFIG", type: "json", json: JSON.stringify(brokerConfig(config)) },
      { name: "OAUTH_KV", type: "kv_namespace", namespaceId: storage.sessions.id },
      { name: "AUDIT", type: "d1", databaseId: storage.audit.id },
      { name: "CONNECTIONS", type: "durable_object_namespace", className: "ConnectionKeeper" },
    ],
    migrations: { newTag: "v1", newSqliteClasses: ["ConnectionKeeper"] },
    hooks: auditSchemaHook(config, storage),
    ...kept(config, "oauth-broker-script"),
  });
  new cloudflare.WorkersCronTrigger(
    "oauth-broker-sweep",
    { accountId, scriptName: worker.script.scriptName, schedules: [{ cron: "17 * * * *" }] },
    { parent: worker },
  );
  new cloudflare.WorkersRoute(
    "oauth-broker-route",
    { zoneId, pattern: `${hostname("oauth-broker", config.domain)}/*`, script: worker.script.scriptName },
    { parent: worker, dependsOn: [worker, tunnel] },
  );
  return { url: publicUrl(config, "oauth-broker"), version: built.version, worker };
}
