import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { WorkersRuntime } from "../contracts.ts";
import { CLOUDFLARE_ERRORS, type CloudflareError } from "./cloudflare-error.ts";

/** A request on its way to a Worker. */
export interface WorkerRequest {
  script: string;
  /** What the Worker sees as `request.url`. */
  url: URL;
  request: IncomingMessage;
  /** Raw headers to send: name, value, name, value … */
  headers: string[];
}

/** Hands a request to a Worker and its answer back, streaming both ways; ends the call when the client goes away. */
export async function proxyToWorker(
  runtime: WorkersRuntime,
  { script, url, request, headers }: WorkerRequest,
  response: ServerResponse,
  fail: (error: CloudflareError) => void,
  log: (line: string) => void,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("The client went away."));
  });
  try {
    const answer = await runtime.dispatch(script, webRequest(url, request, headers, gone.signal));
    const answerHeaders: string[] = [];
    for (const [name, value] of answer.headers) answerHeaders.push(name, value);
    response.writeHead(answer.status, answer.statusText, answerHeaders);
    response.flushHeaders();
    if (answer.body === null) response.end();
    else await pipeline(Readable.fromWeb(answer.body as NodeReadableStream), response);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    log(`${script}: ${(error as Error).message}`);
    fail(CLOUDFLARE_ERRORS.workerThrew);
  }
}

function webRequest(url: URL, request: IncomingMessage, raw: string[], signal: AbortSignal): Request {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  const method = request.method ?? "GET";
  const hasBody =
    method !== "GET" &&
    method !== "HEAD" &&
    (request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined);
  const body = hasBody ? (Readable.toWeb(request) as ReadableStream<Uint8Array>) : null;
  return new Request(url, { method, headers, body, signal, ...(hasBody ? { duplex: "half" } : {}) });
}
