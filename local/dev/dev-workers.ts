import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import type { BrokerConfig } from "@hybrid-mcp/oauth-broker/config";
import type { WorkerBundle } from "@hybrid-mcp/service-kit/bundle";
import { COMPATIBILITY_DATE, FLAGS_ON_WORKERS } from "../../infra/compatibility.ts";
import type { ScriptBinding, ScriptVersion } from "../cloud/contracts.ts";
import { type StandInAccounts, standInAddresses } from "../cloud/stand-ins.ts";
import { SEEDED_PEOPLE } from "../standins/identity/people.ts";
import { type DevUpstream, upstreamVariables } from "./upstream.ts";

export const BROKER = "oauth-broker";
/** Id of the audit trail's database. */
export const AUDIT = "audit";

/** Somebody whom no rule of the policy names, to see how a refusal looks. */
export const REFUSED = "nobody";

/** What both Workers are told besides their code. */
export interface DevSetting {
  service: ServiceName;
  /** Of the broker and the service, which share it: `http://localhost:8788`. */
  origin: string;
  /** Origin of the stand-ins. */
  standIns: string;
  clientSecrets: StandInAccounts["clientSecrets"];
  upstream: DevUpstream;
}

/** The two Workers of a run, as uploads: the service that is developed, and its broker. */
export function devWorkers(setting: DevSetting) {
  const service = serviceBindings(setting);
  const broker = brokerBindings(setting);
  return {
    [setting.service]: (bundle: WorkerBundle) => upload(setting.service, bundle, service),
    [BROKER]: (bundle: WorkerBundle) => ({
      ...upload(BROKER, bundle, broker),
      durableObjectClasses: ["ConnectionKeeper"],
    }),
  };
}

function upload(name: string, { contents, sha256, version }: WorkerBundle, bindings: ScriptBinding[]): ScriptVersion {
  return {
    name,
    versionId: sha256,
    mainModule: "worker.js",
    modules: [{ name: "worker.js", contentType: "application/javascript+module", contents }],
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: FLAGS_ON_WORKERS,
    bindings: [{ type: "plain_text", name: "VERSION", text: version }, ...bindings],
    durableObjectClasses: [],
  };
}

function serviceBindings({ service, origin, standIns, upstream }: DevSetting): ScriptBinding[] {
  return [
    ...texts("plain_text", {
      PLACEMENT: "workers",
      PUBLIC_URL: origin,
      ISSUER: origin,
      [upstreamVariables(service).url]: upstream.apiUrl,
      // Its sample pages are on this machine.
      ...(service === "firecrawl" && { FIRECRAWL_ALLOWED_HOSTS: new URL(standIns).host }),
    }),
    { type: "service", name: "BROKER", service: BROKER },
  ];
}

function brokerBindings(setting: DevSetting): ScriptBinding[] {
  const { service, clientSecrets, upstream } = setting;
  const random = () => randomBytes(32).toString("base64url");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return [
    { type: "json", name: "BROKER_CONFIG", json: brokerConfig(setting) },
    { type: "kv_namespace", name: "OAUTH_KV", namespace_id: "sessions" },
    { type: "d1", name: "AUDIT", id: AUDIT },
    { type: "durable_object_namespace", name: "CONNECTIONS", class_name: "ConnectionKeeper" },
    ...texts("secret_text", {
      GITHUB_CLIENT_SECRET: clientSecrets.github,
      GOOGLE_CLIENT_SECRET: clientSecrets.google,
      CONNECTION_CLIENT_SECRETS: JSON.stringify({
        github: clientSecrets.githubConnection,
        google: clientSecrets.googleConnection,
      }),
      SHARED_CONNECTIONS: JSON.stringify({ [service]: upstream.token }),
      CONSENT_SECRET: random(),
      SERVICE_SECRETS: JSON.stringify({ [service]: random() }),
      PRODUCT_SECRETS: "{}",
      SIGNING_KEYS: JSON.stringify([{ ...privateKey.export({ format: "jwk" }), kid: "1" }]),
      VAULT_KEYS: JSON.stringify([{ id: "1", key: randomBytes(32).toString("base64") }]),
    }),
  ];
}

function texts(type: "plain_text" | "secret_text", values: Record<string, string>): ScriptBinding[] {
  return Object.entries(values).map(([name, text]) => ({ type, name, text }));
}

/** As the stack's, with one service, and a policy that opens all of it to whoever the stand-in has. */
function brokerConfig({ service, origin, standIns, upstream }: DevSetting): BrokerConfig {
  const { providers, connections } = standInAddresses(standIns);
  const people = SEEDED_PEOPLE.filter(({ id }) => id !== REFUSED).flatMap((person) => [
    ...(person.github ? [`github:${person.github.login}`] : []),
    ...(person.google ? [person.google.email] : []),
  ]);
  const { apiUrl } = upstream;
  return {
    issuer: origin,
    resources: { [service]: `${origin}/mcp` },
    providers,
    policy: [{ people, scopes: [`${service}:*`] }],
    administrators: { people: ["github:ada"] },
    connections: service === "github" ? { github: { ...connections.github, apiUrl } } : { [service]: { apiUrl } },
    products: [],
    auditRetentionDays: 90,
    grantIdleDays: 30,
  };
}
