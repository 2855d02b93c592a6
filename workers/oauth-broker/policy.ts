import { connectScope } from "@hybrid-mcp/catalogue";
import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { BrokerConfig } from "./config.ts";
import { knownServices } from "./known-services.ts";

/** Whom something is for: everybody whom one of these fits. */
export interface Matchers {
  /** `github:<login>` or an e-mail address. */
  people?: string[];
  githubOrganizations?: string[];
  /** `<organisation>/<team slug>`. */
  githubTeams?: string[];
  emailDomains?: string[];
}

/** One rule of the policy: whoever one of its matchers fits gets its scopes. */
export interface PolicyRule extends Matchers {
  /** Scope names; `<service>:*` is every scope of a service but `connect`. */
  scopes: string[];
}

/** Whether a rule speaks of this person. Only verified e-mail addresses count. */
export function matches(rule: Matchers, person: Person): boolean {
  const has = (list: string[] | undefined, value: string) =>
    list?.some((entry) => entry.toLowerCase() === value) ?? false;
  return (
    (person.login !== undefined && has(rule.people, `github:${person.login.toLowerCase()}`)) ||
    person.emails.some((email) => has(rule.people, email)) ||
    person.emails.some((email) => has(rule.emailDomains, email.slice(email.lastIndexOf("@") + 1))) ||
    person.organizations.some((organization) => has(rule.githubOrganizations, organization)) ||
    person.teams.some((team) => has(rule.githubTeams, team))
  );
}

/** Every scope that the policy allows this person, implied ones included; nobody may do anything that no rule allows. */
export function allowedScopes(config: Pick<BrokerConfig, "policy" | "servers">, person: Person): Set<string> {
  return withImplied(
    config,
    config.policy.filter((rule) => matches(rule, person)).flatMap((rule) => rule.scopes),
  );
}

/**
 * Adds what scopes imply: of a service's scopes, which are in order, a later one implies the earlier ones.
 *
 * @param names scope names and wildcards; unknown ones are left out
 */
export function withImplied(config: Pick<BrokerConfig, "servers">, names: Iterable<string>): Set<string> {
  const granted = new Set(names);
  const all = new Set<string>();
  for (const [service, { scopes: ordered }] of Object.entries(knownServices(config))) {
    const last = granted.has(`${service}:*`)
      ? ordered.length - 1
      : ordered.findLastIndex(({ name }) => granted.has(name));
    for (const { name } of ordered.slice(0, last + 1)) all.add(name);
    // Whoever holds it acts as the person at the upstream itself: only its own name gives it, and it gives nothing else.
    if (granted.has(connectScope(service))) all.add(connectScope(service));
  }
  return all;
}

/** Whether somebody sees everybody's audit trail and the policy; nobody does unless the config names them. */
export function isAdministrator(administrators: Matchers | undefined, person: Person): boolean {
  return administrators !== undefined && matches(administrators, person);
}
