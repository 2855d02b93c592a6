import { type Answer, event, type Notification, ServerFailure } from "./legacy-connection.ts";
import { MODERN } from "./speaks-modern.ts";
import type { ForwardedRequest } from "./upstream-server.ts";

/** Bytes of events that wait for a client which does not read. */
const WAITING_BYTES = 65_536;

/**
 * Milliseconds between two signs of life in a stream that is silent otherwise: proxies keep it open, and a client that has
 * gone is noticed, which Cloudflare's runtime does when it writes.
 */
const KEEP_ALIVE_MS = 15_000;

const INTERNAL_ERROR = -32603;

/**
 * The answer to one request, in the version of the client: a JSON body, or an event stream if the server notifies before
 * it answers.
 */
export class Exchange {
  /** Rejected with why there is no answer. */
  readonly response: Promise<Response>;
  /** Resolved when the client stops reading. */
  readonly hungUp: Promise<void>;
  readonly #request: ForwardedRequest;
  readonly #title: string;
  readonly #modern: boolean;
  readonly #response = Promise.withResolvers<Response>();
  readonly #hungUp = Promise.withResolvers<void>();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  constructor(request: ForwardedRequest, title: string) {
    this.#request = request;
    this.#title = title;
    // Versions are dates.
    this.#modern = (request.headers.get("mcp-protocol-version") ?? "") >= MODERN;
    this.response = this.#response.promise;
    this.hungUp = this.#hungUp.promise;
  }

  /** Hands a notification on. */
  pass(notification: Notification): void {
    if (!this.#isForClient(notification)) return;
    const stream = this.#stream ?? this.#openStream();
    // Progress is worth nothing to a client that does not read, and must not fill the memory.
    if ((stream.desiredSize ?? 0) > 0) stream.enqueue(event(notification));
  }

  /** Ends with what the server answered. */
  answer(answer: Answer, serverInfo: unknown): void {
    const { id, method } = this.#request.message;
    const message = { jsonrpc: "2.0", id, ...(this.#modern ? modernAnswer(answer, method, serverInfo) : answer) };
    if (this.#stream) this.#end(message);
    else this.#response.resolve(Response.json(message));
  }

  /** Ends without an answer of the server. */
  fail(error: unknown): void {
    const message = error instanceof ServerFailure ? error.message : `${this.#title} did not answer.`;
    if (!this.#stream) this.#response.reject(error);
    else this.#end({ jsonrpc: "2.0", id: this.#request.message.id, error: { code: INTERNAL_ERROR, message } });
  }

  #isForClient({ method }: Notification): boolean {
    const { message, headers } = this.#request;
    if (!headers.get("accept")?.includes("text/event-stream")) return false;
    if (method === "notifications/progress") return true;
    // A client of MCP 2026-07-28 says with each request whether it wants the log.
    const meta = message.params?._meta as Record<string, unknown> | undefined;
    return method === "notifications/message" && (!this.#modern || !!meta?.["io.modelcontextprotocol/logLevel"]);
  }

  #openStream(): ReadableStreamDefaultController<Uint8Array> {
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          stream = controller;
        },
        cancel: () => {
          clearInterval(this.#keepAlive);
          this.#hungUp.resolve();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES }),
    );
    this.#stream = stream!;
    const comment = new TextEncoder().encode(": keep-alive\n\n");
    this.#keepAlive = setInterval(() => stream!.enqueue(comment), KEEP_ALIVE_MS);
    const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
    this.#response.resolve(new Response(body, { headers }));
    return stream!;
  }

  #end(message: object): void {
    clearInterval(this.#keepAlive);
    try {
      this.#stream!.enqueue(event(message));
      this.#stream!.close();
    } catch {
      // The client has gone; there is nobody to tell.
    }
  }
}

/** What MCP 2026-07-28 asks of answers besides ("Results", "Caching", "Resources: Error Handling"). */
function modernAnswer(answer: Answer, method: string, serverInfo: unknown): Answer {
  if ("error" in answer) {
    const { error } = answer;
    return { error: { ...error, code: error.code === -32002 ? -32602 : error.code } };
  }
  const _meta = { "io.modelcontextprotocol/serverInfo": serverInfo, ...(answer.result._meta as object | undefined) };
  const caching = method === "resources/read" && { ttlMs: 0, cacheScope: "private" };
  return { result: { ...caching, ...answer.result, _meta, resultType: "complete" } };
}
