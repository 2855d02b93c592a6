import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import { authorizationServer } from "../authorization-server.ts";
import type { BrokerEnv } from "../config.ts";
import type { GrantMetadata } from "../people/grants.ts";

/**
 * The library's token endpoint, with what it does in the audit trail: refreshes (RFC 6749 section 6) and grants that
 * their client gives back (RFC 7009). The first exchange of a code is part of the grant, which is there already.
 */
export const oauthTokenRoutes = new Hono<{ Bindings: BrokerEnv }>();

oauthTokenRoutes.post("/oauth/token", async (c) => {
  const form = new URLSearchParams(await c.req.raw.clone().text());
  const isRefresh = form.get("grant_type") === "refresh_token";
  const token = isRefresh ? form.get("refresh_token") : form.has("grant_type") ? null : form.get("token");
  const named = grantNamedBy(token ?? "");
  const before = named && (await readGrant(c.env, named));
  const response = await authorizationServer(c.env).fetch(c.req.raw, c.env, c.executionCtx as never);
  if (!named || !before) return response;

  const { service } = before.metadata;
  const event = { user: named.user, client: before.clientId, grant: named.grant, service };
  if (isRefresh) {
    const reason = response.ok ? undefined : ((await response.clone().json()) as { error: string }).error;
    audit(c, { kind: "refresh", ...event, decision: reason ? "denied" : "allowed", ...(reason && { reason }) });
  } else if (response.ok && !(await readGrant(c.env, named))) {
    audit(c, { kind: "revoke", ...event, decision: "allowed", reason: "the client gave it back" });
  }
  return response;
});

interface NamedGrant {
  user: string;
  grant: string;
}

/** The library's tokens are `<user>:<grant>:<secret>`. Whoever sends one has proven nothing yet. */
function grantNamedBy(token: string): NamedGrant | undefined {
  const [user, grant, secret] = token.split(":");
  return user && grant && secret ? { user, grant } : undefined;
}

/** One KV read, where the library reads it too. */
function readGrant({ OAUTH_KV }: BrokerEnv, { user, grant }: NamedGrant) {
  return OAUTH_KV.get<{ clientId: string; metadata: GrantMetadata }>(`grant:${user}:${grant}`, "json");
}
