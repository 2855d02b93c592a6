import type { Context } from "hono";
import type { AuditDatabase } from "./audit/database.ts";
import type { PolicyRule } from "./policy.ts";

/** GitHub as an identity provider (an OAuth app or a GitHub App). */
export interface GitHubProvider {
  clientId: string;
  /** Base of the site, e.g. `https://github.com`, without a trailing slash. */
  siteUrl: string;
  /** Base of the REST API, e.g. `https://api.github.com`. */
  apiUrl: string;
}

/** Google, or another OpenID Connect provider, as an identity provider. */
export interface GoogleProvider {
  clientId: string;
  /** `iss` of its ID tokens. */
  issuer: string;
  authorizeUrl: string;
  tokenUrl: string;
  jwksUrl: string;
}

/** Name of the gateway among the resources: its scopes are those of every service. */
export const GATEWAY = "mcp-gateway";

/** What the stack config says of sign-in and permissions (binding `BROKER_CONFIG`, JSON). */
export interface BrokerConfig {
  /** The broker's own public origin: the issuer of RFC 8414. */
  issuer: string;
  /** The protected resource of each service (RFC 8707), e.g. `https://coda-mcp.example.com/mcp`. */
  resources: Record<string, string>;
  providers: { github?: GitHubProvider; google?: GoogleProvider };
  policy: PolicyRule[];
}

export type ProviderName = keyof BrokerConfig["providers"];

export interface BrokerEnv {
  BROKER_CONFIG: BrokerConfig;
  /** Grants, tokens, clients; the library asks for this name. */
  OAUTH_KV: KvBinding;
  /** D1: the audit trail. */
  AUDIT: AuditDatabase;
  GITHUB_CLIENT_SECRET?: string;
  GOOGLE_CLIENT_SECRET?: string;
  /** JSON: the secret of each service that introspects tokens over HTTP, by its name. */
  SERVICE_SECRETS: string;
  /** JSON: private keys (JWK, P-256, with `kid`) of service tokens; the first one signs. */
  SIGNING_KEYS: string;
  /** At least 32 characters; signs the cookie that remembers consent. */
  CONSENT_SECRET: string;
}

/** The part of the Workers KV binding that the broker uses itself. */
export interface KvBinding {
  get<Value>(key: string, type: "json"): Promise<Value | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** A request as every route of the broker has it. */
export type Ctx = Context<{ Bindings: BrokerEnv }>;
