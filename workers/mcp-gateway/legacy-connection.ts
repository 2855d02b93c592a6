import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { FetchLike } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { ServerConfig } from "./config.ts";
import { SseTransport } from "./sse-transport.ts";
import type { ServerAccess } from "./upstream-server.ts";

/** A server that gave no answer, or one that is not MCP; the message is for people and says nothing secret. */
export class ServerFailure extends Error {
  /** HTTP status of the server's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Value of its `Retry-After`. */
  readonly retryAfter: string | undefined;

  constructor(message: string, status?: number, retryAfter?: string) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** A server that is out of reach, does not answer in time or breaks off: whoever asks it next fares no better. */
export class ServerOutage extends ServerFailure {}

/** Most characters of a server's own words in a failure. */
const QUOTED = 200;

/** A server's own words, short and on one line: they are not the gateway's. */
export function quoted(words: string): string {
  const plain = words.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return JSON.stringify(plain.length > QUOTED ? `${plain.slice(0, QUOTED)}…` : plain);
}

/** What a server answered to one request, unchanged. */
export type Answer = { result: Record<string, unknown> } | { error: { code: number; message: string; data?: unknown } };

/** A notification of the server. */
export interface Notification {
  jsonrpc: "2.0";
  method: string;
  params?: Record<string, unknown>;
}

/** A line to a server over one of the transports before MCP 2026-07-28. */
export interface LegacyConnection {
  /**
   * Asks and waits.
   * @throws {ServerFailure} when there is no answer; the reason of the client's signal when that is aborted
   */
  request(method: string, params?: Record<string, unknown>): Promise<Answer>;
  /** @throws {ServerFailure} when the server does not take it */
  notify(method: string, params?: Record<string, unknown>): Promise<void>;
  /** Names the version in the header of later requests. */
  setProtocolVersion(version: string): void;
  /** Cancels what is not answered yet, ends the session at the server, and hangs up; it does not fail. */
  close(): Promise<void>;
}

interface Pending extends PromiseWithResolvers<Answer> {
  method: string;
  /** The server gave the answer's stream event ids: after a break it is resumed (Streamable HTTP, "Resumability"). */
  resumable: boolean;
}

/** Most bytes between two messages: they are kept in memory, of which a Worker has 128 MB. */
const MAX_BYTES = 10_000_000;

/** Longest wait for the goodbye, in milliseconds: a Worker ends 30 s after its answer. */
const GOODBYE_MS = 5_000;

/**
 * A client must not cancel its `initialize` (MCP 2025-11-25, "Cancellation"), and a server that knows `server/discover` asks
 * for no more than to hang up.
 */
const NEVER_CANCELLED = new Set(["initialize", "server/discover"]);

/** A server that sends this ends its own request, and nothing else. */
const STREAM_ENDED = "notifications/hybrid-mcp/stream-ended";

/**
 * Makes a line to a server with the transports of the v1 SDK. Nothing is sent before the first request. The v1 client
 * itself is not used: it checks results against schemas and drops what they do not name.
 * @param onNotification undefined: notifications are dropped
 * @param headers go with every request, besides those of `access`
 */
export function connectLegacy(
  config: ServerConfig,
  access: ServerAccess,
  onNotification?: (notification: Notification) => void,
  headers: Record<string, string> = {},
): LegacyConnection {
  const { title } = config;
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let bytes = 0;
  let started: Promise<void> | undefined;

  // Rejects for what is wrong with the whole line.
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  const fail = (reason: unknown, id?: number) => {
    if (id === undefined) broken.reject(reason);
    else pending.get(id)?.reject(reason);
  };
  const goneAway = () => fail(access.signal.reason);
  if (access.signal.aborted) goneAway();
  access.signal.addEventListener("abort", goneAway);

  const ask: FetchLike = async (url, init = {}) => {
    const sent = new Headers(init.headers);
    for (const [name, value] of Object.entries({ ...headers, ...access.headers })) sent.set(name, value);
    sent.set("traceparent", access.traceparent);
    const id = requestId(init.body);
    const resumes = sent.has("last-event-id");
    const failed = (failure: ServerFailure) => {
      fail(failure, id);
      return failure;
    };
    // What belongs to a conversation comes with the answers to requests: a stream for the rest would be one more
    // request and connection for each call.
    if (transport instanceof StreamableHTTPClientTransport && init.method === "GET" && !resumes) {
      return new Response(null, { status: 405 });
    }
    const { method = "GET", body = null, signal = null, redirect = "manual" } = init;
    let response: Response;
    try {
      response = await fetch(url, { method, headers: sent, body, signal, redirect });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw failed(new ServerOutage(`${title} cannot be reached.`));
    }
    if (response.status < 400 || method === "DELETE") return watched(response, id, resumes);
    const text = await readShort(response);
    // Some servers give a JSON-RPC error an HTTP status of its own: it is the answer all the same.
    if (id !== undefined && isErrorAnswer(text, id)) {
      return new Response(text, { headers: { "content-type": "application/json" } });
    }
    const retryAfter = response.headers.get("retry-after") ?? undefined;
    throw failed(new ServerFailure(`${title} answered with HTTP ${response.status}.`, response.status, retryAfter));
  };

  /** Tells when a body breaks off, ends too early or is too large, which the transports do not. */
  const watched = (response: Response, id: number | undefined, resumes: boolean): Response => {
    if (!response.body || response.status >= 300) return response;
    const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    let unwanted = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (unwanted) return;
          bytes += value?.byteLength ?? 0;
          if (bytes > MAX_BYTES) {
            reader.cancel().catch(() => undefined);
            throw new ServerFailure(`${title} sent more than ${MAX_BYTES / 1_000_000} MB at once.`);
          }
          if (!done) return controller.enqueue(value);
          // In line behind the messages, so that the last one is seen before the end.
          if (isStream && !resumes) controller.enqueue(event({ jsonrpc: "2.0", method: STREAM_ENDED, params: { id } }));
          controller.close();
        } catch (error) {
          if (unwanted) return;
          if (error instanceof ServerFailure) fail(error, id);
          else if (id === undefined || !pending.get(id)?.resumable) fail(brokeOff(), id);
          controller.error(error);
        }
      },
      cancel(reason) {
        unwanted = true;
        return reader.cancel(reason);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };

  const brokeOff = () => new ServerOutage(`${title} broke off before it answered.`);

  const url = new URL(config.url);
  const transport =
    config.transport === "sse"
      ? new SseTransport(url, { fetch: ask })
      : new StreamableHTTPClientTransport(url, { fetch: ask });
  const send = (message: JSONRPCMessage, options?: { onresumptiontoken(): void }) =>
    transport instanceof StreamableHTTPClientTransport ? transport.send(message, options) : transport.send(message);

  transport.onmessage = (message: JSONRPCMessage) => {
    if ("method" in message && "id" in message) {
      const { id, method } = message;
      // Asking back needs a session with the client, which a stateless gateway does not have. It says so at the
      // beginning (no capabilities), so well-behaved servers ask for nothing but a sign of life.
      const unsupported = { code: -32601, message: `The gateway does not pass ${method} on to clients.` };
      const answer = method === "ping" ? { result: {} } : { error: unsupported };
      send({ jsonrpc: "2.0", id, ...answer }).catch(() => undefined);
    } else if ("method" in message) {
      if (message.method === STREAM_ENDED) {
        const id = message.params?.id as number | undefined;
        if (id === undefined || !pending.get(id)?.resumable) fail(brokeOff(), id);
        return;
      }
      if (!onNotification) return;
      bytes = 0;
      onNotification(message as Notification);
    } else if (typeof message.id === "number") {
      pending.get(message.id)?.resolve("result" in message ? { result: message.result } : { error: message.error });
    }
  };
  transport.onerror = (error) => {
    const redirect = error.message.includes("Redirect to ") ? ": it redirects, and is not followed" : "";
    const failure = new ServerFailure(`${title} did not answer with MCP${redirect}.`);
    if (transport instanceof SseTransport) fail(failure);
    for (const [id, { resumable }] of pending) if (!resumable) fail(failure, id);
  };

  const within = async <T>(work: Promise<T>): Promise<T> => Promise.race([work, broken.promise]);
  const start = () => {
    started ??= transport.start();
    return within(started);
  };

  return {
    async request(method, params) {
      await start();
      lastId += 1;
      const id = lastId;
      const answer: Pending = { ...Promise.withResolvers<Answer>(), method, resumable: false };
      answer.promise.catch(() => undefined);
      pending.set(id, answer);
      const onresumptiontoken = () => {
        answer.resumable = true;
      };
      // A failure is told by `ask` and `onerror`, with more words than the transport has.
      send({ jsonrpc: "2.0", id, method, ...(params && { params }) }, { onresumptiontoken }).catch(() => undefined);
      try {
        return await within(answer.promise);
      } finally {
        // What the client gave up is still to be cancelled.
        if (!access.signal.aborted) pending.delete(id);
      }
    },

    async notify(method, params) {
      await start();
      await within(send({ jsonrpc: "2.0", method, ...(params && { params }) }));
    },

    setProtocolVersion: (version) => transport.setProtocolVersion(version),

    async close() {
      access.signal.removeEventListener("abort", goneAway);
      const cancelled = [...pending].filter(([, { method }]) => !NEVER_CANCELLED.has(method)).map(([id]) => id);
      fail(new ServerFailure(`The line to ${title} is closed.`));
      const goodbye = async () => {
        const reason = "The client went away.";
        await Promise.all(
          cancelled.map((requestId) =>
            send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId, reason } }),
          ),
        );
        if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
      };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, GOODBYE_MS);
      });
      await Promise.race([goodbye().catch(() => undefined), enough]);
      clearTimeout(timer);
      await transport.close();
    },
  };
}

/** Id of the request in a body that a transport wrote from what `request` gave it. */
function requestId(body: RequestInit["body"]): number | undefined {
  const [, id] = (typeof body === "string" && /^\{"jsonrpc":"2\.0","id":(\d+),"method":/.exec(body)) || [];
  return id === undefined ? undefined : Number(id);
}

/** Characters of an error's body that are looked at. */
const ERROR_CHARACTERS = 65_536;

/** Reads the beginning of a JSON body; another type is no answer, whatever it says. */
async function readShort(response: Response): Promise<string> {
  const isJson = response.headers.get("content-type")?.includes("json");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    while (isJson && reader && text.length < ERROR_CHARACTERS) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
    }
    await reader?.cancel();
  } catch {
    // A body that breaks off says no more than its status.
  }
  return text;
}

function isErrorAnswer(text: string, id: number): boolean {
  try {
    const answer = JSON.parse(text) as { id?: unknown; error?: { code?: unknown } };
    return answer.id === id && typeof answer.error?.code === "number";
  } catch {
    return false;
  }
}

/** A message as an event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function event(message: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}
