import { randomUUID } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { IngressRule } from "../cloud/contracts.ts";
import { hostsFile } from "./hosts-file.ts";
import { matchIngress } from "./ingress.ts";
import { keepAlive, SILENCE_MS } from "./keep-alive.ts";
import { proxyToOrigin } from "./origin.ts";
import {
  ATTACH_PATH,
  ATTACH_PROTOCOL,
  CONNECTOR_ID_HEADER,
  CONNECTOR_VERSION_HEADER,
  CONTROL_HEADER,
  type Configuration,
  EDGE_HOSTNAME_HEADER,
  WINDOW_BYTES,
} from "./protocol.ts";

/** Why the connector gives up: another attempt would fail the same way. */
export class ConnectorRefusedError extends Error {}

export interface ConnectorOptions {
  token: string;
  /** `host:port` of the edge. */
  edge: string;
  /** Where plain-process containers are, see hostsFile. */
  hostsFile?: string | undefined;
  version: string;
  log(line: string): void;
}

export interface Connector {
  id: string;
  /** Whether it is attached and has its ingress rules. */
  ready(): boolean;
  /** Ends when stopped. @throws {ConnectorRefusedError} when the edge does not accept the tunnel. */
  run(): Promise<void>;
  /**
   * Tells the edge that it leaves, and serves what it is sent until the edge ends the connection.
   * @param graceMs how long that may take.
   */
  stop(graceMs: number): Promise<void>;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;

/** Makes a connector; it dials when `run` is called. */
export function createConnector(options: ConnectorOptions): Connector {
  const { token, edge, log } = options;
  const id = randomUUID();
  const resolve = hostsFile(options.hostsFile);
  const streams = new Set<ServerHttp2Stream>();
  const stopping = new AbortController();
  const leaving = once(stopping.signal, "abort");
  let session: ServerHttp2Session | undefined;
  let ingress: IngressRule[] | undefined;
  let refused: ConnectorRefusedError | undefined;

  const control = async (stream: ServerHttp2Stream, kind: string) => {
    let body = "";
    for await (const chunk of stream.setEncoding("utf8")) body += chunk;
    if (kind === "leave") {
      await leaving;
      if (stream.destroyed) return;
    } else if (kind === "released") {
      log(`The edge sends no more requests, ${streams.size} are running.`);
    } else if (kind === "terminate") {
      refused = new ConnectorRefusedError(body);
    } else {
      const configuration = JSON.parse(body) as Configuration;
      ingress = configuration.ingress;
      log(`Updated to new configuration, version ${configuration.version}, ${ingress.length} rules.`);
    }
    stream.respond({ ":status": 200 }, { endStream: true });
  };

  const serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const kind = headers[CONTROL_HEADER];
    if (typeof kind === "string") {
      control(stream, kind).catch((error: Error) => log(`Control message failed: ${error.message}`));
      return;
    }
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
    const hasBody = !stream.endAfterHeaders && headers[":protocol"] === undefined;
    if (hasBody) stream.additionalHeaders({ ":status": http2.constants.HTTP_STATUS_CONTINUE });
    const hostname = String(headers[EDGE_HOSTNAME_HEADER] ?? "");
    const path = new URL(headers[":path"] ?? "/", "http://origin").pathname;
    proxyToOrigin(stream, headers, { rule: matchIngress(ingress ?? [], hostname, path), resolve, log });
  };

  /** One attachment, until it ends. */
  const attachOnce = async () => {
    const socket = await dial(edge, token, id, options.version);
    if (stopping.signal.aborted) {
      socket.destroy();
      return;
    }
    const current = http2.performServerHandshake(socket, {
      settings: { enableConnectProtocol: true, initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 100_000 },
    });
    session = current;
    current.once("remoteSettings", () => current.setLocalWindowSize(WINDOW_BYTES));
    current.on("stream", serve);
    current.on("error", (error) => log(`Connection to the edge failed: ${error.message}`));
    const heartbeat = keepAlive(current, "the edge");
    await new Promise<void>((resolve) => current.once("close", resolve));
    clearInterval(heartbeat);
    session = undefined;
    ingress = undefined;
  };

  return {
    id,
    ready: () => session !== undefined && ingress !== undefined && !stopping.signal.aborted,

    async run() {
      for (let attempt = 0; !stopping.signal.aborted; attempt++) {
        try {
          const start = Date.now();
          await attachOnce();
          if (refused !== undefined) throw refused;
          if (stopping.signal.aborted) return;
          log("Disconnected from the edge.");
          if (Date.now() - start > LONGEST_RETRY_MS) attempt = 0;
        } catch (error) {
          if (error instanceof ConnectorRefusedError) throw error;
          log(`No connection to the edge at ${edge}: ${(error as Error).message}`);
        }
        const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS);
        await delay(longest * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
      }
    },

    async stop(graceMs) {
      stopping.abort();
      const current = session;
      if (current === undefined || current.destroyed) return;
      const ended = new Promise<void>((resolve) => current.once("close", resolve));
      await Promise.race([ended, delay(graceMs, undefined, { ref: false })]);
      if (current.destroyed) return;
      log(`The edge did not end the connection within ${graceMs / 1000} s: it is cut, with ${streams.size} requests.`);
      current.destroy();
    },
  };
}

function dial(edge: string, token: string, id: string, version: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const request = http.request(`http://${edge}${ATTACH_PATH}`, {
      agent: false,
      timeout: SILENCE_MS,
      headers: {
        connection: "Upgrade",
        upgrade: ATTACH_PROTOCOL,
        authorization: `Bearer ${token}`,
        [CONNECTOR_ID_HEADER]: id,
        [CONNECTOR_VERSION_HEADER]: version,
      },
    });
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.once("error", reject);
    request.once("upgrade", (_response, socket, head) => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once("response", (response) => {
      response.resume();
      if (response.statusCode === 401) {
        const why =
          "Unauthorized: the edge does not accept the tunnel token. Check TUNNEL_TOKEN, or whether the tunnel was deleted.";
        reject(new ConnectorRefusedError(why));
      } else reject(new Error(`the edge answered ${response.statusCode}`));
    });
    request.end();
  });
}
