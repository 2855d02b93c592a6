import type { IngressRule, ScriptBinding } from "../../contracts.ts";
import type { Entity } from "../../store.ts";
import type { Fields } from "./body.ts";

/** A Workers KV namespace; its values live in the Workers runtime. */
export interface KvRecord extends Entity, Fields {
  id: string;
  title: string;
  supports_url_encoding: boolean;
}

/** A D1 database; its tables live in the Workers runtime. */
export interface Database extends Entity {
  name: string;
  created_at: string;
  read_replication: { mode: string };
  /** What the client sent and the API has no meaning for here. */
  extra: Fields;
}

/** A module of an uploaded Worker; its contents are a blob of the store. */
export interface StoredModule {
  name: string;
  contentType: string;
  blob: string;
}

/** A Durable Object class that a migration made. */
export interface DurableObjectClass {
  name: string;
  sqlite: boolean;
  namespaceId: string;
}

/** What the API tells about an upload of before; code and secrets of earlier versions are not kept. */
export interface VersionSummary {
  id: string;
  number: number;
  created_on: string;
  deployment_id: string;
  annotations: Fields;
  triggered_by: string;
  bindings: Fields[];
  compatibility_date: string;
  compatibility_flags: string[];
}

export interface Schedule {
  cron: string;
  created_on: string;
  modified_on: string;
}

/** A Worker. `id` is its name. `bindings` hold secrets as plain text. */
export interface Script extends Entity {
  tag: string;
  created_on: string;
  modified_on: string;
  etag: string;
  mainModule: string;
  modules: StoredModule[];
  handlers: string[];
  /** The upload's metadata without what has a field of its own here; unknown fields stay in it. */
  metadata: Fields;
  bindings: ScriptBinding[];
  classes: DurableObjectClass[];
  migrationTag: string | undefined;
  /** Newest first; the first one is live. */
  versions: VersionSummary[];
  schedules: Schedule[];
  subdomain: { enabled: boolean; previews_enabled: boolean };
}

/** A Workers route of the zone. */
export interface Route extends Entity {
  pattern: string;
  script: string | null;
  extra: Fields;
}

export interface DnsRecord extends Entity, Fields {
  id: string;
  name: string;
  type: string;
  content: string;
  proxied: boolean;
}

/** A Cloudflare Tunnel; `secret` is base64. */
export interface TunnelRecord extends Entity {
  name: string;
  config_src: "local" | "cloudflare";
  secret: string;
  created_at: string;
  deleted_at: string | null;
  configuration: { config: Fields & { ingress: IngressRule[] }; version: number; created_at: string } | null;
  extra: Fields;
}

export interface AccessApplication extends Entity, Fields {
  id: string;
  /** The reusable policies in the order of their precedence; read back with their fields. */
  policies: { id: string; precedence: number }[];
}

export interface AccessPolicy extends Entity, Fields {
  id: string;
  name: string;
}

/** An Access service token; only hashes of its secrets are kept. */
export interface ServiceTokenRecord extends Entity {
  id: string;
  name: string;
  client_id: string;
  /** SHA-256, hexadecimal. */
  secretHash: string;
  /** The secret before a rotation, while it is still good. */
  previous: { secretHash: string; expires_at: string } | null;
  client_secret_version: number;
  duration: string;
  enabled: boolean;
  /** Null: never. */
  expires_at: string | null;
  created_at: string;
  updated_at: string;
}
