import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { ATTACH_PATH } from "../../connector/protocol.ts";
import type { EdgeDirectory, TunnelConnections, WorkersRuntime } from "../contracts.ts";
import { Access, type AccessDecision } from "./access.ts";
import { CLOUDFLARE_ERRORS, type CloudflareError } from "./cloudflare-error.ts";
import { forwardedHeaders, newRay } from "./request-headers.ts";
import { type Destination, destination } from "./route.ts";
import { proxyToTunnel, proxyUpgrade } from "./tunnel-proxy.ts";
import { createTunnels } from "./tunnels.ts";
import { proxyToWorker } from "./worker-proxy.ts";

export interface EdgeOptions {
  directory: EdgeDirectory;
  runtime: WorkersRuntime;
  /** Ports that stand for one hostname each, so that `http://localhost:<port>` reaches it. */
  ports: { port: number; hostname: string; forContainers?: boolean }[];
  /** The port for every other hostname, by Host header, and for connectors. */
  ownPort: number;
  /** Address to listen on; loopback. */
  host: string;
  /** A port with TLS, by Host header; PEM key and certificate. */
  tls?: { key: string | Buffer; cert: string | Buffer; port: number };
  log(line: string): void;
}

export interface Edge extends TunnelConnections {
  /** The ports that it listens on, in the order of the options; of use where an option was 0. */
  addresses: { ports: number[]; ownPort: number; tlsPort: number | undefined };
  /**
   * Makes the own port, and those that are for containers, listen on another address too, as soon as that address exists
   * on this machine.
   */
  listenAlso(host: string): void;
  /**
   * Takes no new connections and ends.
   * @param graceMs how long running requests may take.
   */
  close(graceMs?: number): Promise<void>;
}

type AnswerOfAccess = Extract<AccessDecision, { kind: "answer" }>;

/** Where an address does not exist yet, how long to wait before the next attempt, in ms. */
const LISTEN_RETRY_MS = 500;

/** Starts the edge: it receives what Cloudflare would receive for the zone, and hands it to Workers or tunnels. */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { directory, runtime, log } = options;
  const tunnels = createTunnels(directory, log);
  const access = new Access(directory);
  const servers = new Set<http.Server>();
  const retries = new Set<NodeJS.Timeout>();
  const running = new Set<ServerResponse>();
  let closed = false;

  const decide = (request: IncomingMessage, scheme: "http" | "https", mapped: string | undefined) => {
    const host = request.headers.host ?? "";
    const address = `${scheme}://${host}`;
    if (host === "" || !URL.canParse(address) || !request.url?.startsWith("/")) return undefined;
    const url = new URL(address + request.url);
    const hostname = mapped ?? url.hostname.toLowerCase();
    const to: Destination = destination(directory, hostname, request.url);
    return { url, hostname, to };
  };

  const handle =
    (scheme: "http" | "https", mapped?: string) => async (request: IncomingMessage, response: ServerResponse) => {
      running.add(response);
      response.once("close", () => running.delete(response));
      const ray = newRay();
      response.setHeader("CF-Ray", ray);
      response.setHeader("Server", "cloudflare");
      const fail = (error: CloudflareError) => {
        request.resume();
        response.writeHead(error.status, { "content-type": "text/plain; charset=UTF-8" });
        response.end(error.body);
      };
      const decided = decide(request, scheme, mapped);
      if (decided === undefined) {
        fail(CLOUDFLARE_ERRORS.badRequest);
        return;
      }
      const { url, hostname, to } = decided;
      const admitted = await access.decide(hostname, url, request.headers);
      if (admitted.kind === "answer") {
        request.resume();
        response.writeHead(admitted.status, admitted.headers).end(admitted.body);
        return;
      }
      if (response.destroyed) return;
      const headers = [...forwardedHeaders(request, scheme, ray), ...admitted.headers];
      if (to.kind === "error") fail(to.error);
      else if (to.kind === "worker") {
        void proxyToWorker(runtime, { script: to.script, url, request, headers }, response, fail, log);
      } else proxyToTunnel(tunnels, { tunnelId: to.tunnelId, hostname, scheme, request, headers }, response, fail);
    };

  const upgrade =
    (scheme: "http" | "https", mapped?: string, attaches = false) =>
    async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => {});
      if (attaches && request.url === ATTACH_PATH) {
        tunnels.attach(request, socket, head);
        return;
      }
      const answer = ({
        status,
        body,
        headers = {},
      }: Pick<AnswerOfAccess, "status" | "body"> & Partial<AnswerOfAccess>) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.end(
          `HTTP/1.1 ${status} \r\n${lines.join("")}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      };
      const fail = (error: CloudflareError) => answer(error);
      const decided = decide(request, scheme, mapped);
      if (decided === undefined) {
        fail(CLOUDFLARE_ERRORS.badRequest);
        return;
      }
      const { url, hostname, to } = decided;
      const admitted = await access.decide(hostname, url, request.headers);
      if (admitted.kind === "answer") {
        answer(admitted);
        return;
      }
      if (socket.destroyed) return;
      const headers = [...forwardedHeaders(request, scheme, newRay()), ...admitted.headers];
      if (to.kind === "error") fail(to.error);
      else if (to.kind === "worker") fail(CLOUDFLARE_ERRORS.notImplemented);
      else proxyUpgrade(tunnels, { tunnelId: to.tunnelId, hostname, scheme, request, headers }, socket, head, fail);
    };

  const add = <Server extends http.Server>(server: Server): Server => {
    // Long uploads and streams are not cut, and clients end their idle connections before the edge does.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 400_000;
    servers.add(server);
    return server;
  };

  const listen = async (server: http.Server, port: number, host: string) => {
    server.listen(port, host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };

  const ownServer = () => add(http.createServer(handle("http"))).on("upgrade", upgrade("http", undefined, true));

  const mappedServer = (hostname: string) =>
    add(http.createServer(handle("http", hostname))).on("upgrade", upgrade("http", hostname));

  const close = async (graceMs = 0) => {
    closed = true;
    retries.forEach(clearTimeout);
    const ended = [...servers].map((server) => {
      const done = server.listening ? once(server, "close") : Promise.resolve();
      server.close();
      return done;
    });
    const deadline = Date.now() + graceMs;
    while (running.size > 0 && Date.now() < deadline) await delay(20);
    tunnels.close();
    for (const server of servers) server.closeAllConnections();
    await Promise.all(ended);
  };

  try {
    const ports: number[] = [];
    for (const { port, hostname } of options.ports) {
      ports.push(await listen(mappedServer(hostname), port, options.host));
    }
    const ownPort = await listen(ownServer(), options.ownPort, options.host);
    let tlsPort: number | undefined;
    if (options.tls !== undefined) {
      const { key, cert, port } = options.tls;
      const server = add(https.createServer({ key, cert }, handle("https"))).on("upgrade", upgrade("https"));
      tlsPort = await listen(server, port, options.host);
    }

    const alsoAt = (host: string, port: number, newServer: () => http.Server, said?: string) => {
      if (closed) return;
      const server = newServer();
      server.once("error", (error: NodeJS.ErrnoException) => {
        servers.delete(server);
        // An address that is not there yet is what this waits for; anything else a person has to know of.
        const news = error.code !== "EADDRNOTAVAIL" && error.code !== said;
        if (news) log(`The edge cannot listen on ${host}:${port} yet: ${error.message}`);
        const timer = setTimeout(() => {
          retries.delete(timer);
          alsoAt(host, port, newServer, news ? error.code : said);
        }, LISTEN_RETRY_MS);
        retries.add(timer);
      });
      server.once("listening", () => log(`The edge listens on ${host}:${port} too.`));
      server.listen(port, host);
    };
    const listenAlso = (host: string) => {
      alsoAt(host, ownPort, ownServer);
      options.ports.forEach(({ hostname, forContainers }, i) => {
        if (forContainers) alsoAt(host, ports[i]!, () => mappedServer(hostname));
      });
    };

    return { addresses: { ports, ownPort, tlsPort }, listenAlso, close, connections: tunnels.connections };
  } catch (error) {
    await close();
    throw error;
  }
}
