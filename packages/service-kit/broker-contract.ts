/**
 * What services and the broker say to each other: over a service binding on Cloudflare, over HTTP from the droplet.
 */

/** Who signed in, as the identity provider told. What a person may do is the policy's to say, not the provider's. */
export interface Person {
  /** The user id of grants, connections and the audit trail: the id of the first account, e.g. `github-1024`. */
  id: string;
  name: string;
  /** Every account that is linked to this person, `<provider>-<subject>`. */
  accounts: string[];
  /** GitHub's login; undefined for somebody without an account there. */
  login?: string;
  /** E-mail addresses that a provider has verified, in lower case. */
  emails: string[];
  /** Logins of the GitHub organisations, in lower case. */
  organizations: string[];
  /** `<organisation>/<team slug>` on GitHub, in lower case. */
  teams: string[];
}

/** What a service learns of a call: who makes it, through which client, and what they may do now. */
export interface Caller {
  audience: string;
  /** Unix time in seconds. */
  expiresAt: number;
  scope: string[];
  userId: string;
  clientId: string;
  /** Id of the grant that the token belongs to. */
  grantId: string;
}

/** The same inside the broker, with what the policy asks about. */
export interface AuthorizedCall extends Caller {
  props: { person: Person };
}

/** The credential for the API behind a service, or why there is none and what the person can do about it. */
export type CredentialAnswer =
  | {
      token: string;
      /** Unix time in seconds; undefined: until it is revoked. */
      expiresAt?: number;
    }
  | {
      /** `missing`: never connected; `broken`: the upstream refused it for good; `unavailable`: no answer just now. */
      problem: "missing" | "broken" | "unavailable";
      /** Page of the broker on which the person connects. */
      connectUrl: string;
    };

/** The one answer to a call on Cloudflare: who may do what, and with which upstream credential. */
export interface CallAnswer {
  call: Caller;
  /** Undefined for a service without connections. */
  credential?: CredentialAnswer;
}

/** The broker as services on Cloudflare reach it: a service binding to its WorkerEntrypoint. */
export interface BrokerBinding {
  /**
   * @param resource the service's own, e.g. `https://coda-mcp.example.com/mcp`
   * @returns null for a token that is unknown, expired, revoked or for another resource
   */
  authorize(resource: string, token: string): Promise<CallAnswer | null>;
  /** Adds to the audit trail. */
  record(events: AuditEvent[]): Promise<void>;
}

/** A token of the broker with which the gateway calls one service for one person. */
export interface ServiceToken {
  token: string;
  /** Unix time in seconds. */
  expiresAt: number;
}

/** The one answer to a call of the gateway. */
export interface GatewayAnswer {
  call: Caller;
  /** Every scope that the policy allows the person, granted or not: what a step-up can get. */
  allowed: string[];
  /** For each service that was asked for and in which the person may do something: the token for it. */
  serviceTokens: Record<string, ServiceToken>;
  /** For each other server that was asked for and takes the person's own connection: the credential, or why there is none. */
  credentials: Record<string, CredentialAnswer>;
}

/** The broker as the gateway reaches it: a service binding to its WorkerEntrypoint. */
export interface GatewayBinding extends Pick<BrokerBinding, "record"> {
  /**
   * @param token the client's; its audience is the gateway
   * @param servers names of the servers that are about to be called
   * @returns null for a token that is unknown, expired, revoked or for another resource
   */
  authorizeGateway(token: string, servers: string[]): Promise<GatewayAnswer | null>;
}

/** What can be in the trail; `view`: a page for administrators; `lost`: events that were dropped before they reached it. */
export type AuditKind =
  | "sign-in"
  | "sign-out"
  | "grant"
  | "refresh"
  | "revoke"
  | "connect"
  | "disconnect"
  | "link"
  | "token"
  | "call"
  | "view"
  | "lost";

/** How it ended: a call is allowed, denied by the platform, or failed after it was allowed. */
export type AuditDecision = "allowed" | "denied" | "failed";

/**
 * One line of the audit trail. Arguments and results are no part of it, and nothing secret is: whoever reads the trail
 * learns who did what, not what was in it.
 */
export interface AuditEvent {
  /** Unix time in milliseconds. */
  time: number;
  kind: AuditKind;
  decision: AuditDecision;
  /** Why it was denied or failed, in words; of a grant that was given, its scopes. */
  reason?: string;
  /** Id of the person; undefined for somebody who did not get so far as to be known. */
  user?: string;
  /** OAuth client. */
  client?: string;
  grant?: string;
  service?: string;
  tool?: string;
  /** How long it took, in milliseconds. */
  durationMs?: number;
  /** Joins what belongs to one request, from client to upstream: the trace id of W3C Trace Context, 32 hex digits. */
  requestId?: string;
  placement?: "workers" | "droplet";
}
