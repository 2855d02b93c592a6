import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Connector } from "./connector.ts";

/**
 * Serves cloudflared's `/ready` (200 only while connected to the edge) and `/healthcheck`.
 * @param address `host:port`.
 */
export async function serveMetrics(address: string, connector: Connector) {
  const server = http.createServer((request, response) => {
    if (request.url === "/ready") {
      const readyConnections = connector.ready() ? 1 : 0;
      const status = readyConnections > 0 ? 200 : 503;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ status, readyConnections, connectorId: connector.id }));
    } else if (request.url === "/healthcheck") {
      response.end("OK\n");
    } else {
      response.writeHead(404).end();
    }
  });
  const { hostname, port } = new URL(`http://${address}`);
  server.listen(Number(port), hostname);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Whether a connector's `/ready` says 200. */
export function isReady(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    http
      .get(`http://${address}/ready`, { timeout: 5000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      })
      .once("timeout", () => resolve(false))
      .once("error", () => resolve(false));
  });
}
