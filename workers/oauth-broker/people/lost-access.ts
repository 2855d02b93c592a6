import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { audit } from "../audit/audit.ts";
import type { Ctx } from "../config.ts";
import { allowedScopes, withImplied } from "../policy.ts";
import { grantsOf, revokeGrant } from "./grants.ts";

/**
 * Ends the grants that rest on what is true of a person no longer, e.g. because they have left an organisation. A grant
 * carries the person as of the last refresh, so it would go on until the next one. A policy that was narrowed ends no grant:
 * it is applied at every call. Costs nothing unless something was lost.
 */
export async function endLostGrants(c: Ctx, before: Person, after: Person): Promise<void> {
  const config = c.env.BROKER_CONFIG;
  const allowed = allowedScopes(config, after);
  const lost = [...allowedScopes(config, before)].filter((scope) => !allowed.has(scope));
  if (lost.length === 0) return;
  for (const { id, clientId, service, scope } of await grantsOf(c.env, after.id)) {
    const granted = withImplied(config, scope);
    const gone = lost.filter((name) => granted.has(name));
    if (gone.length === 0) continue;
    await revokeGrant(c.env, after.id, id);
    const reason = `the accounts do not give ${gone.join(" ")} any more`;
    audit(c, { kind: "revoke", decision: "allowed", user: after.id, client: clientId, grant: id, service, reason });
  }
}
