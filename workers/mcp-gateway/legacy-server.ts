import type { ServerConfig } from "./config.ts";
import { quoted, ServerFailure } from "./legacy-connection.ts";
import { Exchange } from "./legacy-exchange.ts";
import { type LegacySession, openSession } from "./legacy-session.ts";
import type { ForwardedRequest, ListItem, ListKind, UpstreamServer } from "./upstream-server.ts";

/** The method of each list, and the capability without which a server is not asked for it. */
const LISTS: Record<ListKind, { method: string; capability: string }> = {
  tools: { method: "tools/list", capability: "tools" },
  prompts: { method: "prompts/list", capability: "prompts" },
  resources: { method: "resources/list", capability: "resources" },
  resourceTemplates: { method: "resources/templates/list", capability: "resources" },
};

/** A server with more is taken for one that never ends. */
const MAX_PAGES = 100;

const METHOD_NOT_FOUND = -32601;

/**
 * A server that speaks MCP 2025-11-25 or older, over Streamable HTTP or HTTP+SSE (`transport: "sse"`). The gateway keeps
 * nothing between requests, so each has a session of its own, which is ended with it. How long to wait for an answer is the
 * signal's to say.
 *
 * A server that asks its client back (sampling, elicitation, roots) is answered that this is not supported.
 * @param waitUntil lets work go on after the answer, e.g. the runtime's own: the session is ended after it
 */
export function legacyServer(config: ServerConfig, waitUntil: (work: Promise<unknown>) => void): UpstreamServer {
  return {
    config,

    async list(kind, access) {
      const session = await openSession(config, access, waitUntil);
      try {
        return await allPages(config, session, kind);
      } finally {
        waitUntil(session.close());
      }
    },

    forward(request, access) {
      const exchange = new Exchange(request, config.title);
      const converse = async () => {
        const session = await openSession(config, access, waitUntil, (notification) => exchange.pass(notification));
        const { method, params } = serverRequest(request);
        const answered = session.request(method, params).then((answer) => exchange.answer(answer, session.serverInfo));
        // What goes wrong is told here already, because a client that hung up needs no more than the goodbye.
        answered.catch((error) => exchange.fail(error));
        await Promise.race([answered, exchange.hungUp]).catch(() => undefined);
        await session.close();
      };
      // From the beginning, not at the end: a client that goes away ends all other work.
      waitUntil(converse().catch((error) => exchange.fail(error)));
      return exchange.response;
    },
  };
}

async function allPages(config: ServerConfig, session: LegacySession, kind: ListKind): Promise<ListItem[]> {
  const { method, capability } = LISTS[kind];
  if (!session.capabilities[capability]) return [];
  const items: ListItem[] = [];
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await session.request(method, cursor === undefined ? undefined : { cursor });
    if ("error" in answer) {
      // Not every server with resources has templates.
      if (answer.error.code === METHOD_NOT_FOUND) return [];
      throw new ServerFailure(`${config.title} did not give its ${method}: ${quoted(answer.error.message)}.`);
    }
    const some = answer.result[kind];
    if (!Array.isArray(some) || !some.every((item) => typeof item?.name === "string")) {
      throw new ServerFailure(`${config.title} gave no list for ${method}.`);
    }
    items.push(...some);
    cursor = answer.result.nextCursor;
    if (cursor === undefined || cursor === null) return items;
  }
  throw new ServerFailure(`${config.title} has more than ${MAX_PAGES} pages for ${method}.`);
}

/** The request as the server knows it: without what only MCP 2026-07-28 has. */
function serverRequest({ message: { method, params } }: ForwardedRequest) {
  const { _meta, inputResponses: _, requestState: __, ...rest } = params ?? {};
  const meta = Object.entries(_meta ?? {}).filter(([key]) => !key.startsWith("io.modelcontextprotocol/"));
  return { method, params: { ...rest, ...(meta.length > 0 && { _meta: Object.fromEntries(meta) }) } };
}
