import { isPersonal, type Viewer } from "./admission.ts";
import type { ServerConfig } from "./config.ts";
import type { JsonRpcRequest } from "./json-rpc.ts";
import { keptList, mayUse, ownerOf, splitName } from "./lists.ts";
import type { ListKind } from "./upstream-server.ts";

/** In which list, and as what, that is found which a request is about. */
export interface Subject {
  kind: ListKind;
  id: string;
}

/** What each method lists. */
export const LISTS: Record<string, ListKind> = {
  "tools/list": "tools",
  "prompts/list": "prompts",
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
};

/** Requests that belong to one server. */
const PASSED_ON = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"]);

/** Whether a request belongs to one server and is passed on to it. */
export const isPassedOn = ({ method }: JsonRpcRequest) => PASSED_ON.has(method);

/** What a request is about that has no server's name in it: a prompt or a resource. */
export function subjectsOf({ method, params }: JsonRpcRequest): Subject[] {
  const ref = (params?.ref ?? {}) as Record<string, unknown>;
  if (method === "prompts/get") return [{ kind: "prompts", id: textOf(params?.name) }];
  if (method === "resources/read") {
    const id = textOf(params?.uri);
    return [
      { kind: "resources", id },
      { kind: "resourceTemplates", id },
    ];
  }
  if (method !== "completion/complete") return [];
  if (ref.type === "ref/prompt") return [{ kind: "prompts", id: textOf(ref.name) }];
  if (ref.type === "ref/resource") return [{ kind: "resourceTemplates", id: textOf(ref.uri) }];
  return [];
}

/**
 * The servers that have to be spoken to for a request, as far as what is kept for the viewer tells: most calls need one.
 * @param viewer undefined: nobody knows yet whose request it is
 */
export function serversFor(
  message: JsonRpcRequest,
  servers: readonly ServerConfig[],
  viewer: Viewer | undefined,
): readonly ServerConfig[] {
  if (message.method === "tools/call") {
    const found = splitName(servers, textOf(message.params?.name));
    return found ? [found.server] : [];
  }
  const listed = LISTS[message.method];
  const subjects = listed ? [{ kind: listed, id: "" }] : subjectsOf(message);
  if (subjects.length === 0) return [];
  if (!viewer) return servers.filter(isPersonal);
  const usable = servers.filter((server) => mayUse(server, viewer.allowed));
  const unlisted = usable.filter((server) => subjects.some(({ kind }) => !keptList(kind, server, viewer)));
  if (listed) return unlisted;
  if (unlisted.length > 0) return usable;
  const owners = subjects.map(({ kind, id }) =>
    ownerOf(
      kind,
      id,
      usable.map((server) => ({ server, items: keptList(kind, server, viewer) ?? [] })),
    ),
  );
  return owners.filter((owner) => owner !== undefined).slice(0, 1);
}

/** A value that should be text. */
export const textOf = (value: unknown) => (typeof value === "string" ? value : "");
