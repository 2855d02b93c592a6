import type { AuthorizedCall, Person } from "@hybrid-mcp/service-kit/broker-contract";
import { createLocalJWKSet, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import type { BrokerEnv } from "./config.ts";

/** How long a service token lives, in seconds: access that is revoked ends everywhere within two minutes. */
export const SERVICE_TOKEN_TTL = 60;
const ALGORITHM = "ES256";
/** RFC 9068 section 2.1. */
const TYPE = "at+jwt";

/** A private key (JWK, P-256) with the `kid` under which its public half is published. */
export type SigningKey = JWK & { kid: string };

interface Claims {
  scope: string;
  client_id: string;
  grant_id: string;
  /** Who passes the call on (RFC 8693 section 4.1). */
  act: { sub: string };
  person: Person;
}

/** Access tokens of the authorization server have two colons; a JWT (RFC 7519) has three parts and none. */
export function looksLikeServiceToken(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/**
 * Signs a token with which one part of the platform calls a service for a person: audience that service alone, never more
 * scopes than the call that it comes from.
 *
 * @param call the call that is passed on, already checked
 * @param actor name of the part that passes it on, e.g. `mcp-gateway`
 * @param audience resource of the service
 * @param scope what the token is to allow
 * @returns a JWT (RFC 9068) that is good for at most a minute, and not longer than the call's own token
 */
export async function signServiceToken(
  env: BrokerEnv,
  call: AuthorizedCall,
  { actor, audience, scope }: { actor: string; audience: string; scope: string[] },
): Promise<{ token: string; expiresAt: number }> {
  const key = signingKeys(env)[0]!;
  const now = Math.floor(Date.now() / 1000);
  const expiresAt = Math.min(now + SERVICE_TOKEN_TTL, call.expiresAt);
  const claims: Claims = {
    scope: scope.filter((name) => call.scope.includes(name)).join(" "),
    client_id: call.clientId,
    grant_id: call.grantId,
    act: { sub: actor },
    person: call.props.person,
  };
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
    .setIssuer(env.BROKER_CONFIG.issuer)
    .setAudience(audience)
    .setSubject(call.userId)
    .setIssuedAt(now)
    .setExpirationTime(expiresAt)
    .setJti(crypto.randomUUID())
    .sign(await keysOf(env).signs);
  return { token, expiresAt };
}

/** @returns null unless the broker signed the token, for this resource, and it has not expired */
export async function readServiceToken(
  env: BrokerEnv,
  resource: string,
  token: string,
): Promise<AuthorizedCall | null> {
  try {
    const { payload } = await jwtVerify<Claims>(token, keysOf(env).published, {
      issuer: env.BROKER_CONFIG.issuer,
      audience: resource,
      algorithms: [ALGORITHM],
      typ: TYPE,
      requiredClaims: ["sub", "exp", "scope", "client_id", "grant_id"],
    });
    return {
      props: { person: payload.person },
      audience: resource,
      expiresAt: payload.exp!,
      scope: payload.scope.split(" ").filter(Boolean),
      userId: payload.sub!,
      clientId: payload.client_id,
      grantId: payload.grant_id,
    };
  } catch {
    return null;
  }
}

/** The key set (RFC 7517 section 5) with which anybody checks service tokens: a key stays in it while its tokens live. */
export function publicKeys(env: BrokerEnv): { keys: JWK[] } {
  return {
    keys: signingKeys(env).map(({ kty, crv, x, y, kid }) => ({
      ...(kty && { kty }),
      ...(crv && { crv }),
      ...(x && { x }),
      ...(y && { y }),
      kid,
      alg: ALGORITHM,
      use: "sig",
    })),
  };
}

/** Keys as they are used: reading one in costs more than a signature. */
interface ReadKeys {
  from: string;
  signs: ReturnType<typeof importJWK>;
  published: ReturnType<typeof createLocalJWKSet>;
}

let read: ReadKeys | undefined;

/** The keys of this isolate's env, read in once. */
function keysOf(env: BrokerEnv): ReadKeys {
  if (read?.from !== env.SIGNING_KEYS) {
    const [first] = signingKeys(env);
    read = {
      from: env.SIGNING_KEYS,
      signs: importJWK(first!, ALGORITHM),
      published: createLocalJWKSet(publicKeys(env)),
    };
  }
  return read;
}

/** The first signs; the others are published until the last token that they signed has expired. */
function signingKeys(env: BrokerEnv): SigningKey[] {
  return JSON.parse(env.SIGNING_KEYS) as SigningKey[];
}
