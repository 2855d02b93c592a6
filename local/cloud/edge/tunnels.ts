import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { keepAlive } from "../../connector/keep-alive.ts";
import {
  ATTACH_PROTOCOL,
  CONNECTOR_ID_HEADER,
  CONNECTOR_VERSION_HEADER,
  CONTROL_HEADER,
  type Configuration,
  type ControlMessage,
  readToken,
  WINDOW_BYTES,
} from "../../connector/protocol.ts";
import type { EdgeDirectory, Tunnel, TunnelConnections } from "../contracts.ts";

/** The connectors that are attached to this edge, by tunnel. */
export interface Tunnels extends TunnelConnections {
  /** Answers a connector's attach request and keeps its connection. */
  attach(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Opens a stream to one of the tunnel's connectors, by turns.
   * @param asked the connectors that are out of the question; the one that it is opened to is added.
   * @returns undefined when no other is connected.
   */
  open(
    tunnelId: string,
    headers: OutgoingHttpHeaders,
    endStream: boolean,
    asked: Set<ClientHttp2Session>,
  ): ClientHttp2Stream | undefined;
  /** Ends all connections. */
  close(): void;
}

interface Connection {
  id: string;
  tunnelId: string;
  openedAt: string;
  clientVersion: string;
  session: ClientHttp2Session;
  /** Requests that are not over. */
  requests: Set<ClientHttp2Stream>;
  /** It has its rules, so requests may go to it. */
  ready: boolean;
  /** It gets no new requests. */
  leaving: boolean;
}

/** Makes the register of connectors. */
export function createTunnels(directory: EdgeDirectory, log: (line: string) => void): Tunnels {
  const connections = new Set<Connection>();
  let turn = 0;
  let closed = false;

  const send = (connection: Connection, kind: ControlMessage, body: string) =>
    new Promise<void>((resolve, reject) => {
      const stream = connection.session.request({ ":method": "POST", ":path": "/", [CONTROL_HEADER]: kind });
      stream.once("response", () => resolve());
      stream.once("error", reject);
      stream.once("close", () => reject(new Error("the connector is gone")));
      stream.resume();
      stream.end(body);
    });

  /** Gives a connector no more requests, tells it so, and ends its connection when those that it has are over. */
  const release = async (connection: Connection, kind: "released" | "terminate", body: string) => {
    connection.leaving = true;
    await send(connection, kind, body);
    const over = [...connection.requests].map((stream) => new Promise((resolve) => stream.once("close", resolve)));
    await Promise.all(over);
    connection.session.destroy();
  };

  const releaseWhenItLeaves = async (connection: Connection) => {
    await send(connection, "leave", "");
    await release(connection, "released", "");
  };

  const configure = async (connection: Connection, tunnel: Tunnel) => {
    const configuration: Configuration = { version: tunnel.configVersion, ingress: tunnel.ingress };
    await send(connection, "configuration", JSON.stringify(configuration));
    connection.ready = true;
  };

  const update = async (connection: Connection) => {
    const tunnel = directory.tunnel(connection.tunnelId);
    if (tunnel !== undefined) {
      await configure(connection, tunnel);
      return;
    }
    await release(connection, "terminate", "The tunnel was deleted.");
  };

  directory.onTunnelChange((tunnelId) => {
    for (const connection of connections) {
      if (connection.tunnelId !== tunnelId) continue;
      update(connection).catch((error: Error) => log(`Connector ${connection.id}: ${error.message}`));
    }
  });

  return {
    attach(request, socket, head) {
      const tunnel = authenticate(directory, request.headers.authorization);
      if (tunnel === undefined || request.headers.upgrade !== ATTACH_PROTOCOL || closed) {
        const status = tunnel === undefined ? "401 Unauthorized" : "400 Bad Request";
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${ATTACH_PROTOCOL}\r\n\r\n`);
      if (head.length > 0) socket.unshift(head);
      // An HTTP/1.1 server's sockets stay open for writing when the peer ends; here that is the connector's end.
      socket.allowHalfOpen = false;
      const session = http2.connect("http://connector", {
        createConnection: () => socket,
        settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      });
      const connection: Connection = {
        id: String(request.headers[CONNECTOR_ID_HEADER] ?? ""),
        tunnelId: tunnel.id,
        openedAt: new Date().toISOString(),
        clientVersion: String(request.headers[CONNECTOR_VERSION_HEADER] ?? ""),
        session,
        requests: new Set(),
        ready: false,
        leaving: false,
      };
      connections.add(connection);
      const heartbeat = keepAlive(session, "the connector");
      session.once("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
      session.on("error", (error) => log(`Connector ${connection.id}: ${error.message}`));
      session.once("close", () => {
        clearInterval(heartbeat);
        connections.delete(connection);
        log(`Connector ${connection.id} of tunnel ${tunnel.id} disconnected.`);
      });
      // It may also go without leave.
      releaseWhenItLeaves(connection).catch(() => {});
      update(connection).then(
        () => log(`Connector ${connection.id} of tunnel ${tunnel.id} connected.`),
        (error: Error) => session.destroy(error),
      );
    },

    open(tunnelId, headers, endStream, asked) {
      const usable = [...connections].filter(
        (each) =>
          each.tunnelId === tunnelId && each.ready && !each.leaving && !each.session.closed && !asked.has(each.session),
      );
      turn++;
      for (let index = 0; index < usable.length; index++) {
        const { session, requests } = usable[(turn + index) % usable.length]!;
        try {
          const stream = session.request(headers, { endStream });
          asked.add(session);
          requests.add(stream);
          stream.once("close", () => requests.delete(stream));
          return stream;
        } catch {
          // It went away this moment: nothing was sent, another one takes the request.
        }
      }
      return undefined;
    },

    connections: (tunnelId) =>
      [...connections]
        .filter((each) => each.tunnelId === tunnelId && each.ready)
        .map(({ id, openedAt, clientVersion }) => ({ id, openedAt, clientVersion })),

    close() {
      closed = true;
      for (const { session } of connections) session.destroy();
    },
  };
}

function authenticate(directory: EdgeDirectory, authorization: string | undefined): Tunnel | undefined {
  const token = readToken(/^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "");
  if (token === undefined) return undefined;
  const tunnel = directory.tunnel(token.tunnelId);
  if (tunnel === undefined || tunnel.accountId !== token.accountId) return undefined;
  const given = Buffer.from(token.secret);
  const wanted = Buffer.from(tunnel.secret);
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? tunnel : undefined;
}
