import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  McpServer as LegacyMcpServer,
  ResourceTemplate as LegacyResourceTemplate,
} from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { type EventStore, StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer, type McpServerFactory, ResourceTemplate } from "@modelcontextprotocol/server";
import { z } from "zod";

/** A request that a server got. */
export interface Seen {
  method: string;
  headers: IncomingHttpHeaders;
  /** JSON-RPC method of the body, where it has one. */
  rpc?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  body?: any;
}

/** A server on a free port of 127.0.0.1. */
export interface OddServer {
  /** Its MCP endpoint. */
  url: string;
  /** Every request so far, oldest first. */
  seen: Seen[];
  /** @returns the first request for which this holds, as soon as there is one */
  sees(wanted: (seen: Seen) => boolean): Promise<Seen>;
  /** Stops it, and ends what is open. */
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: unknown) => void | Promise<void>;

/**
 * Serves MCP at `/mcp`, however oddly.
 * @param path of the endpoint in `url`
 */
async function serve(answer: Answer, path = "/mcp"): Promise<OddServer> {
  const seen: Seen[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const body = text ? JSON.parse(text) : undefined;
      seen.push({ method: request.method!, headers: request.headers, rpc: body?.method, body });
      for (const look of waiting) look();
      await answer(request, response, body);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    seen,
    sees: (wanted) =>
      new Promise((resolve) => {
        const look = () => {
          const found = seen.find(wanted);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What happened inside a legacy server, besides requests. */
export interface LegacyEvents {
  /** Ids of sessions that are open. */
  sessions: Set<string>;
  /** Why `hold` was given up, one line for each. */
  cancelled: string[];
}

/**
 * Tools, prompts and resources of every server here that works: `echo`, `count` (progress, then the number), `fail` (a
 * result with `isError`), `hold` (progress without an end, until it is cancelled), `ask` (asks the client back), `later`
 * (ends its stream and answers in the next, where it is resumable), the prompt
 * `greet` and the resources `odd://one` and `odd://item/{id}`.
 */
function legacyServerFor(name: string, events: LegacyEvents): LegacyMcpServer {
  const mcp = new LegacyMcpServer({ name, version: "1.0.0" }, { capabilities: { logging: {} } });
  const said = (text: string) => ({ content: [{ type: "text" as const, text }] });
  mcp.registerTool("echo", { description: "Says it again.", inputSchema: { text: z.string() } }, ({ text }) =>
    said(text),
  );
  mcp.registerTool("fail", { description: "Cannot." }, () => ({ ...said("It cannot be done."), isError: true }));
  mcp.registerTool("count", { inputSchema: { to: z.number() } }, async ({ to }, { sendNotification, _meta }) => {
    for (let progress = 1; progress <= to; progress++) {
      const params = { progressToken: _meta?.progressToken ?? "none", progress, total: to };
      await sendNotification({ method: "notifications/progress", params });
    }
    await sendNotification({ method: "notifications/message", params: { level: "info", data: "counted" } });
    return { ...said(String(to)), structuredContent: { counted: to }, _meta: { "example.com/kept": true } };
  });
  mcp.registerTool("hold", {}, async ({ signal, sendNotification, _meta }) => {
    for (let progress = 1; !signal.aborted; progress++) {
      const params = { progressToken: _meta?.progressToken ?? "none", progress };
      await sendNotification({ method: "notifications/progress", params });
      await sleep(50);
    }
    events.cancelled.push(String(signal.reason));
    return said("never seen");
  });
  mcp.registerTool("ask", {}, async ({ sendRequest }) => {
    const requestedSchema = { type: "object" as const, properties: {} };
    const params = { mode: "form" as const, message: "Your name?", requestedSchema };
    const answer = await sendRequest({ method: "elicitation/create", params }, z.object({})).catch(String);
    return said(String(answer));
  });
  mcp.registerTool("later", {}, async ({ closeSSEStream }) => {
    closeSSEStream?.();
    await sleep(50);
    return said("after all");
  });
  mcp.registerPrompt("greet", { argsSchema: { name: z.string() } }, ({ name: whom }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Hello, ${whom}` } }],
  }));
  mcp.registerResource("one", "odd://one", {}, (uri) => ({ contents: [{ uri: uri.href, text: "1" }] }));
  const ids = ["1", "2", "22"];
  const complete = { id: (begun: string) => ids.filter((id) => id.startsWith(begun)) };
  mcp.registerResource(
    "item",
    new LegacyResourceTemplate("odd://item/{id}", { list: undefined, complete }),
    {},
    (uri) => ({
      contents: [{ uri: uri.href, text: "an item" }],
    }),
  );
  return mcp;
}

/**
 * A server of MCP 2025-11-25 and older with sessions, by the v1 SDK.
 * @param options `json`: it answers JSON instead of streams; `resumable`: a stream that broke can be taken up again
 */
export async function sessionServer(
  options: { json?: boolean; resumable?: boolean } = {},
): Promise<OddServer & LegacyEvents> {
  const events: LegacyEvents = { sessions: new Set(), cancelled: [] };
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const server = await serve(async (request, response, body) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    if (known) return known.handleRequest(request, response, body);
    if (id) return end(response, 404, "application/json", JSON.stringify(rpcError(null, -32001, "Session not found")));
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: options.json ?? false,
      ...(options.resumable && { eventStore: eventStore(), retryInterval: 10 }),
      onsessioninitialized: (session) => {
        transports.set(session, transport);
        events.sessions.add(session);
      },
      onsessionclosed: (session) => {
        transports.delete(session);
        events.sessions.delete(session);
      },
    });
    await legacyServerFor("session-server", events).connect(transport as never);
    await transport.handleRequest(request, response, body);
  });
  return { ...server, ...events };
}

function eventStore(): EventStore {
  const events: { id: string; stream: string; message: Parameters<EventStore["storeEvent"]>[1] }[] = [];
  return {
    async storeEvent(stream, message) {
      const id = `${stream}/${events.length}`;
      events.push({ id, stream, message });
      return id;
    },
    async replayEventsAfter(lastId, { send }) {
      const at = events.findIndex(({ id }) => id === lastId);
      const { stream } = events[at]!;
      for (const each of events.slice(at + 1)) if (each.stream === stream) await send(each.id, each.message);
      return stream;
    },
  };
}

/** A server of the older HTTP+SSE transport (MCP 2024-11-05), by the v1 SDK. */
export async function sseServer(): Promise<OddServer & LegacyEvents> {
  const events: LegacyEvents = { sessions: new Set(), cancelled: [] };
  const transports = new Map<string, SSEServerTransport>();
  const server = await serve(async (request, response, body) => {
    const url = new URL(request.url!, "http://127.0.0.1");
    if (request.method === "POST" && url.pathname === "/messages") {
      const transport = transports.get(url.searchParams.get("sessionId") ?? "");
      return transport ? transport.handlePostMessage(request, response, body) : end(response, 404, "text/plain", "");
    }
    if (request.method !== "GET") return end(response, 405, "text/plain", "");
    const transport = new SSEServerTransport("/messages", response);
    transports.set(transport.sessionId, transport);
    events.sessions.add(transport.sessionId);
    response.on("close", () => events.sessions.delete(transport.sessionId));
    await legacyServerFor("sse-server", events).connect(transport);
  }, "/sse");
  return { ...server, ...events };
}

/** A server of MCP 2026-07-28, by the v2 SDK; it has `echo`, `count`, `fail`, the prompt and the resources. */
export function modernServer(): Promise<OddServer> {
  const factory: McpServerFactory = () => {
    const mcp = new McpServer({ name: "modern-server", version: "1.0.0" });
    const said = (text: string) => ({ content: [{ type: "text" as const, text }] });
    mcp.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, ({ text }) => said(text));
    mcp.registerTool("fail", {}, () => ({ ...said("It cannot be done."), isError: true }));
    mcp.registerTool("count", { inputSchema: z.object({ to: z.number() }) }, async ({ to }, { mcpReq }) => {
      const { progressToken } = mcpReq._meta ?? {};
      for (let progress = 1; progressToken !== undefined && progress <= to; progress++) {
        await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: to } });
      }
      return said(String(to));
    });
    mcp.registerPrompt("greet", { argsSchema: z.object({ name: z.string() }) }, ({ name }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Hello, ${name}` } }],
    }));
    mcp.registerResource("one", "odd://one", {}, (uri) => ({ contents: [{ uri: uri.href, text: "1" }] }));
    mcp.registerResource("item", new ResourceTemplate("odd://item/{id}", { list: undefined }), {}, (uri) => ({
      contents: [{ uri: uri.href, text: "an item" }],
    }));
    return mcp;
  };
  const handler = createMcpHandler(factory);
  return serve(async (incoming, outgoing, body) => {
    const response = await handler.fetch(toRequest(incoming, body));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body) await pipeline(Readable.fromWeb(response.body as never), outgoing);
    else outgoing.end();
  });
}

/** Takes requests and never answers. */
export function hangingServer(): Promise<OddServer> {
  return serve(() => new Promise(() => undefined));
}

/**
 * Answers as a small server of either version does, each time this much later.
 * @param ms milliseconds before each answer
 */
export function slowServer(ms: number): Promise<OddServer> {
  return serve(async (request, response, body) => {
    await sleep(ms);
    small(request, response, body as Rpc, () => [{ name: "late", inputSchema: { type: "object" } }]);
  });
}

/**
 * An HTTP+SSE server that wants messages sent somewhere else.
 * @param endpoint where
 */
export function strayingServer(endpoint: string): Promise<OddServer> {
  return serve((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
  }, "/sse");
}

/** Says 200 and JSON, and sends something else. */
export function garbageServer(): Promise<OddServer> {
  return serve((_, response) => end(response, 200, "application/json", "\u0000{not json"));
}

/** Of an older version, with a tool that is as MCP has it and one without an input schema. */
export function flawedServer(): Promise<OddServer> {
  return serve((request, response, body) => {
    const { id, method } = (body ?? {}) as Rpc;
    if (method === "server/discover") {
      end(response, 200, "application/json", JSON.stringify(rpcError(id ?? null, -32601, "Method not found")));
      return;
    }
    const tools = [{ name: "noschema" }, { name: "fine", inputSchema: { type: "object" } }];
    small(request, response, body as Rpc, () => tools);
  });
}

/** A web page, as a captive portal or a wrong URL gives it. */
export function htmlServer(): Promise<OddServer> {
  return serve((_, response) => end(response, 200, "text/html", "<!doctype html><title>Welcome</title>"));
}

/** Answers every request with this status, e.g. 401, 429 or 500. */
export function statusServer(
  status: number,
  headers: Record<string, string> = {},
  body: object = { message: "no" },
): Promise<OddServer> {
  return serve((_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    end(response, status, "application/json", JSON.stringify(body));
  });
}

/**
 * A server of either version whose list of tools never seems to end.
 * @param bytes of the list, about
 */
export function hugeServer(bytes = 100_000_000): Promise<OddServer & { sent(): number }> {
  let sent = 0;
  function* list(id: Rpc["id"]) {
    yield `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[`;
    const description = "x".repeat(100_000);
    for (let made = 0, length = 0; length < bytes; made++) {
      const tool = JSON.stringify({ name: `tool_${made}`, description, inputSchema: { type: "object" } });
      length += tool.length;
      sent = length;
      yield `${made ? "," : ""}${tool}`;
    }
    yield "]}}";
  }
  return serve(async (request, response, body) => {
    if ((body as Rpc | undefined)?.method !== "tools/list") return small(request, response, body as Rpc, () => []);
    response.writeHead(200, { "content-type": "application/json" });
    await pipeline(Readable.from(list((body as Rpc).id)), response);
  }).then((server) => ({ ...server, sent: () => sent }));
}

/**
 * A server of either version that lists the tool `cut` and breaks off in the middle of answering it.
 * @param how `reset` ends the connection, `end` the stream, as if that were all
 */
export function cutServer(how: "reset" | "end" = "reset"): Promise<OddServer> {
  return serve(async (request, response, body) => {
    const { method, params } = (body ?? {}) as Rpc;
    if (method !== "tools/call") {
      return small(request, response, body as Rpc, () => [{ name: "cut", inputSchema: { type: "object" } }]);
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const progress = { progressToken: params?._meta?.progressToken ?? "none", progress: 1 };
    const notification = { jsonrpc: "2.0", method: "notifications/progress", params: progress };
    response.write(`data: ${JSON.stringify(notification)}\n\n`, () => {
      if (how === "end") response.end();
      else response.destroy();
    });
  });
}

/**
 * Many small servers of either version on one port, without state or SDK, each at a path of its own.
 * @param count how many servers
 * @param toolsEach tools of each, `tool_0` and on
 */
export async function manyServers(
  count: number,
  toolsEach: number,
): Promise<Omit<OddServer, "url"> & { urls: string[] }> {
  const tools = Array.from({ length: toolsEach }, (_, i) => ({
    name: `tool_${i}`,
    description: `Does the ${i}th thing, with a description about as long as people write them.`,
    inputSchema: { type: "object", properties: { text: { type: "string", description: "What to do it with." } } },
  }));
  const { url, ...server } = await serve((request, response, body) =>
    small(request, response, body as Rpc, () => tools),
  );
  return { ...server, urls: Array.from({ length: count }, (_, i) => url.replace(/mcp$/, `${i}/mcp`)) };
}

interface Rpc {
  id?: string | number;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as clients send it
  params?: any;
}

/** Answers as a server without sessions of MCP 2026-07-28 or 2025 does, whichever the request is of. */
function small(request: IncomingMessage, response: ServerResponse, body: Rpc | undefined, tools: () => object[]): void {
  if (request.method !== "POST") end(response, 405, "text/plain", "");
  else if (body?.id === undefined) end(response, 202, "text/plain", "");
  else end(response, 200, "application/json", JSON.stringify(smallAnswer(request, body, tools)));
}

function smallAnswer({ headers }: IncomingMessage, { id, method, params }: Rpc, tools: () => object[]): object {
  const modern = (headers["mcp-protocol-version"] ?? "") >= "2026";
  const serverInfo = { name: "small-server", version: "1.0.0" };
  const capabilities = { tools: {} };
  const results: Record<string, () => object> = {
    "server/discover": () => ({ supportedVersions: ["2026-07-28"], capabilities, serverInfo }),
    initialize: () => ({ protocolVersion: params.protocolVersion, capabilities, serverInfo }),
    "tools/list": () => page(tools(), Number(params?.cursor ?? 0)),
    "tools/call": () => ({ content: [{ type: "text", text: params.name }] }),
  };
  const result = results[method ?? ""]?.();
  if (!result) return rpcError(id ?? null, -32601, "Method not found");
  const caching = modern && method !== "tools/call" && { ttlMs: 0, cacheScope: "private" };
  return { jsonrpc: "2.0", id, result: { ...(modern && { resultType: "complete" }), ...caching, ...result } };
}

/** Tools on a page of a small server. */
const PAGE = 100;

function page(tools: object[], at: number): object {
  const next = at + PAGE;
  return { tools: tools.slice(at, next), ...(next < tools.length && { nextCursor: String(next) }) };
}

function rpcError(id: string | number | null, code: number, message: string) {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type }).end(body);
}

function toRequest(incoming: IncomingMessage, body: unknown): Request {
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at]!, incoming.rawHeaders[at + 1]!);
  }
  const url = `http://${incoming.headers.host}${incoming.url}`;
  return new Request(url, {
    method: incoming.method!,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
