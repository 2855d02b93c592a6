import { GrantType, OAuthAuthorizationServer } from "@cloudflare/workers-oauth-provider";
import type { BrokerConfig, BrokerEnv } from "./config.ts";
import { knownServices } from "./known-services.ts";
import { asPerson, readRecord } from "./people/person-record.ts";
import { scopesOf } from "./resources.ts";

/** How long an access token lives, in seconds: each refresh costs KV writes, and every call is checked anyway. */
const ACCESS_TOKEN_TTL = 8 * 3600;

const servers = new WeakMap<BrokerConfig, OAuthAuthorizationServer<BrokerEnv>>();

/**
 * The authorization server of MCP clients: discovery (RFC 8414), dynamic registration (RFC 7591) and client ID metadata
 * documents, PKCE with S256 only, one audience per service (RFC 8707), `iss` (RFC 9207), refresh rotation and revocation
 * (RFC 7009). All of that is the library's; what it leaves to us is who somebody is and what they may do.
 */
export function authorizationServer({ BROKER_CONFIG: config }: BrokerEnv): OAuthAuthorizationServer<BrokerEnv> {
  let server = servers.get(config);
  if (!server) {
    server = new OAuthAuthorizationServer<BrokerEnv>({
      issuer: config.issuer,
      resources: Object.values(config.resources),
      clientRegistrationEndpoint: `${config.issuer}/oauth/register`,
      clientIdMetadataDocumentEnabled: true,
      scopesSupported: Object.keys(knownServices(config)).flatMap((service) =>
        scopesOf(config, service).map(({ name }) => name),
      ),
      accessTokenTTL: ACCESS_TOKEN_TTL,
      // From the code's exchange, and again from each refresh: a grant that is not used ends, one that is used stays.
      refreshTokenTTL: config.grantIdleDays * 86_400,
      refreshTokenIdleTTL: config.grantIdleDays * 86_400,
      async tokenExchangeCallback({ grantType, userId, env }) {
        if (grantType !== GrantType.REFRESH_TOKEN) return undefined;
        // A grant carries its person, so that a call needs no look-up; what they told since then is taken in here.
        const record = await readRecord(env, userId);
        return record ? { newProps: { person: asPerson(record) } } : undefined;
      },
    });
    servers.set(config, server);
  }
  return server;
}
