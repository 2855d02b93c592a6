import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { WorkersRuntime } from "../cloud/contracts.ts";
import { forwardedHeaders, newRay } from "../cloud/edge/request-headers.ts";
import { proxyToWorker } from "../cloud/edge/worker-proxy.ts";

/** Listens where clients dial. */
export interface Front {
  /** Answers from now on; what came before has waited. */
  open(runtime: WorkersRuntime): void;
  close(): Promise<void>;
}

export interface FrontOptions {
  /** Loopback port. */
  port: number;
  /** Names the script that answers a path. */
  scriptFor(pathname: string): string;
  log(line: string): void;
}

/**
 * A small HTTP server before the Workers, so that no request meets a closed port while one of them is replaced.
 *
 * @throws {Error} with code `EADDRINUSE` when the port is taken
 */
export async function createFront({ port, scriptFor, log }: FrontOptions): Promise<Front> {
  const opened = Promise.withResolvers<WorkersRuntime>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    // The origin that tokens and metadata name, also for a client that dials 127.0.0.1.
    const url = URL.parse(request.url ?? "", `http://localhost:${port}`);
    if (url?.host !== `localhost:${port}`) {
      response.writeHead(400).end("Bad Request\n");
      return;
    }
    const script = scriptFor(url.pathname);
    const headers = forwardedHeaders(request, "http", newRay());
    const fail = ({ status, body }: { status: number; body: string }) => response.writeHead(status).end(`${body}\n`);
    await proxyToWorker(await opened.promise, { script, url, request, headers }, response, fail, log);
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    open: opened.resolve,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
