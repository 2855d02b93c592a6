import { OAuthError, OAuthResourceServer } from "@cloudflare/workers-oauth-provider";
import type { Caller } from "./broker-contract.ts";
import { traceIn } from "./trace.ts";

/** Where a resource and the broker that guards it are. */
interface ResourceEnv {
  /** The resource's own origin. */
  PUBLIC_URL: string;
  /** The broker's. */
  ISSUER: string;
}

/** A request that was let in; `ctx` is the Worker's, with what the resource server found out. */
export type ProtectedHandler<Env, Props> = (
  request: Request,
  env: Env,
  ctx: ProtectedContext<Props>,
) => Promise<Response>;

export interface ProtectedContext<Props> {
  props: Props;
  auth: { token: string; audience: string; scope: string[]; clientId?: string; expiresAt?: number };
  waitUntil(work: Promise<unknown>): void;
}

interface ResourceServerOptions<Env, Props> {
  title: string;
  /** Scopes that clients are told to ask for. */
  scopes(env: Env): string[];
  /**
   * Asks the broker about a token.
   * @returns null for one that is unknown, expired, revoked or for another resource
   * @throws when the broker does not answer: the client is told to come again (503)
   */
  admit(request: Request, env: Env, resource: string, token: string): Promise<{ call: Caller; props: Props } | null>;
  handler: ProtectedHandler<Env, Props>;
}

/** Where the metadata of RFC 9728 is, which challenges name. */
export function metadataUrl(publicUrl: string): string {
  return `${publicUrl}/.well-known/oauth-protected-resource/mcp`;
}

/**
 * Makes the protected side of a resource: RFC 9728 metadata, 401 challenges (RFC 6750 section 3), and the question to the
 * broker, which accepts its own tokens and its own service tokens for this resource, and nothing else.
 */
export function resourceServer<Env extends ResourceEnv, Props>(options: ResourceServerOptions<Env, Props>) {
  let made: { env: Env; server: OAuthResourceServer<Env, Props> } | undefined;
  const serverFor = (env: Env) => {
    if (made?.env.PUBLIC_URL !== env.PUBLIC_URL || made.env.ISSUER !== env.ISSUER) {
      const server = new OAuthResourceServer<Env, Props>({
        resourceMetadata: {
          resource: `${env.PUBLIC_URL}/mcp`,
          authorization_servers: [env.ISSUER],
          resource_name: options.title,
        },
        requiredScopes: options.scopes(env),
        validateToken: (env, request) => async (resource, token) => {
          const admitted = await options.admit(request, env, resource, token).catch((error: Error) => {
            console.error(`${options.title}: ${traceIn(request).id}: the broker did not answer: ${error.message}`);
            throw unavailable(options.title);
          });
          if (!admitted) return null;
          const { audience, expiresAt, scope, userId, clientId } = admitted.call;
          return { props: admitted.props, audience, expiresAt, scope, userId, clientId };
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

/** How long a client is asked to wait for a broker that does not answer, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** To anything else that is thrown, the library answers 503 without a word of why. */
function unavailable(title: string): OAuthError {
  const next = `Nothing was done; try again in ${RETRY_AFTER_SECONDS} s.`;
  return new OAuthError("temporarily_unavailable", {
    description: `${title} cannot check the sign-in, because the broker does not answer. ${next}`,
    statusCode: 503,
    headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
  });
}
