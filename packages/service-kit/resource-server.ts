import { OAuthResourceServer } from "@cloudflare/workers-oauth-provider";
import type { Admission, BrokerEnv } from "./broker.ts";
import { brokerOf } from "./broker.ts";

/** What a protected request carries. */
export interface Protected {
  admission: Admission;
}

/** A request that was let in; `ctx` is the Worker's, with what the resource server found out. */
export type ProtectedHandler<Env> = (request: Request, env: Env, ctx: ProtectedContext) => Promise<Response>;

export interface ProtectedContext {
  props: Protected;
  auth: { token: string; scope: string[]; clientId?: string; expiresAt?: number };
  waitUntil(work: Promise<unknown>): void;
}

interface ResourceServerOptions<Env> {
  name: string;
  title: string;
  /** Scopes that clients are told to ask for. */
  scopes: string[];
  handler: ProtectedHandler<Env>;
}

/** Where the metadata of RFC 9728 is, which challenges name. */
export function metadataUrl(publicUrl: string): string {
  return `${publicUrl}/.well-known/oauth-protected-resource/mcp`;
}

/**
 * Makes the protected side of a service: RFC 9728 metadata, 401 challenges (RFC 6750 section 3), and the question to the
 * broker, which accepts its own tokens and its own service tokens for this resource, and nothing else.
 */
export function resourceServer<Env extends BrokerEnv & { PUBLIC_URL: string }>(options: ResourceServerOptions<Env>) {
  let made: { env: Env; server: OAuthResourceServer<Env, Protected> } | undefined;
  const serverFor = (env: Env) => {
    if (made?.env.PUBLIC_URL !== env.PUBLIC_URL || made.env.ISSUER !== env.ISSUER) {
      const server = new OAuthResourceServer<Env, Protected>({
        resourceMetadata: {
          resource: `${env.PUBLIC_URL}/mcp`,
          authorization_servers: [env.ISSUER],
          resource_name: options.title,
        },
        requiredScopes: options.scopes,
        validateToken: (env) => async (resource, token) => {
          const admission = await brokerOf(env, options.name).admit(resource, token);
          if (!admission) return null;
          const { audience, expiresAt, scope, userId, clientId } = admission.call;
          return { props: { admission }, audience, expiresAt, scope, userId, clientId };
        },
        handler: { fetch: (request, env, ctx) => options.handler(request, env, ctx as never) },
      });
      made = { env, server };
    }
    return made.server;
  };
  return (request: Request, env: Env, ctx: object): Promise<Response> =>
    serverFor(env).fetch(request, env, ctx as never);
}
