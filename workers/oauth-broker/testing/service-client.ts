import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect } from "vitest";

export type McpClient = ModernClient | LegacyClient;
/** Connects to a service with a person's token. @param origin of the service @param headers to send besides */
export type Connect = (origin: string, token: string, headers?: Record<string, string>) => Promise<McpClient>;

const sending = (token: string, headers: Record<string, string> = {}) => ({
  requestInit: { headers: { ...headers, authorization: `Bearer ${token}` } },
});

const modern: Connect = async (origin, token, headers) => {
  const client = new ModernClient({ name: "test", version: "1" });
  await client.connect(new ModernTransport(new URL("/mcp", origin), sending(token, headers)));
  return client;
};

const legacy: Connect = async (origin, token, headers) => {
  const client = new LegacyClient({ name: "test", version: "1" });
  await client.connect(new LegacyTransport(new URL("/mcp", origin), sending(token, headers)));
  return client;
};

/** The official SDK's clients, by what they are. */
export const clients: [string, Connect][] = [
  ["the v2 SDK's client", modern],
  ["the v1 SDK's client", legacy],
];

/** The text of a tool's answer. */
export const textOf = (result: object) => (result as { content: { text: string }[] }).content[0]!.text;

/** Calls a tool, which has to succeed. @returns its structured answer, which the text has to be as well */
export async function call<Answer>(
  client: McpClient,
  name: string,
  args: Record<string, unknown> = {},
  onprogress: (told: { progress: number; message?: string }) => void = () => {},
): Promise<Answer> {
  const params = { name, arguments: args };
  const result = await (client instanceof LegacyClient
    ? client.callTool(params, undefined, { onprogress })
    : client.callTool(params, { onprogress }));
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
  return result.structuredContent as Answer;
}

/** Calls a tool, which has to fail. @returns what the model is told */
export async function refusal(client: McpClient, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const result = await client.callTool({ name, arguments: args });
  expect(result.isError, textOf(result)).toBe(true);
  return textOf(result);
}

/** Calls a tool over plain HTTP, so that a challenge is seen as it is. @param token undefined sends none @param headers to send besides */
export function post(
  origin: string,
  token: string | undefined,
  name: string,
  args: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL("/mcp", origin), {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
}

/** The parameters of a `WWW-Authenticate: Bearer` challenge (RFC 6750 section 3). */
export function challengeOf(response: Response): Record<string, string> {
  const header = response.headers.get("www-authenticate") ?? "";
  expect(header).toMatch(/^Bearer /);
  return Object.fromEntries([...header.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
}
