import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createMcpHandler, type McpServer } from "@modelcontextprotocol/server";

/** A server of MCP 2026-07-28 as a test makes it, on a free port of 127.0.0.1. */
export interface ModernFixture {
  url: string;
  /** Headers of every request, oldest first. */
  seen: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** @param make makes the server of one request */
export async function serveModern(make: () => McpServer): Promise<ModernFixture> {
  const seen: IncomingHttpHeaders[] = [];
  const handler = createMcpHandler(make, { legacy: "reject" });
  const server = createServer(async (incoming, outgoing) => {
    seen.push(incoming.headers);
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = new Request(`http://127.0.0.1${incoming.url}`, {
      method: incoming.method!,
      headers: incoming.headers as Record<string, string>,
      ...(incoming.method === "POST" && { body: Buffer.concat(chunks) }),
      signal: gone.signal,
    });
    const response = await handler.fetch(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body) await pipeline(Readable.fromWeb(response.body as never), outgoing).catch(() => undefined);
    else outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
