import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { BrokerEnv, ConnectionsConfig } from "../config.ts";
import { matches } from "../policy.ts";
import { secretsIn } from "./secrets.ts";
import type { Upstream } from "./upstream.ts";
import { coda } from "./upstreams/coda.ts";
import { firecrawl } from "./upstreams/firecrawl.ts";
import { github } from "./upstreams/github.ts";
import { google } from "./upstreams/google.ts";
import { n8n } from "./upstreams/n8n.ts";

/** A service of which a person can have a connection. */
export type ConnectionName = keyof ConnectionsConfig;

/** How to make each upstream that the stack config names; a service without one has no connections. */
const makers: { [Name in ConnectionName]-?: (config: Required<ConnectionsConfig>[Name], secret: string) => Upstream } =
  {
    coda: ({ apiUrl }) => coda(apiUrl),
    github,
    firecrawl: ({ apiUrl }) => firecrawl(apiUrl),
    n8n: ({ apiUrl }) => n8n(apiUrl),
    google,
  };

/** The services with connections, in the order of the person's page. */
export function connectionNames(env: BrokerEnv): ConnectionName[] {
  return (Object.keys(makers) as ConnectionName[]).filter((name) => env.BROKER_CONFIG.connections[name]);
}

/**
 * The upstream behind a service.
 *
 * @param service a name from anywhere
 * @returns undefined for a service without connections
 */
export function upstreamOf(env: BrokerEnv, service: string): Upstream | undefined {
  const name = connectionNames(env).find((each) => each === service);
  if (!name) return undefined;
  const make = makers[name] as (config: unknown, secret: string) => Upstream;
  return make(env.BROKER_CONFIG.connections[name], secretsIn(env.CONNECTION_CLIENT_SECRETS)[name] ?? "");
}

/** Whether the policy allows a person anything in a service; only then is there something to connect it for. */
export function mayConnect(env: BrokerEnv, person: Person, service: string): boolean {
  return env.BROKER_CONFIG.policy.some(
    (rule) => rule.scopes.some((scope) => scope.startsWith(`${service}:`)) && matches(rule, person),
  );
}
