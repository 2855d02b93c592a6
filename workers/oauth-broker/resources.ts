import { connectScope, type Scope } from "@hybrid-mcp/catalogue";
import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { type BrokerConfig, type BrokerEnv, GATEWAY } from "./config.ts";
import { knownServices } from "./known-services.ts";
import { allowedScopes } from "./policy.ts";

/** The service that a protected resource (RFC 8707) belongs to. */
export function serviceOf(env: BrokerEnv, resource: string | undefined): { name: string; title: string } {
  const name = Object.entries(env.BROKER_CONFIG.resources).find(([, each]) => each === resource)?.[0] ?? "";
  return { name, title: titleOf(env.BROKER_CONFIG, name) };
}

/** The name of a service for people. */
export function titleOf(config: BrokerConfig, name: string): string {
  const known = knownServices(config);
  return Object.hasOwn(known, name) ? known[name]!.title : name === GATEWAY ? "every service" : name;
}

/** A service's scopes in order, `connect` last; of the gateway, those of every service, without `connect`. */
export function scopesOf(config: BrokerConfig, service: string): Scope[] {
  const known = knownServices(config);
  if (service === GATEWAY) return Object.values(known).flatMap(({ scopes }) => scopes);
  if (!Object.hasOwn(known, service)) return [];
  const { title, scopes } = known[service]!;
  return [
    ...scopes,
    { name: connectScope(service), description: `Get the key to your ${title} account itself, to use it as you` },
  ];
}

/**
 * Of a service's scopes those that were asked for and that the policy allows the person. A client that asks for none gets
 * all but `connect`, which has to be asked for by name.
 */
export function offeredScopes(env: BrokerEnv, person: Person, service: string, asked: readonly string[]): Scope[] {
  const allowed = allowedScopes(env.BROKER_CONFIG, person);
  const wanted = ({ name }: Scope) => (asked.length === 0 ? name !== connectScope(service) : asked.includes(name));
  return scopesOf(env.BROKER_CONFIG, service).filter((scope) => allowed.has(scope.name) && wanted(scope));
}
