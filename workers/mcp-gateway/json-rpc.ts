/** A JSON-RPC request, as far as the gateway looks into it. */
export interface JsonRpcRequest {
  jsonrpc: "2.0";
  id: string | number;
  method: string;
  params?: Record<string, unknown>;
}

/** Codes of JSON-RPC 2.0 section 5.1 that the gateway answers with. */
export const ErrorCode = { parse: -32700, invalidRequest: -32600, invalidParams: -32602, internal: -32603 } as const;

/** Code for what JSON-RPC has none for: the HTTP status says what it is. */
export const REFUSED = -32000;

/** Whether a body is one request (not a notification, not an answer, not a batch). */
export function isRequest(body: unknown): body is JsonRpcRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  const { id, method, params } = body as Record<string, unknown>;
  if (typeof method !== "string" || (typeof id !== "string" && typeof id !== "number")) return false;
  return params === undefined || (typeof params === "object" && params !== null && !Array.isArray(params));
}

/**
 * An error of the gateway's own.
 * @param status of HTTP; 200 for what the SDKs hand on as an error of MCP
 */
export function errorResponse(
  id: string | number | null,
  code: number,
  message: string,
  { status = 200, headers = {}, data }: { status?: number; headers?: Record<string, string>; data?: object } = {},
): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code, message, ...(data && { data }) } }, { status, headers });
}
