import type { ServerConfig } from "./config.ts";

/** What the gateway can list of a server. */
export type ListKind = "tools" | "prompts" | "resources" | "resourceTemplates";

/** An entry of a list as the server gives it, unchanged. */
export type ListItem = { name: string; uri?: string; uriTemplate?: string; _meta?: Record<string, unknown> } & Record<
  string,
  unknown
>;

/** With what a server is spoken to for one request of a client. */
export interface ServerAccess {
  /** Headers that let the gateway in, e.g. `authorization`; never the client's own. */
  headers: Record<string, string>;
  /** W3C Trace Context of this request. */
  traceparent: string;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** A request of a client that is passed on. */
export interface ForwardedRequest {
  /** The JSON-RPC request, with the server's own names in it. */
  message: { jsonrpc: "2.0"; id: string | number; method: string; params?: Record<string, unknown> };
  /** Headers of the client's request that belong to MCP (`mcp-*`, `accept`), with the server's own names in them. */
  headers: Headers;
}

/** One MCP server behind the gateway, whatever version it speaks. */
export interface UpstreamServer {
  readonly config: ServerConfig;
  /**
   * All pages of a list.
   * @throws when the server does not answer in time, or not with MCP
   */
  list(kind: ListKind, access: ServerAccess): Promise<ListItem[]>;
  /**
   * Passes a request on and answers as the server does, JSON or an event stream, without collecting it first: progress,
   * input-required results and errors reach the client unchanged.
   * @throws when there is no answer
   */
  forward(request: ForwardedRequest, access: ServerAccess): Promise<Response>;
}
