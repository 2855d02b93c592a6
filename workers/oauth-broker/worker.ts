import { WorkerEntrypoint } from "cloudflare:workers";
import type { AuditEvent, BrokerBinding, CallAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { app } from "./app.tsx";
import { record } from "./audit/trail.ts";
import { type BrokerEnv, GATEWAY } from "./config.ts";
import { credentialFor } from "./connections/credential.ts";
import { serviceOf } from "./resources.ts";
import { signServiceToken } from "./service-token.ts";
import { sweepExpired } from "./sweep.ts";
import { validateToken } from "./validate-token.ts";

export { ConnectionKeeper } from "./connections/keeper.ts";

/** The broker: its pages and endpoints over HTTP, and what services ask of it over a service binding. */
export default class OAuthBroker extends WorkerEntrypoint<BrokerEnv> implements BrokerBinding {
  override fetch(request: Request): Response | Promise<Response> {
    return app.fetch(request, this.env, this.ctx as never);
  }

  /** The cron trigger. */
  scheduled(): Promise<void> {
    return sweepExpired(this.env);
  }

  /** One RPC per call of a service on Cloudflare: who may do what, and with which credential of the upstream. */
  async authorize(resource: string, token: string): Promise<CallAnswer | null> {
    const answer = await validateToken(this.env, resource, token);
    if (!answer) return null;
    const { props, ...call } = answer;
    // Who may do nothing in the service needs no credential there.
    if (call.scope.length === 0) return { call };
    const credential = await credentialFor(this.env, props.person, serviceOf(this.env, resource).name);
    return { call, ...(credential && { credential }) };
  }

  record(events: AuditEvent[]): Promise<void> {
    return record(this.env.AUDIT, events);
  }

  /**
   * A token with which the gateway calls a service for the person whose call it is passing on.
   *
   * @param token the token of that call; its audience is the gateway
   * @param service name of the service to be called
   * @returns null when the token is no good, or allows nothing in that service
   */
  async serviceToken(token: string, service: string): Promise<{ token: string; expiresAt: number } | null> {
    const { resources } = this.env.BROKER_CONFIG;
    const gateway = resources[GATEWAY];
    const audience = resources[service];
    if (!gateway || !audience || service === GATEWAY) return null;
    const call = await validateToken(this.env, gateway, token);
    const scope = call?.scope.filter((name) => name.startsWith(`${service}:`)) ?? [];
    if (!call || scope.length === 0) return null;
    return signServiceToken(this.env, call, { actor: GATEWAY, audience, scope });
  }
}
