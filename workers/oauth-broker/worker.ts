import { WorkerEntrypoint } from "cloudflare:workers";
import { app } from "./app.tsx";
import { authorizationServer } from "./authorization-server.ts";
import type { BrokerEnv } from "./config.ts";
import { allowedScopes, type Person, withImplied } from "./policy.ts";

/** What a service learns of a call: who makes it, through which client, and what they may do now. */
export interface AuthorizedCall {
  props: { person: Person };
  audience: string;
  /** Unix time in seconds. */
  expiresAt: number;
  scope: string[];
  userId: string;
  clientId: string;
}

/** The broker: its pages and endpoints over HTTP, and what services ask of it over a service binding. */
export default class OAuthBroker extends WorkerEntrypoint<BrokerEnv> {
  override fetch(request: Request): Response | Promise<Response> {
    return app.fetch(request, this.env, this.ctx as never);
  }

  /**
   * Whether a token is good for a resource, and for what: the scopes of the grant that the policy allows *now*, so that a
   * narrower policy takes effect at the next call, without a new sign-in.
   *
   * @param resource the service's own, e.g. `https://coda-mcp.example.com/mcp`
   * @returns null for a token that is unknown, expired, revoked or for another resource
   */
  async validateToken(resource: string, token: string): Promise<AuthorizedCall | null> {
    const call = await authorizationServer(this.env).validateToken<{ person: Person }>(resource, token, this.env);
    if (!call) return null;
    const allowed = allowedScopes(this.env.BROKER_CONFIG.policy, call.props.person);
    return { ...call, scope: [...withImplied(call.scope)].filter((name) => allowed.has(name)) };
  }
}
