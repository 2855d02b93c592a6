import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { BrokerEnv } from "../config.ts";
import { keeperOf } from "./record.ts";
import { sharedCredential } from "./shared-credential.ts";
import { connectionNames, mayConnect, upstreamOf } from "./upstreams.ts";

/** A connection as its person sees it. */
export interface ListedConnection {
  service: string;
  /** Name for people. */
  title: string;
  /** `oauth`: the person is sent to the upstream; `token`: the person pastes a token. */
  kind: "oauth" | "token";
  /** `shared`: there is none, and the organisation's own account is used. */
  status: "connected" | "broken" | "shared" | "none";
  /** Whose account at the upstream, where that is known. */
  account?: string;
  /** Unix time in seconds. */
  connectedAt?: number;
}

/** Every connection that the policy opens to a person, made or not. They are asked of their keepers: KV may lag behind. */
export async function listConnections(env: BrokerEnv, person: Person): Promise<ListedConnection[]> {
  const open = connectionNames(env).filter((service) => mayConnect(env, person, service));
  return Promise.all(open.map((service) => describeConnection(env, person, service)));
}

/** @param service one with connections */
export async function describeConnection(env: BrokerEnv, person: Person, service: string): Promise<ListedConnection> {
  const { title, kind } = upstreamOf(env, service)!;
  const record = await keeperOf(env, { userId: person.id, service }).look();
  if (!record) return { service, title, kind, status: sharedCredential(env, service) ? "shared" : "none" };
  const { account, connectedAt } = record;
  return {
    service,
    title,
    kind,
    status: record.status === "ok" ? "connected" : "broken",
    ...(account !== undefined && { account }),
    connectedAt,
  };
}
