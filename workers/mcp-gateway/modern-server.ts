import {
  Client,
  type DiscoverResult,
  ProtocolError,
  ProtocolErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from "@modelcontextprotocol/server";
import type { ServerConfig } from "./config.ts";
import { ServerFailure, ServerOutage } from "./legacy-connection.ts";
import { CLIENT_INFO } from "./legacy-session.ts";
import { MODERN as VERSION } from "./speaks-modern.ts";
import type { ForwardedRequest, ListItem, ListKind, ServerAccess, UpstreamServer } from "./upstream-server.ts";

/** Largest answer to a request for a list, in bytes. */
const MAX_LIST_BYTES = 4_000_000;
/** Most pages of a list. */
const MAX_PAGES = 50;

/** Taken for what a server offers instead of asking it: one request for a list, not two; it says itself what it lacks. */
const OFFER = {
  supportedVersions: [VERSION],
  capabilities: { tools: {}, prompts: {}, resources: {} },
} as unknown as DiscoverResult;

/** A server that speaks MCP 2026-07-28 over Streamable HTTP; each request stands alone. */
export class ModernServer implements UpstreamServer {
  readonly config: ServerConfig;

  constructor(config: ServerConfig) {
    this.config = config;
  }

  async list(kind: ListKind, access: ServerAccess): Promise<ListItem[]> {
    const { title, url } = this.config;
    // A client for each request: what one holds belongs to the person who made it.
    const client = new Client(CLIENT_INFO, { listMaxPages: MAX_PAGES });
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      fetch: (input, init) => limited(title, input, { ...init, redirect: "manual" }),
      requestInit: { headers: { ...access.headers, traceparent: access.traceparent } },
    });
    try {
      await client.connect(transport, { prior: { kind: "modern", discover: OFFER } });
      return await listed(client, kind, { signal: access.signal });
    } catch (error) {
      throw access.signal.aborted ? error : failureOf(title, error);
    } finally {
      await client.close();
    }
  }

  async forward({ message, headers }: ForwardedRequest, access: ServerAccess): Promise<Response> {
    const sent = new Headers(headers);
    sent.set("content-type", "application/json");
    for (const [name, value] of Object.entries(access.headers)) sent.set(name, value);
    sent.set("traceparent", access.traceparent);
    // A service of the platform serves both; another server may know the newer version only.
    const asked = this.config.auth.kind === "service" ? message : inModernEnvelope(message, sent);
    try {
      return await fetch(this.config.url, {
        method: "POST",
        headers: sent,
        body: JSON.stringify(asked),
        redirect: "manual",
        signal: access.signal,
      });
    } catch (error) {
      if (access.signal.aborted) throw error;
      throw new ServerOutage(`${this.config.title} cannot be reached.`);
    }
  }
}

/** In words, why there is no list. */
function failureOf(title: string, error: unknown): ServerFailure {
  if (error instanceof ServerFailure) return error;
  if (error instanceof SdkHttpError)
    return new ServerFailure(`${title} answered with HTTP ${error.status}.`, error.status);
  if (error instanceof TypeError) return new ServerOutage(`${title} cannot be reached.`);
  return new ServerFailure(`${title} did not answer with MCP.`);
}

async function listed(client: Client, kind: ListKind, options: { signal: AbortSignal }): Promise<ListItem[]> {
  try {
    return await allPages(client, kind, options);
  } catch (error) {
    if (isMethodNotFound(error)) return [];
    throw error;
  }
}

/** A server without prompts, say, does not know the method: with HTTP 404 (MCP 2026-07-28, "Streamable HTTP"). */
function isMethodNotFound(error: unknown): boolean {
  if (error instanceof ProtocolError) return error.code === ProtocolErrorCode.MethodNotFound;
  return error instanceof SdkHttpError && error.status === 404 && /"code"\s*:\s*-32601\b/.test(String(error.data.text));
}

async function allPages(client: Client, kind: ListKind, options: { signal: AbortSignal }): Promise<ListItem[]> {
  switch (kind) {
    case "tools":
      return (await client.listTools(undefined, options)).tools as ListItem[];
    case "prompts":
      return (await client.listPrompts(undefined, options)).prompts as ListItem[];
    case "resources":
      return (await client.listResources(undefined, options)).resources as ListItem[];
    case "resourceTemplates":
      return (await client.listResourceTemplates(undefined, options)).resourceTemplates as ListItem[];
  }
}

/** Fetches, and breaks off an answer that is too large. */
async function limited(title: string, input: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  let bytes = 0;
  const counted = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > MAX_LIST_BYTES)
          controller.error(new ServerFailure(`${title} sent more than ${MAX_LIST_BYTES / 1_000_000} MB for a list.`));
        else controller.enqueue(chunk);
      },
    }),
  );
  return counted ? new Response(counted, response) : response;
}

/**
 * Puts a request of a client from before MCP 2026-07-28 into that version's envelope, as of a client that can be asked
 * nothing; the answer is one that an older client reads.
 */
function inModernEnvelope(message: ForwardedRequest["message"], headers: Headers): ForwardedRequest["message"] {
  const meta = (message.params?._meta ?? {}) as Record<string, unknown>;
  if (PROTOCOL_VERSION_META_KEY in meta) return message;
  headers.set("mcp-protocol-version", VERSION);
  headers.set("mcp-method", message.method);
  const name = message.params?.name ?? message.params?.uri;
  if (typeof name === "string" && message.method !== "completion/complete") headers.set("mcp-name", headerValue(name));
  return {
    ...message,
    params: {
      ...message.params,
      _meta: {
        ...meta,
        [PROTOCOL_VERSION_META_KEY]: VERSION,
        [CLIENT_INFO_META_KEY]: CLIENT_INFO,
        [CLIENT_CAPABILITIES_META_KEY]: {},
      },
    },
  };
}

/** As MCP 2026-07-28 mirrors a value in a header: as it is, or in Base64 where a header cannot hold it. */
function headerValue(value: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith("=?base64?")) return value;
  const bytes = new TextEncoder().encode(value);
  return `=?base64?${btoa(String.fromCharCode(...bytes))}?=`;
}
