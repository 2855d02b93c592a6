import { createServer, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createFirecrawlStandIn } from "../../local/standins/firecrawl/stand-in.ts";

/**
 * Takes the place of each of a Firecrawl engine's images: with PORT 3002 it is the API, by the stand-in of Firecrawl, with 3000
 * the browser's health, without one it is a part that nobody asks anything. It writes a line for each call of its API, with
 * the names of the headers that came along.
 */

const { PORT } = process.env;
const KEY = "fc-of-the-stand-in";
const origin = `firecrawl-engine:${PORT}`;
const { handler } = createFirecrawlStandIn({
  keys: [{ key: KEY }],
  allowedHosts: [origin],
  log: (line) => process.stderr.write(`${line}\n`),
});

async function answer(incoming: IncomingMessage): Promise<Response> {
  const path = incoming.url ?? "/";
  if (path === "/health" || path === "/v0/health/liveness") return Response.json({ status: "ok" });
  if (path.startsWith("/v2/")) {
    const headers = Object.keys(incoming.headers).sort();
    process.stdout.write(`${JSON.stringify({ asked: `${incoming.method} ${path}`, headers })}\n`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = { "content-type": incoming.headers["content-type"] ?? "", authorization: `Bearer ${KEY}` };
  const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
  return handler(new Request(`http://${origin}/firecrawl${path}`, { method: incoming.method!, headers, ...body }));
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
if (PORT) {
  createServer(async (incoming, outgoing) => {
    const response = await answer(incoming);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body) await pipeline(Readable.fromWeb(response.body as never), outgoing);
    else outgoing.end();
  }).listen(Number(PORT));
} else {
  // Nothing but a process that stays until it is told to go.
  setInterval(() => {}, 60_000);
}
