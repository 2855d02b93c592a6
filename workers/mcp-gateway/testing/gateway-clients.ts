import { connect } from "node:net";
import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type Connect, clients as olderClients } from "../../oauth-broker/testing/service-client.ts";

/** MCP 2026-07-28. */
export async function modern(
  origin: string,
  token: string,
  path = "/mcp",
  capabilities: ClientCapabilities = {},
): Promise<Client> {
  const versionNegotiation = { mode: { pin: "2026-07-28" } };
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation, capabilities });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(path, origin), { requestInit }));
  return client;
}

/** The official SDK's clients, of every version. */
export const everyClient: [string, Connect][] = [
  ["MCP 2026-07-28", (origin, token) => modern(origin, token)],
  ...olderClients,
];

interface ModernPostOptions {
  headers?: Record<string, string>;
  path?: string;
}

function modernRequest(
  token: string | undefined,
  method: string,
  params: Record<string, unknown>,
  headers: Record<string, string>,
) {
  const name = params.name ?? params.uri;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
    ...(params._meta as object | undefined),
  };
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" && { "mcp-name": name }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } }),
  };
}

/** A request of MCP 2026-07-28 over plain HTTP, with the headers that belong to it. */
export function modernPost(
  origin: string,
  token: string | undefined,
  method: string,
  params: Record<string, unknown> = {},
  { headers = {}, path = "/mcp" }: ModernPostOptions = {},
): Promise<Response> {
  return fetch(new URL(path, origin), { method: "POST", ...modernRequest(token, method, params, headers) });
}

/**
 * The same from a client that goes away: it resets its connection. (workerd notices one that is merely closed when it
 * writes to it the next time; Cloudflare's edge tells at once.)
 */
export function postAndLeave(
  origin: string,
  token: string,
  method: string,
  params: Record<string, unknown>,
  more: Record<string, string> = {},
) {
  const { host, port, hostname } = new URL(origin);
  const { headers, body } = modernRequest(token, method, params, { host, ...more });
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString();
  });
  socket.on("error", () => undefined);
  const lines = Object.entries({ ...headers, "content-length": Buffer.byteLength(body) });
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
  return { received: () => received, leave: () => socket.resetAndDestroy() };
}
