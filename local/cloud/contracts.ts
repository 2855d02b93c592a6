import type { StorageFaults } from "./workers/storage-faults.ts";

/**
 * What the parts of the local cloud ask of each other. The REST APIs own the state; the edge and the Workers runtime
 * read it through these interfaces, so that each can be tested alone.
 */

/** One module of an uploaded Worker, as the multipart upload named it. */
export interface ScriptModule {
  name: string;
  /** Content type of the part, e.g. `application/javascript+module`, `text/plain`, `application/wasm`. */
  contentType: string;
  contents: Uint8Array;
}

/**
 * One uploaded version of a Worker. `bindings` are the metadata's own (Cloudflare API, "Worker script upload",
 * `metadata.bindings`): `{type, name, …}` with the API's field names.
 */
export interface ScriptVersion {
  name: string;
  /** Changes with every upload. */
  versionId: string;
  mainModule: string;
  modules: ScriptModule[];
  compatibilityDate: string;
  compatibilityFlags: string[];
  bindings: ScriptBinding[];
  /** Durable Object classes with SQLite storage that exist after all migrations so far. */
  durableObjectClasses: string[];
}

export interface ScriptBinding {
  type: string;
  name: string;
  [field: string]: unknown;
}

/** A Worker that does not start: the API answers 400 with code 10021 and this message. */
export class ScriptStartError extends Error {}

/** Runs uploaded Workers in workerd and owns their storage. */
export interface WorkersRuntime {
  /**
   * Makes this version the live one, without cutting a call or stream of the one before it.
   * @throws {ScriptStartError} when the module does not start; the version before it stays live.
   */
  deploy(version: ScriptVersion): Promise<void>;
  /** New requests are refused at once, running ones finish. Removing an unknown script is no error. */
  remove(name: string): Promise<void>;
  /** Sets the cron expressions (UTC) at which `scheduled()` runs; an empty list ends them. */
  schedule(name: string, crons: string[]): void;
  has(name: string): boolean;
  /** Hands a request to the live version; URL and Host are what the Worker sees. */
  dispatch(name: string, request: Request): Promise<Response>;
  kv(namespaceId: string): Promise<KvNamespace>;
  /** Runs SQL (one or several statements) on a D1 database and answers what D1's `/query` has in `result`. */
  d1(databaseId: string, sql: string, params: unknown[]): Promise<D1Result[]>;
  deleteKv(namespaceId: string): Promise<void>;
  deleteD1(databaseId: string): Promise<void>;
  /** Replaces what goes wrong on purpose with KV and D1. */
  setStorageFaults(faults: StorageFaults): Promise<void>;
  /** Waits up to `graceMs` for running calls, then ends every workerd. */
  close(graceMs?: number): Promise<void>;
}

/** The part of the Workers KV binding that the REST API needs. */
export interface KvNamespace {
  getWithMetadata(
    key: string,
    type: "arrayBuffer",
  ): Promise<{ value: ArrayBuffer | null; metadata: unknown; expiration?: number }>;
  put(
    key: string,
    value: Uint8Array,
    options?: { expiration?: number; expirationTtl?: number; metadata?: unknown },
  ): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix?: string; limit?: number; cursor?: string }): Promise<{
    keys: { name: string; expiration?: number; metadata?: unknown }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}

export interface D1Result {
  results: Record<string, unknown>[];
  success: true;
  meta: Record<string, unknown>;
}

/** What the edge looks up for each request; the Cloudflare API emulator answers from its state. */
export interface EdgeDirectory {
  /** The most specific Workers route for this URL; `script` null means: bypass Workers. */
  route(hostname: string, path: string): { script: string | null } | undefined;
  dns(hostname: string): { type: string; content: string; proxied: boolean } | undefined;
  tunnel(id: string): Tunnel | undefined;
  /** The script that answers at `<script>.<subdomain>.workers.dev`, if that is enabled for it. */
  workersDev(hostname: string): string | undefined;
  /** The Access application in front of this URL, the most specific one. @param path normalised, without a query */
  access(hostname: string, path: string): AccessRule | undefined;
  /** The id of the Access service token with these credentials, if it is good now. */
  serviceToken(clientId: string, clientSecret: string): string | undefined;
  /** Where people sign in to Access: `<team>.cloudflareaccess.com`. */
  teamDomain: string;
  /** Calls back when a tunnel's remote configuration or existence changes. */
  onTunnelChange(listener: (tunnelId: string) => void): void;
}

/** What an Access application says of who is let in. */
export interface AccessRule {
  /** The application's audience tag. */
  aud: string;
  /** Answer 401 instead of a redirect where only a service token would do. */
  serviceAuth401: boolean;
  /** In the order of their precedence. */
  policies: AccessRulePolicy[];
}

export interface AccessRulePolicy {
  decision: "allow" | "deny" | "non_identity" | "bypass";
  /** Whether it includes everyone, so that nothing has to be known of the caller. */
  everyone: boolean;
  /** Ids of service tokens that it includes; "any": every good one. */
  serviceTokens: string[] | "any";
}

export interface Tunnel {
  id: string;
  accountId: string;
  /** Base64, as in the API and in the connector's token `{a: account, t: tunnel id, s: secret}`. */
  secret: string;
  ingress: IngressRule[];
  configVersion: number;
}

/** Cloudflare Tunnel ingress rule; the last one has no hostname. */
export interface IngressRule {
  hostname?: string;
  path?: string;
  service: string;
  originRequest?: Record<string, unknown>;
}

/** What the API tells about a tunnel's connectors (`status`, `connections`). */
export interface TunnelConnections {
  connections(tunnelId: string): { id: string; openedAt: string; clientVersion: string }[];
}
