import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy on loopback that adds an access token to what passes. */
export interface BearerProxy {
  /** The target's URL as seen through the proxy. */
  url: string;
  close(): void;
}

/**
 * The conformance tool knows no sign-in: it calls the service through this. Everything else passes as it is, but that the
 * proxy's own name becomes the target's; a name that is neither's (DNS rebinding) reaches the service.
 *
 * @param target URL of an MCP endpoint, with http
 */
export async function startBearerProxy(target: string, token: string): Promise<BearerProxy> {
  const { hostname, port, host, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { port: ownPort } = server.address() as AddressInfo;
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const own = `127.0.0.1:${ownPort}`;
    if (headers.host === own) headers.host = host;
    if (headers.origin === `http://${own}`) headers.origin = `http://${host}`;
    const forwarded = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers, agent: false },
      (response) => {
        outgoing.writeHead(response.statusCode!, response.headers);
        response.pipe(outgoing);
      },
    );
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port: ownPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${ownPort}${pathname}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
