import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as the fake engine got it. */
export interface EngineRequest {
  method: string;
  /** Path and query. */
  url: string;
  body: string;
}

/** An answer: a status with JSON, or the lines of a progress stream, which may stay open; undefined: never answers. */
export type EngineAnswer = { status?: number; json?: unknown; lines?: object[]; open?: boolean } | undefined;

/**
 * For tests: a server on a unix socket that speaks as much of the Docker Engine API as the test gives it. `/_ping` and
 * `/version` (20.10.24) are answered by itself.
 */
export async function fakeEngine(
  socket: string,
  answer: (request: EngineRequest) => EngineAnswer = () => ({ status: 404, json: { message: "not found" } }),
): Promise<{ requests: EngineRequest[]; close(): Promise<void> }> {
  const requests: EngineRequest[] = [];
  const server = createServer(async (message: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const request = { method: message.method!, url: message.url!, body: Buffer.concat(chunks).toString() };
    if (request.url === "/_ping") return void response.end("OK");
    if (request.url === "/version") return void response.end(JSON.stringify({ Version: "20.10.24" }));
    requests.push(request);
    const found = answer(request);
    if (found === undefined) return;
    response.writeHead(found.status ?? 200, { "content-type": "application/json" });
    for (const line of found.lines ?? []) response.write(`${JSON.stringify(line)}\r\n`);
    if (!found.open) response.end(found.lines ? "" : JSON.stringify(found.json));
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
