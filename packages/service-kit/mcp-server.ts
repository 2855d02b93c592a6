import {
  type AuthInfo,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
  type ServerOptions,
  type Variables,
} from "@modelcontextprotocol/server";
import type { AuditEvent, CredentialAnswer } from "./broker-contract.ts";
import type { AnyPrompt, Resource } from "./resource.ts";
import type { ActiveSpan, Telemetry } from "./telemetry.ts";
import { type AnyTool, type ToolContext, ToolError } from "./tool.ts";
import { effectOf, schemasOf } from "./tool-effect.ts";
import { type UpstreamCall, UpstreamError } from "./upstream.ts";

/** Key in a tool's `_meta` with the scope that it needs: what the gateway shows a person goes by it. */
export const SCOPE_META = "hybrid-mcp/scope";

/** What a service is, apart from HTTP and sign-in. */
export interface McpService<Upstream> {
  name: string;
  title: string;
  instructions: string;
  tools: readonly AnyTool<Upstream>[];
  resources?: readonly Resource<Upstream>[] | undefined;
  prompts?: readonly AnyPrompt[] | undefined;
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
  telemetry: Telemetry;
  /** The request's own. */
  span: ActiveSpan;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
  /** Takes what happened to a call into the audit trail. */
  audit(event: Pick<AuditEvent, "decision" | "reason" | "tool" | "durationMs">): void;
}

/** Something behind a scope. */
interface Guarded {
  /** In the audit trail: a tool by its name, a resource by `resource:` and its name. */
  label: string;
  scope: string;
  /** Of the request that asks for it, by the semantic conventions of OpenTelemetry for MCP. */
  span: { name: string; attributes: Record<string, string> };
}

/** Makes the MCP server of one request: everything behind its scope, every call in the audit trail. */
export function mcpServer<Upstream>(service: McpService<Upstream>, request: McpRequest<Upstream>): McpServer {
  const mcp = new McpServer(
    { name: service.name, title: service.title, version: request.version },
    { instructions: service.instructions, ...(service.requestState && { requestState: service.requestState }) },
  );
  for (const tool of service.tools) addTool(mcp, tool, service, request);
  for (const resource of service.resources ?? []) addResource(mcp, resource, service, request);
  for (const prompt of service.prompts ?? []) addPrompt(mcp, prompt);
  service.extend?.(mcp);
  // Lists change with a deployment only, and no copy of a stateless service could tell the clients of another.
  for (const list of ["tools", "prompts", "resources"] as const) {
    if (mcp.server.getCapabilities()[list]) mcp.server.registerCapabilities({ [list]: { listChanged: false } });
  }
  return mcp;
}

function addTool<Upstream>(
  mcp: McpServer,
  tool: AnyTool<Upstream>,
  service: McpService<Upstream>,
  request: McpRequest<Upstream>,
): void {
  const { input, output } = schemasOf(tool);
  const method = "tools/call";
  const guarded = {
    label: tool.name,
    scope: tool.scope,
    span: {
      name: `${method} ${tool.name}`,
      attributes: { "mcp.method.name": method, "gen_ai.tool.name": tool.name },
    },
  };
  mcp.registerTool(
    tool.name,
    {
      title: tool.title,
      description: tool.description,
      inputSchema: input,
      ...(output && { outputSchema: output }),
      annotations: effectOf(tool),
      _meta: { [SCOPE_META]: tool.scope },
      scopeChallenge: ({ authInfo }) => challenge(guarded, authInfo, request),
    },
    async (args: Record<string, unknown>, context: ServerContext) => {
      const { dry_run, ...rest } = args;
      const answer = await answered(guarded, service, context, request, async (toolContext) => {
        if (!tool.preview) return tool.run(args, toolContext);
        return dry_run ? { would: await tool.preview(rest, toolContext) } : tool.run(rest, toolContext);
      });
      if ("problem" in answer) return { content: [{ type: "text" as const, text: answer.problem }], isError: true };
      const { result } = answer;
      if (!tool.output) return result;
      return { content: [{ type: "text" as const, text: JSON.stringify(result) }], structuredContent: result };
    },
  );
}

function addResource<Upstream>(
  mcp: McpServer,
  resource: Resource<Upstream>,
  service: McpService<Upstream>,
  request: McpRequest<Upstream>,
): void {
  const { name, title, description, uriTemplate, mimeType, scope } = resource;
  const method = "resources/read";
  const span = { name: `${method} ${name}`, attributes: { "mcp.method.name": method } };
  const guarded = { label: `resource:${name}`, scope, span };
  mcp.registerResource(
    name,
    // What there is to read is for tools to find: a list would be the person's whole account.
    new ResourceTemplate(uriTemplate, { list: undefined }),
    { title, description, mimeType, scopeChallenge: ({ authInfo }) => challenge(guarded, authInfo, request) },
    async (uri, variables, context) => {
      const values = decoded(variables);
      if (!values) throw new ResourceNotFoundError(uri.href);
      const answer = await answered(guarded, service, context, request, (toolContext) =>
        resource.read(values, toolContext),
      );
      if ("problem" in answer) throw new ProtocolError(ProtocolErrorCode.InternalError, answer.problem);
      return { contents: [{ uri: uri.href, mimeType, text: answer.result }] };
    },
  );
}

/** @returns undefined for what is not encoded as it should be, or could lead an API's path elsewhere */
function decoded(variables: Variables): Record<string, string> | undefined {
  try {
    const entries = Object.entries(variables).map(([key, value]) => [key, decodeURIComponent(String(value))] as const);
    const leadsElsewhere = entries.some(([, value]) => value.split(/[/\\]/).some((part) => /^\.{0,2}$/.test(part)));
    return leadsElsewhere ? undefined : Object.fromEntries(entries);
  } catch {
    return undefined;
  }
}

function addPrompt(mcp: McpServer, { name, title, description, input, text }: AnyPrompt): void {
  mcp.registerPrompt(name, { title, description, argsSchema: input }, (args: unknown) => ({
    messages: [{ role: "user" as const, content: { type: "text" as const, text: text(args) } }],
  }));
}

/**
 * The step-up challenge (RFC 6750 section 3.1): it names every scope that the new token has to have, those that the person
 * has granted already among them, because the new grant takes the place of the old one.
 */
function challenge<Upstream>({ label, scope }: Guarded, authInfo: AuthInfo | undefined, request: McpRequest<Upstream>) {
  const granted = authInfo?.scopes ?? [];
  if (granted.includes(scope)) return undefined;
  request.audit({ tool: label, decision: "denied", reason: `it needs ${scope}` });
  const scopes: [string, ...string[]] = [scope, ...granted];
  return { scopes, errorDescription: `${label} needs the scope ${scope}` };
}

/**
 * Does a piece of work with the person's upstream, and tells the trail how it ended.
 * @returns what came of it, or what the model is to know of why nothing did
 */
function answered<Upstream, Result>(
  guarded: Guarded,
  service: McpService<Upstream>,
  context: ServerContext,
  request: McpRequest<Upstream>,
  work: (context: ToolContext<Upstream>) => Promise<Result>,
): Promise<{ result: Result } | { problem: string }> {
  const answer = worked(guarded, service, context, request, work);
  // From the beginning: a client that goes away ends all other work, and the trail would not hear of its call.
  request.waitUntil(answer);
  return answer;
}

async function worked<Upstream, Result>(
  { label, span }: Guarded,
  service: McpService<Upstream>,
  context: ServerContext,
  request: McpRequest<Upstream>,
  work: (context: ToolContext<Upstream>) => Promise<Result>,
): Promise<{ result: Result } | { problem: string }> {
  const started = performance.now();
  request.span.name = span.name;
  const ended = (decision: AuditEvent["decision"], reason?: string) => {
    request.span.add(span.attributes, decision === "failed" ? "tool_error" : undefined);
    request.audit({ tool: label, decision, durationMs: performance.now() - started, ...(reason && { reason }) });
  };
  // The trail gets no text of a tool or an upstream: it may quote arguments.
  const failed = (problem: string, reason: string) => {
    ended("failed", reason);
    return { problem };
  };
  const { telemetry } = request;
  try {
    const credential = await request.credential();
    if (credential && "problem" in credential)
      return failed(advice(service.title, credential), `the connection is ${credential.problem}`);
    const upstream = request.upstream({
      token: credential?.token ?? "",
      headers: { traceparent: request.span.traceparent },
      ...(telemetry.isOn && {
        observe: (method: string, { hostname }: URL) =>
          telemetry.client(method, { "http.request.method": method, "server.address": hostname }),
      }),
    });
    const { progressToken } = context.mcpReq._meta ?? {};
    const result = await work({
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
    });
    ended("allowed");
    return { result };
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
    console.error(`${service.name}: ${label} failed: ${error instanceof Error ? error.stack : error}`);
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
