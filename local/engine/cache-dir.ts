import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The folder of this user in which what is slow to get is kept, for all clones: `$HYBRID_MCP_CACHE`, else
 * `$XDG_CACHE_HOME/hybrid-mcp`, else `~/.cache/hybrid-mcp` (XDG Base Directory Specification).
 * @param env the environment to read, by default that of this process
 */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HYBRID_MCP_CACHE) return resolve(env.HYBRID_MCP_CACHE);
  // The specification says that a relative path here is to be ignored.
  const xdg = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(xdg, "hybrid-mcp");
}
