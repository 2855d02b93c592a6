import { ANSWER_TIMEOUT_MS, askedAgain } from "@hybrid-mcp/service-kit/asked-again";
import type { Caller, GatewayAnswer } from "@hybrid-mcp/service-kit/broker-contract";
import { BoundedMap } from "./bounded-map.ts";
import type { GatewayEnv, ServerConfig } from "./config.ts";

/** A request that the broker has let in. */
export interface Admission {
  call: Caller;
  viewer: Viewer;
  /** With which headers a server is asked for this person, or why it cannot be, in a sentence. */
  entryTo(server: ServerConfig): Entry;
  /** Forgets with which headers a server was asked: it did not take them. */
  forget(server: ServerConfig): void;
}

/** Who looks, and what they may do: what is kept for one viewer is never shown to another. */
export interface Viewer {
  userId: string;
  /** The same for the same person with the same grant and policy. */
  key: string;
  /** Every scope that the policy allows the person, granted or not. */
  allowed: ReadonlySet<string>;
}

export type Entry = { headers: Record<string, string> } | { problem: string };

interface KeptEntry {
  viewer: string;
  headers: Record<string, string>;
  /** Unix time in milliseconds. */
  until: number;
}

/** A token is not used in its last moments, in milliseconds: it has to be good when the server looks at it. */
const MARGIN_MS = 5_000;
/** How long a person's credential for another server is kept, in milliseconds: access that is revoked ends soon. */
const CREDENTIAL_MS = 60_000;

/** By the hash of the client's token: the viewer that it last was. */
const viewers = new BoundedMap<Viewer>(5_000);
/** By the hash of the client's token and the server's name. */
const entries = new BoundedMap<KeptEntry>(20_000);

/**
 * Asks the broker who calls, and for what the servers that are needed want to be shown: one RPC, which names only those
 * servers for which nothing is kept. Only when a token turns out to allow something else than the last time are there two.
 *
 * @param needed the servers that this request needs, by the viewer as far as known
 * @returns null for a token that is not good here
 */
export async function admit(
  env: GatewayEnv,
  token: string,
  needed: (viewer: Viewer | undefined) => readonly ServerConfig[],
): Promise<Admission | null> {
  const hash = await sha256(token);
  const keyOf = (server: ServerConfig) => `${hash} ${server.name}`;
  let viewer = viewers.get(hash);
  const kept = (server: ServerConfig) => {
    const entry = entries.get(keyOf(server));
    return entry && entry.viewer === viewer?.key && entry.until > Date.now() ? entry.headers : undefined;
  };
  /** What this request has found: it stays good for it, also when it ends while the broker answers. */
  const found = new Map<ServerConfig, Record<string, string>>();
  const find = (server: ServerConfig) => {
    const headers = found.get(server) ?? kept(server);
    if (headers) found.set(server, headers);
    return headers;
  };
  const asked = new Set<ServerConfig>();
  const credentials: GatewayAnswer["credentials"] = {};

  const unknown = () => needed(viewer).filter((server) => isPersonal(server) && !asked.has(server) && !find(server));
  const ask = async (servers: ServerConfig[]) => {
    const names = servers.map(({ name }) => name);
    const authorize = () => env.BROKER.authorizeGateway(token, names);
    const answer = await askedAgain(authorize, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    if (!answer) return null;
    viewer = viewerOf(answer);
    viewers.set(hash, viewer);
    Object.assign(credentials, answer.credentials);
    for (const server of servers) {
      asked.add(server);
      keep(server, answer, viewer);
    }
    return answer;
  };

  const keep = (server: ServerConfig, answer: GatewayAnswer, viewer: Viewer) => {
    const service = own(answer.serviceTokens, server.name);
    const credential = own(answer.credentials, server.name);
    const shown = service ?? (credential && "token" in credential ? credential : undefined);
    if (!shown) return;
    const ends = shown.expiresAt === undefined ? Number.POSITIVE_INFINITY : shown.expiresAt * 1000 - MARGIN_MS;
    const until = service ? ends : Math.min(ends, Date.now() + CREDENTIAL_MS);
    const headers = { authorization: `Bearer ${shown.token}` };
    found.set(server, headers);
    entries.set(keyOf(server), { viewer: viewer.key, headers, until });
  };

  const before = viewer;
  let answer = await ask(unknown());
  if (answer && before !== undefined && before.key !== viewer?.key) {
    found.clear();
    const more = unknown();
    if (more.length > 0) answer = await ask(more);
  }
  if (!answer) return null;

  return {
    call: answer.call,
    viewer: viewer!,
    entryTo(server) {
      switch (server.auth.kind) {
        case "none":
          return { headers: {} };
        case "header": {
          const secret = own(secretsOf(env), server.name);
          if (secret === undefined) return { problem: `The stack has no secret for ${server.title}.` };
          return { headers: { [server.auth.header]: secret } };
        }
        default: {
          const headers = find(server);
          return headers ? { headers } : { problem: whyNot(server, own(credentials, server.name)) };
        }
      }
    },
    forget(server) {
      found.delete(server);
      entries.delete(keyOf(server));
    },
  };
}

/** Whether a server is shown something that belongs to the person, which the broker has. */
export function isPersonal({ auth }: ServerConfig): boolean {
  return auth.kind === "service" || auth.kind === "connection";
}

function viewerOf({ call, allowed }: GatewayAnswer): Viewer {
  const key = JSON.stringify([call.userId, call.scope.toSorted(), allowed.toSorted()]);
  return { userId: call.userId, key, allowed: new Set(allowed) };
}

function whyNot({ title }: ServerConfig, answer: GatewayAnswer["credentials"][string] | undefined): string {
  if (!answer || !("problem" in answer)) return `This application was not allowed anything in ${title}.`;
  switch (answer.problem) {
    case "missing":
      return `${title} is not connected yet: open ${answer.connectUrl} and connect it.`;
    case "broken":
      return `${title} does not accept the connection any more: open ${answer.connectUrl} and connect it again.`;
    case "unavailable":
      return `${title} did not answer when the connection was renewed.`;
  }
}

/** A server may have any name, also one that every object knows. */
function own<Value>(record: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function secretsOf(env: GatewayEnv): Record<string, string> {
  return JSON.parse(env.SERVER_SECRETS) as Record<string, string>;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
