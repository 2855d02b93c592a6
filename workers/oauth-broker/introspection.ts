import type { Context } from "hono";
import type { BrokerEnv } from "./config.ts";
import { sha256 } from "./secret-handle.ts";
import { validateToken } from "./validate-token.ts";

/**
 * Token introspection (RFC 7662) for services that run outside Cloudflare and have no service binding. The client is the
 * service itself (HTTP Basic, its name and its own secret): it learns of tokens for its own resource only, and never an
 * upstream credential.
 */
export async function introspect(context: Context<{ Bindings: BrokerEnv }>): Promise<Response> {
  context.header("cache-control", "no-store");
  const service = await authenticatedService(context.env, context.req.header("authorization"));
  if (!service) {
    context.header("www-authenticate", 'Basic realm="introspection"');
    return context.json({ error: "invalid_client" }, 401);
  }
  const form = await context.req.formData().catch(() => undefined);
  const token = form?.get("token");
  if (typeof token !== "string" || token === "") {
    return context.json({ error: "invalid_request", error_description: "the form has no token" }, 400);
  }
  const resource = context.env.BROKER_CONFIG.resources[service];
  const call = resource === undefined ? null : await validateToken(context.env, resource, token);
  if (!call) return context.json({ active: false });
  return context.json({
    active: true,
    iss: context.env.BROKER_CONFIG.issuer,
    aud: call.audience,
    sub: call.userId,
    client_id: call.clientId,
    scope: call.scope.join(" "),
    exp: call.expiresAt,
    username: call.props.person.name,
  });
}

/** @returns the service whose name and secret the header carries (RFC 7617) */
async function authenticatedService(env: BrokerEnv, authorization: string | undefined): Promise<string | undefined> {
  const encoded = /^Basic +([\w+/]+=*)$/i.exec(authorization ?? "")?.[1];
  if (!encoded) return undefined;
  let text: string;
  try {
    text = atob(encoded);
  } catch {
    return undefined;
  }
  const [name = "", ...rest] = text.split(":");
  const secrets = JSON.parse(env.SERVICE_SECRETS) as Record<string, string>;
  // A name that nobody has is compared as well, so that the time tells nothing about names.
  const expected = Object.hasOwn(secrets, name) ? secrets[name]! : crypto.randomUUID();
  return (await sameText(rest.join(":"), expected)) ? name : undefined;
}

/** Compares hashes, whose length and order of bytes tell nothing about the texts. */
async function sameText(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([sha256(left), sha256(right)]);
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}
