import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Answers one request; what Hono, Workers and Miniflare call a fetch handler. */
export type Handler = (request: Request) => Promise<Response> | Response;

/** A server that listens. */
export interface Server {
  port: number;
  /** Stops listening and ends every connection, running requests too. */
  close(): Promise<void>;
}

/**
 * Serves a fetch handler over HTTP/1.1, bodies streamed both ways. A client that goes away aborts `request.signal`.
 * @param where `port` 0 takes a free one
 * @throws if the address is in use; the error names it
 */
export async function serve(handler: Handler, where: { host: string; port: number }): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void answer(handler, incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where.port, where.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  const request = toRequest(incoming, gone.signal);
  if (!request) {
    outgoing.writeHead(400, { "content-type": "text/plain" }).end("Bad Request\n");
    return;
  }
  let response: Response;
  try {
    response = await handler(request);
  } catch (error) {
    console.error(`${request.method} ${new URL(request.url).pathname} failed: ${(error as Error).message}`);
    response = new Response("Internal Server Error\n", { status: 500 });
  }
  await send(response, incoming, outgoing);
  // A client reads the answer when it has sent its upload: what the handler did not want of it is thrown away, not cut off.
  if (!incoming.complete) incoming.removeAllListeners("data").resume();
}

/** @returns undefined for a request that the Fetch API cannot express (CONNECT, TRACE, a Host that is none) */
function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] as string, incoming.rawHeaders[i + 1] as string);
  }
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  try {
    return new Request(`http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: "half" } : {}),
    });
  } catch {
    return undefined;
  }
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const headers: [string, string | string[]][] = [...response.headers].filter(([name]) => name !== "set-cookie");
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers.push(["set-cookie", cookies]);
  for (const [name, value] of headers) outgoing.setHeader(name, value);
  outgoing.writeHead(response.status, response.statusText || undefined);
  if (!response.body || incoming.method === "HEAD") {
    outgoing.end();
    await response.body?.cancel();
    return;
  }
  outgoing.flushHeaders();
  try {
    await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing);
  } catch {
    // Either side broke off; pipeline has ended both, which is all that HTTP/1.1 can still say.
    outgoing.destroy();
  }
}
