import { askUpstream, type TokenUpstream, UpstreamFailure } from "../upstream.ts";

const TITLE = "n8n";

/** What any MCP client begins with (MCP 2025-06-18, "Lifecycle"). */
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "hybrid-mcp-broker", version: "1" },
  },
};

/**
 * n8n's own MCP server. It takes a token of its own kind, not a key of n8n's API, and does not say whose it is.
 *
 * @param mcpUrl e.g. `https://n8n.example.com/mcp-server/http`
 * @see https://docs.n8n.io/advanced-ai/accessing-n8n-mcp-server/
 */
export function n8n(mcpUrl: string): TokenUpstream {
  return {
    kind: "token",
    title: TITLE,
    where: "In n8n, open Settings, then Instance-level MCP, and copy the access token.",
    tokenType: "Bearer",
    async check(token) {
      const { status } = await askUpstream(TITLE, mcpUrl, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
        },
        body: JSON.stringify(INITIALIZE),
      });
      if (status === 401 || status === 403) throw new UpstreamFailure("refused", `${TITLE} answered ${status}.`);
      if (status !== 200) throw new UpstreamFailure("misconfigured", `${TITLE} answered ${status}.`);
      return undefined;
    },
  };
}
