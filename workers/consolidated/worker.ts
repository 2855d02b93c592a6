import { app as gateway } from "@hybrid-mcp/mcp-gateway/app";
import type { GatewayEnv } from "@hybrid-mcp/mcp-gateway/config";
import OAuthBroker, { ConnectionKeeper } from "@hybrid-mcp/oauth-broker";

export { ConnectionKeeper };

/**
 * Broker and gateway in one Worker (`auth.topology: consolidated`): both hostnames lead here, and the gateway asks the
 * broker without leaving it. The modules are those of the separate Workers.
 */
export default class Consolidated extends OAuthBroker {
  override fetch(request: Request): Response | Promise<Response> {
    const env = { ...this.env, BROKER: this } as unknown as GatewayEnv;
    if (new URL(request.url).origin !== env.PUBLIC_URL) return super.fetch(request);
    return gateway.fetch(request, env, this.ctx as never);
  }
}
