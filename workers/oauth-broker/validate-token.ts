import type { AuthorizedCall, Person } from "@hybrid-mcp/service-kit/broker-contract";
import { authorizationServer } from "./authorization-server.ts";
import type { BrokerEnv } from "./config.ts";
import { allowedScopes, withImplied } from "./policy.ts";
import { looksLikeServiceToken, readServiceToken } from "./service-token.ts";

/**
 * Whether a token is good for a resource, and for what: the scopes of the grant that the policy allows *now*, so that a
 * narrower policy takes effect at the next call, without a new sign-in.
 *
 * @param resource the service's own, e.g. `https://coda-mcp.example.com/mcp`
 * @param token an access token of the authorization server, or a service token that the broker signed
 * @returns null for a token that is unknown, expired, revoked or for another resource
 */
export async function validateToken(env: BrokerEnv, resource: string, token: string): Promise<AuthorizedCall | null> {
  const call = looksLikeServiceToken(token)
    ? await readServiceToken(env, resource, token)
    : await opaqueToken(env, resource, token);
  if (!call) return null;
  const allowed = allowedScopes(env.BROKER_CONFIG, call.props.person);
  return { ...call, scope: [...withImplied(env.BROKER_CONFIG, call.scope)].filter((name) => allowed.has(name)) };
}

async function opaqueToken(env: BrokerEnv, resource: string, token: string): Promise<AuthorizedCall | null> {
  const call = await authorizationServer(env).validateToken<{ person: Person }>(resource, token, env);
  // The library's tokens are `<user>:<grant>:<secret>`.
  return call && { ...call, grantId: token.split(":")[1]! };
}
