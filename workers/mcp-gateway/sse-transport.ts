import type { FetchLike } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { EventSourceParserStream } from "eventsource-parser/stream";

/**
 * The client's side of HTTP+SSE (MCP 2024-11-05, "Transports"): one event stream for all that the server says, and a POST
 * for each thing said to it. The SDK's own does not do in Cloudflare's runtime: it is built on an event source that gets
 * every event twice there, because that runtime's `EventTarget` calls `onmessage` itself.
 */
export class SseTransport {
  onmessage: ((message: JSONRPCMessage) => void) | undefined;
  onerror: ((error: Error) => void) | undefined;
  readonly #url: URL;
  readonly #fetch: FetchLike;
  readonly #closing = new AbortController();
  #endpoint: URL | undefined;
  #version: string | undefined;

  /** @param fetch throws for an error status */
  constructor(url: URL, { fetch }: { fetch: FetchLike }) {
    this.#url = url;
    this.#fetch = fetch;
  }

  /** Opens the stream and waits for the address of the POSTs. */
  async start(): Promise<void> {
    const headers = { accept: "text/event-stream" };
    const response = await this.#fetch(this.#url, { headers, signal: this.#closing.signal });
    const location = response.headers.get("location");
    if (location) throw this.#failed(`Redirect to ${new URL(location, this.#url).origin} not followed`);
    if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await response.body?.cancel();
      throw this.#failed("No event stream");
    }
    const endpoint = Promise.withResolvers<void>();
    this.#read(response.body, endpoint.resolve).catch((error) => endpoint.reject(this.#failed(String(error))));
    await endpoint.promise;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#endpoint) throw new Error("Not started");
    const response = await this.#fetch(this.#endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(this.#version && { "mcp-protocol-version": this.#version }),
      },
      body: JSON.stringify(message),
      signal: this.#closing.signal,
    });
    await response.body?.cancel();
  }

  setProtocolVersion(version: string): void {
    this.#version = version;
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #read(body: ReadableStream<Uint8Array>, ready: () => void): Promise<void> {
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event = "message", data } of events) {
      if (event === "endpoint") {
        const endpoint = new URL(data, this.#url);
        // The credential goes there.
        if (endpoint.origin !== this.#url.origin) throw new Error("The endpoint is at another origin");
        this.#endpoint = endpoint;
        ready();
      } else if (event === "message") {
        this.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(data)));
      }
    }
  }

  #failed(words: string): Error {
    const error = new Error(words);
    if (!this.#closing.signal.aborted) this.onerror?.(error);
    return error;
  }
}
