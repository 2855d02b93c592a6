import { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import type { GatewayRequest } from "./gateway-request.ts";
import { ErrorCode, errorResponse, isRequest } from "./json-rpc.ts";
import { gather, joined, mayUse } from "./lists.ts";
import { passOn } from "./pass-on.ts";
import { health } from "./reach.ts";
import { isPassedOn, LISTS } from "./subject.ts";
import type { ListKind } from "./upstream-server.ts";

/** Key in a list's `_meta` with what is not in it, and why. */
export const MISSING_META = "hybrid-mcp/missing";

/** How long a list from which something is missing is good for, in milliseconds. */
const INCOMPLETE_TTL_MS = 5_000;

/**
 * Answers a request of MCP that was let in. The SDK checks it, its headers against its body too; the gateway answers
 * itself who it is and what there is, and passes on what belongs to one server.
 *
 * @param http the client's request; its body has been read
 * @param body parsed
 * @param auth of the resource server, for challenges
 */
export async function serveMcp(
  http: Request,
  body: unknown,
  request: GatewayRequest,
  auth: { audience: string },
): Promise<Response> {
  if (Array.isArray(body)) {
    return errorResponse(null, ErrorCode.invalidRequest, "The gateway takes no batches: send each request by itself.", {
      status: 400,
    });
  }
  const message = isRequest(body) && isPassedOn(body) ? body : undefined;
  let checked = false;
  const handler = createMcpHandler(
    ({ era }) => {
      checked = true;
      if (message) throw new Error("checked, and passed on");
      return gatewayServer(era, request);
    },
    {
      onerror: (error) => {
        if (!message || !checked) console.error(`mcp-gateway: ${request.trace.id}: ${error.message}`);
      },
    },
  );
  const answer = await handler.fetch(http, { parsedBody: body });
  return message && checked ? passOn(message, http.headers, request, auth) : answer;
}

/** What the gateway answers by itself, for one request. */
function gatewayServer(era: "legacy" | "modern", request: GatewayRequest): Server {
  const { env } = request;
  const server = new Server(
    { name: "mcp-gateway", title: "MCP gateway", version: env.VERSION },
    {
      instructions: instructionsFor(request),
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: false, subscribe: false },
        completions: {},
        // Messages of a call come with its own answer; a level that a client of an older version sets is forgotten.
        logging: {},
      },
    },
  );
  const list = async (kind: ListKind, params: { cursor?: string | undefined } | undefined) => {
    if (params?.cursor !== undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such page: lists of the gateway have one.");
    }
    const { items, missing } = joined(kind, await gather(kind, request));
    const { listTtlMs } = env.GATEWAY_CONFIG;
    const ttlMs = missing.length > 0 ? Math.min(INCOMPLETE_TTL_MS, listTtlMs) : listTtlMs;
    return {
      [kind]: items,
      // Older versions know nothing of it.
      ...(era === "modern" && { ttlMs, cacheScope: "private" }),
      ...(missing.length > 0 && { _meta: { [MISSING_META]: missing } }),
    } as never;
  };
  for (const [method, kind] of Object.entries(LISTS)) {
    server.setRequestHandler(method as "tools/list", ({ params }) => list(kind, params));
  }
  return server;
}

/** How a model should use the whole: which servers there are for this person, and which of them do not answer. */
function instructionsFor({ servers, admission }: GatewayRequest): string {
  const usable = servers.map(({ config }) => config).filter((config) => mayUse(config, admission.viewer.allowed));
  if (usable.length === 0) return "There is no server here that this person may use.";
  const names = usable.map(({ name, title }) => `${name} (${title})`).join(", ");
  // Not why: a reason can hold a server's own words, and these are a client's instructions.
  const down = usable.filter(({ name }) => health.state(name).health === "down").map(({ name }) => name);
  const missing = down.length > 0 ? ` Not available at the moment: ${down.join(", ")}.` : "";
  const use = `Several MCP servers at one address: ${names}. The name of a tool begins with its server's, as in ${usable[0]!.name}_….`;
  return use + missing;
}
