import {
  type AuthInfo,
  type CallToolResult,
  type InputRequiredResult,
  McpServer,
  type ServerContext,
  type ServerOptions,
} from "@modelcontextprotocol/server";
import type { AuditEvent, CredentialAnswer } from "./broker-contract.ts";
import { type AnyTool, ToolError } from "./tool.ts";
import { type UpstreamCall, UpstreamError } from "./upstream.ts";

/** Key in a tool's `_meta` with the scope that it needs: what the gateway shows a person goes by it. */
export const SCOPE_META = "hybrid-mcp/scope";

/** What a service is, apart from HTTP and sign-in. */
export interface McpService<Upstream> {
  name: string;
  title: string;
  instructions: string;
  tools: readonly AnyTool<Upstream>[];
  extend?: ((server: McpServer) => void) | undefined;
  requestState?: ServerOptions["requestState"];
}

/** What belongs to one request. */
export interface McpRequest<Upstream> {
  version: string;
  /** What the service shows the upstream for this person; undefined for a service without connections. */
  credential(): Promise<CredentialAnswer | undefined>;
  upstream(call: UpstreamCall): Upstream;
  /** Page on which the person connects the upstream. */
  connectUrl: string;
  traceparent: string;
  /** Takes what happened to a tool call into the audit trail. */
  audit(event: Pick<AuditEvent, "decision" | "reason" | "tool" | "durationMs">): void;
}

/** Makes the MCP server of one request: every tool behind its scope, every call in the audit trail. */
export function mcpServer<Upstream>(service: McpService<Upstream>, request: McpRequest<Upstream>): McpServer {
  const mcp = new McpServer(
    { name: service.name, title: service.title, version: request.version },
    { instructions: service.instructions, ...(service.requestState && { requestState: service.requestState }) },
  );
  for (const tool of service.tools) {
    mcp.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: tool.input,
        ...(tool.output && { outputSchema: tool.output }),
        annotations: { readOnlyHint: tool.readOnly },
        _meta: { [SCOPE_META]: tool.scope },
        scopeChallenge: ({ authInfo }) => challenge(tool, authInfo, request),
      },
      (args: Record<string, unknown>, context: ServerContext) => call(service, tool, args, context, request),
    );
  }
  service.extend?.(mcp);
  // Lists change with a deployment only, and no copy of a stateless service could tell the clients of another.
  for (const list of ["tools", "prompts", "resources"] as const) {
    if (mcp.server.getCapabilities()[list]) mcp.server.registerCapabilities({ [list]: { listChanged: false } });
  }
  return mcp;
}

/**
 * The step-up challenge of a tool (RFC 6750 section 3.1): it names every scope that the new token has to have, those that
 * the person has granted already among them, because the new grant takes the place of the old one.
 */
function challenge<Upstream>(tool: AnyTool<Upstream>, authInfo: AuthInfo | undefined, request: McpRequest<Upstream>) {
  const granted = authInfo?.scopes ?? [];
  if (granted.includes(tool.scope)) return undefined;
  request.audit({ tool: tool.name, decision: "denied", reason: `it needs ${tool.scope}` });
  const scopes: [string, ...string[]] = [tool.scope, ...granted];
  return { scopes, errorDescription: `${tool.name} needs the scope ${tool.scope}` };
}

async function call<Upstream>(
  service: McpService<Upstream>,
  tool: AnyTool<Upstream>,
  args: Record<string, unknown>,
  context: ServerContext,
  request: McpRequest<Upstream>,
): Promise<CallToolResult | InputRequiredResult> {
  const started = performance.now();
  const ended = (decision: AuditEvent["decision"], reason?: string) =>
    request.audit({ tool: tool.name, decision, durationMs: performance.now() - started, ...(reason && { reason }) });
  // The trail gets no text of a tool or an upstream: it may quote arguments.
  const failed = (message: string, reason: string) => {
    ended("failed", reason);
    return { content: [{ type: "text" as const, text: message }], isError: true };
  };
  try {
    const credential = await request.credential();
    if (credential && "problem" in credential)
      return failed(advice(service.title, credential), `the connection is ${credential.problem}`);
    const upstream = request.upstream({
      token: credential?.token ?? "",
      headers: { traceparent: request.traceparent },
    });
    const { progressToken } = context.mcpReq._meta ?? {};
    const toolContext = {
      upstream,
      signal: context.mcpReq.signal,
      mcp: context,
      progress: async (progress: number, total?: number, message?: string) => {
        if (progressToken === undefined) return;
        await context.mcpReq.notify({
          method: "notifications/progress",
          params: { progressToken, progress, ...(total && { total }), ...(message && { message }) },
        });
      },
    };
    const output = await tool.run(args, toolContext);
    ended("allowed");
    if (!tool.output) return output;
    return { content: [{ type: "text", text: JSON.stringify(output) }], structuredContent: output };
  } catch (error) {
    if (error instanceof UpstreamError && error.status === 401) {
      const problem = "broken" as const;
      return failed(advice(service.title, { problem, connectUrl: request.connectUrl }), "the upstream answered 401");
    }
    if (error instanceof UpstreamError) {
      return failed(
        error.message,
        error.status ? `the upstream answered ${error.status}` : "the upstream did not answer",
      );
    }
    if (error instanceof ToolError) return failed(error.message, "not possible as it was asked");
    if (context.mcpReq.signal.aborted) return failed("The call was cancelled.", "cancelled");
    console.error(`${service.name}: ${tool.name} failed: ${error instanceof Error ? error.stack : error}`);
    const text = `${service.title} could not do this because of an error of its own. Trying again may help.`;
    return failed(text, "an error of the service's own");
  }
}

/** What a model tells the person about a connection that does not work. */
function advice(title: string, { problem, connectUrl }: Exclude<CredentialAnswer, { token: string }>): string {
  switch (problem) {
    case "missing":
      return `${title} is not connected yet. Ask the person to open ${connectUrl} and connect it, then try again.`;
    case "broken":
      return `${title} does not accept the connection any more. Ask the person to open ${connectUrl} and connect it again, then try again.`;
    case "unavailable":
      return `${title} did not answer when the connection was renewed. Try again in a while.`;
  }
}
