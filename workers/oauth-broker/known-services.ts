import { catalogue, type Scope } from "@hybrid-mcp/catalogue";
import type { BrokerConfig } from "./config.ts";

/** What people are told of a service, and what they can be allowed to do in it. */
export interface KnownService {
  title: string;
  /** Ordered: a later one implies the earlier. */
  scopes: readonly Scope[];
}

/** Every service by its name: those of the catalogue, then the servers that the stack config adds. */
export function knownServices({ servers = [] }: Pick<BrokerConfig, "servers">): Record<string, KnownService> {
  return { ...catalogue, ...Object.fromEntries(servers.map(({ name, ...server }) => [name, server])) };
}
