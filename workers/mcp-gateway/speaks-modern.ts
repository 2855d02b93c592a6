import type { ServerConfig } from "./config.ts";
import { connectLegacy, ServerFailure } from "./legacy-connection.ts";
import { CLIENT_INFO } from "./legacy-session.ts";
import type { ServerAccess } from "./upstream-server.ts";

/** The first version without sessions. */
export const MODERN = "2026-07-28";

/** How long an answer is good for, in milliseconds. */
const TTL_MS = 600_000;

/**
 * Makes what finds out whether a server speaks MCP 2026-07-28, and remembers it by the server's URL.
 * @param now milliseconds since 1970
 */
export function modernProbe(now: () => number = Date.now) {
  const known = new Map<string, { modern: boolean; until: number }>();

  /**
   * Asks `server/discover`, as MCP 2026-07-28 says for clients that speak older versions too ("Versioning").
   * @throws {ServerFailure} when the answer tells nothing: none, a refusal (401, 403, 429), an error of the server's
   * own, or no MCP; the reason of the client's signal when that is aborted
   */
  return async (config: ServerConfig, access: ServerAccess): Promise<boolean> => {
    if (config.transport === "sse") return false;
    const remembered = known.get(config.url);
    if (remembered && now() < remembered.until) return remembered.modern;
    const modern = await discover(config, access);
    known.set(config.url, { modern, until: now() + TTL_MS });
    return modern;
  };
}

/** The one of this Worker. */
export const speaksModern = modernProbe();

async function discover(config: ServerConfig, access: ServerAccess): Promise<boolean> {
  const connection = connectLegacy(config, access, undefined, { "mcp-method": "server/discover" });
  connection.setProtocolVersion(MODERN);
  try {
    const answer = await connection.request("server/discover", {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": CLIENT_INFO,
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    });
    const versions = "result" in answer ? answer.result.supportedVersions : undefined;
    return Array.isArray(versions) && versions.includes(MODERN);
  } catch (error) {
    if (!(error instanceof ServerFailure)) throw error;
    const { status = 500 } = error;
    // A server of an older version may answer any other 4xx to a version, a method or a missing session it does not know.
    if (status >= 500 || [401, 403, 429].includes(status)) throw error;
    return false;
  } finally {
    await connection.close();
  }
}
