import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type Connect, clients as olderClients } from "../../oauth-broker/testing/service-client.ts";

/** MCP 2026-07-28. */
export async function modern(origin: string, token: string, path = "/mcp"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(path, origin), { requestInit }));
  return client;
}

/** The official SDK's clients, of every version. */
export const everyClient: [string, Connect][] = [["MCP 2026-07-28", modern], ...olderClients];

/** A request of MCP 2026-07-28 over plain HTTP, with the headers that belong to it. */
export function modernPost(
  origin: string,
  token: string | undefined,
  method: string,
  params: Record<string, unknown> = {},
  {
    headers = {},
    path = "/mcp",
    signal,
  }: { headers?: Record<string, string>; path?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const name = params.name ?? params.uri;
  return fetch(new URL(path, origin), {
    method: "POST",
    ...(signal && { signal }),
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" && { "mcp-name": name }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
          ...(params._meta as object | undefined),
        },
      },
    }),
  });
}
