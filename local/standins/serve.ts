import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Handler } from "./faults.ts";

export interface ServeStandInsOptions {
  /** Address to listen on, e.g. `127.0.0.1`; never one that means every address. */
  host: string;
  /** TCP port; 0 takes a free one. */
  port: number;
  /** Each answers below `/<name>/` and sees the URL as the client dialled it, `/<name>` included. */
  standIns: Record<string, Handler>;
  /** Milliseconds between two tries of `listenAlso`; default 1000. */
  retryMs?: number;
}

export interface StandInServer {
  /** The port of every address. */
  port: number;
  /** `http://<host>:<port>` */
  origin: string;
  /**
   * Listens on one more address with the same port, as soon as that can be bound: a Docker bridge appears only when
   * the engine starts. Tries quietly until then.
   * @returns when it listens, or when the server is closed before that
   * @throws {Error} for an address that means every one
   */
  listenAlso(host: string): Promise<void>;
  /** Stops listening everywhere and ends open connections, hanging ones too. */
  close(): Promise<void>;
}

/**
 * Serves stand-ins of outside APIs, each below its own name.
 * @throws {Error} when the address cannot be bound
 */
export async function serveStandIns(options: ServeStandInsOptions): Promise<StandInServer> {
  const standIns = new Map(Object.entries(options.standIns));
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    handle(standIns, incoming, outgoing).catch(() => outgoing.destroy());
  };
  const servers: Server[] = [await listen(answer, options.host, options.port)];
  const port = (servers[0]!.address() as AddressInfo).port;
  const closing = new AbortController();
  const extra = new Map<string, Promise<void>>();

  const listenUntilBound = async (host: string) => {
    while (!closing.signal.aborted) {
      const server = await listen(answer, host, port).catch(() => undefined);
      if (server && closing.signal.aborted) return end(server);
      if (server) {
        servers.push(server);
        return;
      }
      await sleep(options.retryMs ?? 1000, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    port,
    origin: `http://${authority(options.host, port)}`,
    async listenAlso(host) {
      refuseWildcard(host);
      if (host === options.host) return;
      const listening = extra.get(host) ?? listenUntilBound(host);
      extra.set(host, listening);
      await listening;
    },
    async close() {
      closing.abort();
      await Promise.all([...servers.map(end), ...extra.values()]);
    },
  };
}

function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function refuseWildcard(host: string): void {
  if (["", "0.0.0.0", "::"].includes(host)) {
    throw new Error(
      `The stand-ins must listen on one address, not on every one ("${host}"): give a host such as 127.0.0.1.`,
    );
  }
}

async function listen(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  host: string,
  port: number,
): Promise<Server> {
  refuseWildcard(host);
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return server;
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(
  standIns: Map<string, Handler>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const dialled = `http://${incoming.headers.host}${incoming.url}`;
  const name = URL.canParse(dialled) ? new URL(dialled).pathname.split("/")[1] : undefined;
  const standIn = name === undefined ? undefined : standIns.get(name);
  if (!standIn) {
    const known = [...standIns.keys()].map((each) => `/${each}/`).join(", ");
    return send(
      Response.json({ message: `No stand-in is served here; there are ${known}.` }, { status: 404 }),
      outgoing,
    );
  }
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const response = await standIn(toRequest(dialled, incoming, gone.signal));
  if (!gone.signal.aborted) await send(response, outgoing);
}

function toRequest(url: string, incoming: IncomingMessage, signal: AbortSignal): Request {
  const method = incoming.method ?? "GET";
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at]!, incoming.rawHeaders[at + 1]!);
  }
  const bodiless = method === "GET" || method === "HEAD";
  return new Request(url, {
    method,
    headers,
    signal,
    ...(bodiless ? {} : { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: "half" }),
  });
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  if (!response.body) {
    outgoing.end();
    return;
  }
  await pipeline(Readable.fromWeb(response.body), outgoing);
}
