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
    n8n: ({ mcpUrl }) => n8n(mcpUrl),
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

/**
 * Whether the policy allows a person anything in a service, or in a server that is called with its connection; only then is
 * there something to connect it for.
 */
export function mayConnect({ BROKER_CONFIG: { policy, servers = [] } }: BrokerEnv, person: Person, service: string) {
  const using = servers.filter(({ connection }) => connection === service).map(({ name }) => name);
  const uses = (scope: string) => [service, ...using].some((name) => scope.startsWith(`${name}:`));
  return policy.some((rule) => rule.scopes.some(uses) && matches(rule, person));
}
