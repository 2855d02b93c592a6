import type { Ctx } from "./config.ts";
import { secretsIn } from "./connections/secrets.ts";
import { authenticated } from "./service-client.ts";
import { validateToken } from "./validate-token.ts";

/**
 * Token introspection (RFC 7662) for services that run outside Cloudflare and have no service binding. The client is the
 * service itself (HTTP Basic, its name and its own secret): it learns of tokens for its own resource only, and never an
 * upstream credential.
 */
export async function introspect(context: Ctx): Promise<Response> {
  context.header("cache-control", "no-store");
  const service = await authenticated(context.req.header("authorization"), secretsIn(context.env.SERVICE_SECRETS));
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
    // For a machine whose clock is wrong.
    expires_in: Math.max(0, call.expiresAt - Math.floor(Date.now() / 1000)),
    username: call.props.person.name,
    grant_id: call.grantId,
  });
}
