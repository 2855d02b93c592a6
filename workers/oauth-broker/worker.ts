import { type WorkerContext, WorkerEntrypoint } from "cloudflare:workers";
import type {
  AuditEvent,
  BrokerBinding,
  CallAnswer,
  GatewayAnswer,
  GatewayBinding,
} from "@hybrid-mcp/service-kit/broker-contract";
import { app } from "./app.tsx";
import { record } from "./audit/trail.ts";
import { type BrokerEnv, GATEWAY } from "./config.ts";
import { credentialFor } from "./connections/credential.ts";
import { withinKeyLimit } from "./kv-keys.ts";
import { allowedScopes } from "./policy.ts";
import { serviceOf } from "./resources.ts";
import { signServiceToken } from "./service-token.ts";
import { sweepExpired } from "./sweep.ts";
import { validateToken } from "./validate-token.ts";

export { ConnectionKeeper } from "./connections/keeper.ts";

/** The broker: its pages and endpoints over HTTP, and what services ask of it over a service binding. */
export default class OAuthBroker extends WorkerEntrypoint<BrokerEnv> implements BrokerBinding, GatewayBinding {
  constructor(ctx: WorkerContext, env: BrokerEnv) {
    super(ctx, { ...env, OAUTH_KV: withinKeyLimit(env.OAUTH_KV) });
  }

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

  /** One RPC per call of the gateway: who calls, what the policy would allow, and what the servers behind it are shown. */
  async authorizeGateway(token: string, servers: string[]): Promise<GatewayAnswer | null> {
    const { resources } = this.env.BROKER_CONFIG;
    const gateway = resources[GATEWAY];
    const answer = gateway ? await validateToken(this.env, gateway, token) : null;
    if (!answer) return null;
    const { props, ...call } = answer;
    const serviceTokens: GatewayAnswer["serviceTokens"] = {};
    const credentials: GatewayAnswer["credentials"] = {};
    const allowed = allowedScopes(this.env.BROKER_CONFIG, props.person);
    for (const server of new Set(servers)) {
      const own = (name: string) => name.startsWith(`${server}:`);
      const scope = call.scope.filter(own);
      const audience = server === GATEWAY ? undefined : resources[server];
      // Where the policy allows something that was not granted yet, the token allows nothing but to see what there is.
      if (audience && [...allowed].some(own)) {
        serviceTokens[server] = await signServiceToken(this.env, answer, { actor: GATEWAY, audience, scope });
      } else if (!audience && scope.length > 0) {
        const connection = this.env.BROKER_CONFIG.servers?.find(({ name }) => name === server)?.connection;
        const credential = connection && (await credentialFor(this.env, props.person, connection, { shared: false }));
        if (credential) credentials[server] = credential;
      }
    }
    return { call, allowed: [...allowed], serviceTokens, credentials };
  }
}
