import type { TunnelConnections, WorkersRuntime } from "../../contracts.ts";
import type { Collection, Store } from "../../store.ts";
import type {
  AccessApplication,
  AccessPolicy,
  Database,
  DnsRecord,
  KvRecord,
  Route,
  Script,
  ServiceTokenRecord,
  TunnelRecord,
} from "./records.ts";

/** What every area of the Cloudflare API works on. */
export interface CloudflareContext {
  store: Store;
  runtime: WorkersRuntime;
  connections: TunnelConnections;
  account: { id: string; name: string };
  zone: { id: string; name: string };
  workersSubdomain: string;
  log(line: string): void;
  /** To be called when a tunnel's configuration or existence has changed and is on disk. */
  tunnelChanged(tunnelId: string): void;
  kv: Collection<KvRecord>;
  databases: Collection<Database>;
  scripts: Collection<Script>;
  routes: Collection<Route>;
  dns: Collection<DnsRecord>;
  tunnels: Collection<TunnelRecord>;
  applications: Collection<AccessApplication>;
  policies: Collection<AccessPolicy>;
  serviceTokens: Collection<ServiceTokenRecord>;
}

/** The collections of the Cloudflare API in the store. */
export function cloudflareCollections(store: Store) {
  return {
    kv: store.collection<KvRecord>("cloudflare.kv"),
    databases: store.collection<Database>("cloudflare.d1"),
    scripts: store.collection<Script>("cloudflare.scripts"),
    routes: store.collection<Route>("cloudflare.routes"),
    dns: store.collection<DnsRecord>("cloudflare.dns"),
    tunnels: store.collection<TunnelRecord>("cloudflare.tunnels"),
    applications: store.collection<AccessApplication>("cloudflare.access.applications"),
    policies: store.collection<AccessPolicy>("cloudflare.access.policies"),
    serviceTokens: store.collection<ServiceTokenRecord>("cloudflare.access.serviceTokens"),
  };
}
