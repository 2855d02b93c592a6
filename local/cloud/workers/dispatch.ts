import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { agentFor } from "../../connector/agents.ts";

/** The Worker threw, or its workerd went away, before it answered; Cloudflare's error 1101. */
export class WorkerThrewError extends Error {}

/** Headers of one connection, not of the message (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Sends a request to a workerd. The Worker sees the request's URL and Host as they are; bodies stream both ways; when
 * the request is aborted or the response's body cancelled, the Worker is told at once.
 * @param port the workerd's loopback port.
 * @param onEnd called once when nothing of the request is under way any more.
 * @throws {WorkerThrewError} when the Worker threw.
 */
export function dispatchTo(port: number, request: Request, onEnd: () => void): Promise<Response> {
  const headers: string[] = [];
  for (const [name, value] of request.headers) {
    if (!HOP_BY_HOP.has(name)) headers.push(name, value);
  }
  const url = new URL(request.url);
  if (!request.headers.has("host")) headers.push("host", url.host);
  url.hash = "";
  return new Promise((resolve, reject) => {
    // With the whole URL in the request line, workerd takes scheme and host from it and leaves the Host header alone.
    const agent = agentFor("http:", request.body !== null, request.headers.get("content-length"));
    const outgoing = httpRequest({ agent, host: "127.0.0.1", port, method: request.method, path: url.href, headers });
    // workerd notices a reset while it waits, but not a plain end of the connection.
    let over = false;
    const cut = () => {
      // Once over, the socket may be another request's.
      if (over) return;
      if (outgoing.socket === null) outgoing.destroy();
      else outgoing.socket.resetAndDestroy();
    };
    request.signal.addEventListener("abort", cut, { once: true });
    outgoing.once("close", () => {
      over = true;
      request.signal.removeEventListener("abort", cut);
      onEnd();
    });
    outgoing.once("error", (error) => {
      reject(request.signal.aborted ? request.signal.reason : new WorkerThrewError(`No answer: ${error.message}`));
    });
    outgoing.once("response", (incoming) => {
      if (incoming.headers["local-cloud-worker-threw"] === undefined) {
        resolve(responseOf(incoming, request.method, cut));
        return;
      }
      readAll(incoming).then((message) => reject(new WorkerThrewError(message)), reject);
    });
    if (request.body === null) {
      outgoing.end();
    } else {
      const body = Readable.fromWeb(request.body as NodeReadableStream).on("error", cut);
      body.pipe(outgoing);
      // A client that is still sending when it has its answer gets rid of the rest.
      outgoing.once("close", () => body.resume());
    }
    if (request.signal.aborted) cut();
  });
}

function responseOf(incoming: IncomingMessage, method: string, cut: () => void): Response {
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    const name = incoming.rawHeaders[index] ?? "";
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, incoming.rawHeaders[index + 1] ?? "");
  }
  const status = incoming.statusCode ?? 502;
  const init = { status, statusText: incoming.statusMessage ?? "", headers };
  if (method === "HEAD" || status === 204 || status === 205 || status === 304) {
    incoming.resume();
    return new Response(null, init);
  }
  const chunks = incoming[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel: cut,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, init);
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
  return text;
}
