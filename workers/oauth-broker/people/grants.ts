import { authorizationServer } from "../authorization-server.ts";
import type { BrokerEnv } from "../config.ts";

/** What a grant says of its client, as the consent page showed it. */
export interface GrantMetadata {
  service: string;
  clientName: string;
  /** Where the access went: the host of the redirect URI. */
  host: string;
}

/** What a person has allowed a client to do. */
export interface Grant extends GrantMetadata {
  id: string;
  clientId: string;
  redirectUri?: string;
  scope: string[];
  /** Unix time in seconds. */
  createdAt: number;
}

/** A person's grants, the newest first. */
export async function grantsOf(env: BrokerEnv, user: string): Promise<Grant[]> {
  const oauth = authorizationServer(env).getOAuthApi(env);
  const grants: Grant[] = [];
  let cursor: string | undefined;
  do {
    const page = await oauth.listUserGrants(user, { ...(cursor && { cursor }) });
    for (const { id, clientId, redirectUri, scope, createdAt, metadata } of page.items) {
      const { service, clientName, host } = metadata as GrantMetadata;
      grants.push({ id, clientId, scope, createdAt, service, clientName, host, ...(redirectUri && { redirectUri }) });
    }
    cursor = page.cursor;
  } while (cursor);
  return grants.sort((a, b) => b.createdAt - a.createdAt);
}

/** Ends a grant: its tokens are no good from now on. A KV delete for it and for each of its tokens. */
export function revokeGrant(env: BrokerEnv, user: string, id: string): Promise<void> {
  return authorizationServer(env).getOAuthApi(env).revokeGrant(id, user);
}
