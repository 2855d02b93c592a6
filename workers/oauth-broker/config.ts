import type { Context } from "hono";
import type { AuditDatabase } from "./audit/database.ts";
import type { ConnectionKeeper } from "./connections/keeper.ts";
import type { Matchers, PolicyRule } from "./policy.ts";

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

/** Google as an upstream of a person's connection; it may be another client than the one for sign-in. */
export interface GoogleConnection {
  clientId: string;
  authorizeUrl: string;
  tokenUrl: string;
  /** Tells whose account it is (OpenID Connect Core section 5.3). */
  userInfoUrl: string;
  /** RFC 7009. */
  revokeUrl: string;
}

/** The upstreams to which people connect; a service without an entry has no connections. */
export interface ConnectionsConfig {
  /** Base URL, e.g. `https://coda.io/apis/v1`. */
  coda?: { apiUrl: string };
  /** An OAuth app or a GitHub App; it may be another one than the one for sign-in. */
  github?: GitHubProvider;
  google?: GoogleConnection;
  /** Without a version, e.g. `https://api.firecrawl.dev`. */
  firecrawl?: { apiUrl: string };
  /** Its MCP endpoint, e.g. `https://n8n.example.com/mcp-server/http`. */
  n8n?: { mcpUrl: string };
}

/** An outside application that may fetch a person's upstream token with that person's consent. */
export interface Product {
  name: string;
  /** Its OAuth clients here: a token that was issued to another one is no consent to this product. */
  clientIds: string[];
  /** Of which services. */
  services: string[];
}

/** Name of the gateway among the resources: its scopes are those of every service. */
export const GATEWAY = "mcp-gateway";

/** An MCP server behind the gateway that is no service of the catalogue. */
export interface AddedServer {
  name: string;
  title: string;
  scopes: readonly { name: string; description: string }[];
  /** The connection with whose credential the gateway calls it for a person; undefined for a server that takes none. */
  connection?: keyof ConnectionsConfig;
}

/** What the stack config says of sign-in and permissions (binding `BROKER_CONFIG`, JSON). */
export interface BrokerConfig {
  /** The broker's own public origin: the issuer of RFC 8414. */
  issuer: string;
  /** The protected resource of each service (RFC 8707), e.g. `https://coda-mcp.example.com/mcp`. */
  resources: Record<string, string>;
  providers: { github?: GitHubProvider; google?: GoogleProvider };
  policy: PolicyRule[];
  connections: ConnectionsConfig;
  products: Product[];
  /** MCP servers behind the gateway that are no service of the catalogue. */
  servers?: AddedServer[];
  /** Who sees everybody's audit trail and the policy; default nobody. */
  administrators?: Matchers;
  /** How long the audit trail is kept, in days. */
  auditRetentionDays: number;
  /** How long a grant lives without being used, in days. */
  grantIdleDays: number;
}

export type ProviderName = keyof BrokerConfig["providers"];

export interface BrokerEnv {
  /** Of the bundle that runs, e.g. `0.1.0+3f2a9c1d`. */
  VERSION: string;
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
  /** Durable Objects, one for each person and service: the connections. */
  CONNECTIONS: ConnectionKeepers;
  /** JSON: client secrets of the upstreams with OAuth, `github` and `google`. */
  CONNECTION_CLIENT_SECRETS?: string;
  /** JSON: the organisation's own token of a service, for people who have not connected theirs. */
  SHARED_CONNECTIONS?: string;
  /** JSON: keys that seal connections (`VaultKey[]`), the first one seals; without any, nobody connects anything. */
  VAULT_KEYS?: string;
  /** JSON: the secret of each product, by its name. */
  PRODUCT_SECRETS?: string;
  /** At least 32 characters; signs the cookie that remembers consent. */
  CONSENT_SECRET: string;
}

/** The part of the Durable Object binding that the broker uses. */
export interface ConnectionKeepers {
  idFromName(name: string): unknown;
  get(id: unknown): Pick<ConnectionKeeper, "look" | "keep" | "fresh" | "disconnect">;
}

/** The part of the Workers KV binding that the broker uses itself. */
export interface KvBinding {
  get<Value>(key: string, type: "json"): Promise<Value | null>;
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  list<Metadata>(options: { prefix: string; cursor?: string }): Promise<KvPage<Metadata>>;
}

/** Up to a thousand keys. https://developers.cloudflare.com/kv/api/list-keys/ */
export interface KvPage<Metadata> {
  keys: { name: string; metadata?: Metadata }[];
  list_complete: boolean;
  cursor?: string;
}

/** A request as every route of the broker has it. */
export type Ctx = Context<{ Bindings: BrokerEnv }>;
