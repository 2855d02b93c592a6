import { createHash, timingSafeEqual } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { WORKFLOWS, type Workflow } from "./seed.ts";

export interface N8nStandInOptions {
  /** What clients send as a bearer token; at least one. */
  tokens: string[];
  /** Takes a line about what a person should know, e.g. a path that the stand-in does not have. */
  log: (line: string) => void;
}

/** A run of a workflow, as `get_workflow_execution` gives it. */
interface Execution {
  id: string;
  workflowId: string;
  mode: "manual" | "production";
  status: "success";
  startedAt: string;
  stoppedAt: string;
  retryOf: null;
  retrySuccessId: null;
  waitTill: null;
}

/** Executions that are remembered. */
const MAX_EXECUTIONS = 1_000;

/**
 * A stand-in of n8n's instance-level MCP (https://docs.n8n.io/advanced-ai/mcp/mcp_tools_reference/; path
 * `…/mcp-server/http` below wherever it is mounted), for as long as n8n itself is not deployed: it speaks the 2025
 * versions without sessions, and has the tools that find, show and run workflows. A run does nothing and succeeds; it is
 * gone with the process.
 * @returns `handler` answers requests; `faults` makes it fail on purpose (also over HTTP, at `…/_control`)
 * @throws {Error} when no token is given
 */
export function createN8nStandIn({ tokens, log }: N8nStandInOptions): { handler: Handler; faults: Faults } {
  if (tokens.length === 0) throw new Error("The stand-in of n8n needs at least one access token.");
  const known = tokens.map(digest);
  const executions = new Map<string, Execution>();

  const handler: Handler = async (request) => {
    const { pathname, origin } = new URL(request.url);
    if (!pathname.endsWith("/mcp-server/http")) {
      log(`stand-in of n8n's MCP: no such endpoint: ${request.method} ${pathname}`);
      return Response.json({ message: "not found" }, { status: 404 });
    }
    const [, token] = /^Bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (!token || !known.some((each) => timingSafeEqual(each, digest(token)))) {
      const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`;
      const challenge = `Bearer realm="n8n MCP Server", resource_metadata="${metadata}"`;
      return Response.json({ message: "Unauthorized" }, { status: 401, headers: { "www-authenticate": challenge } });
    }
    if (request.method !== "POST") {
      const error = { code: -32000, message: "Method not allowed." };
      return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 405, headers: { allow: "POST" } });
    }
    const transport = new WebStandardStreamableHTTPServerTransport();
    await mcpServer(executions).connect(transport as never);
    return transport.handleRequest(request);
  };
  return withFaults(handler, (status) => Response.json({ message: STATUS_CODES[status] ?? "Error" }, { status }));
}

function mcpServer(executions: Map<string, Execution>): McpServer {
  const mcp = new McpServer({ name: "n8n MCP Server", version: "1.1.0" });
  const said = (output: Record<string, unknown>) => ({
    content: [{ type: "text" as const, text: JSON.stringify(output) }],
    structuredContent: output,
  });
  const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

  mcp.registerTool(
    "search_workflows",
    {
      description: "Search for workflows with optional filters. Returns a preview of each workflow.",
      inputSchema: {
        limit: z.number().int().min(1).max(200).optional().describe("Limit the number of results (max 200)"),
        query: z.string().optional().describe("Filter by name or description"),
        projectId: z.string().optional(),
      },
      annotations: { title: "Search Workflows", ...reads },
    },
    ({ limit = 200, query = "", projectId }) => {
      const found = WORKFLOWS.filter(
        ({ name }) => projectId === undefined && name.toLowerCase().includes(query.toLowerCase()),
      );
      return said({ data: found.slice(0, limit).map(preview), count: found.length });
    },
  );

  mcp.registerTool(
    "get_workflow_details",
    {
      description: "Get detailed information about a specific workflow including trigger details",
      inputSchema: { workflowId: z.string().describe("The ID of the workflow to retrieve") },
      annotations: { title: "Get Workflow Details", ...reads },
    },
    ({ workflowId }) => {
      const workflow = find(workflowId);
      const { staticData: _, pinData: __, ...shown } = workflow;
      const { path, httpMethod } = (workflow.nodes[0] as { parameters: Record<string, string> }).parameters;
      return said({
        workflow: { ...shown, ...preview(workflow), activeVersionId: workflow.active ? workflow.versionId : null },
        triggerInfo: `This workflow is triggered by a webhook: ${httpMethod} /webhook/${path}`,
      });
    },
  );

  mcp.registerTool(
    "execute_workflow",
    {
      description: "Execute a workflow by ID. Returns execution ID and status.",
      inputSchema: {
        workflowId: z.string().describe("The ID of the workflow to execute"),
        executionMode: z.enum(["manual", "production"]).default("production"),
        inputs: z
          .discriminatedUnion("type", [
            z.object({ type: z.literal("chat"), chatInput: z.string() }),
            z.object({ type: z.literal("form"), formData: z.record(z.string(), z.unknown()) }),
            z.object({
              type: z.literal("webhook"),
              webhookData: z.object({
                method: z.enum(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]).default("GET"),
                query: z.record(z.string(), z.string()).optional(),
                body: z.record(z.string(), z.unknown()).optional(),
                headers: z.record(z.string(), z.string()).optional(),
              }),
            }),
          ])
          .optional()
          .describe("Inputs to provide to the workflow."),
      },
      annotations: { title: "Execute Workflow", destructiveHint: true, openWorldHint: true },
    },
    ({ workflowId, executionMode }) => {
      const workflow = find(workflowId);
      if (executionMode === "production" && !workflow.active) {
        return said({ executionId: null, status: "error", error: "Workflow has no published version" });
      }
      const now = new Date().toISOString();
      const id = String(1 + Number([...executions.keys()].at(-1) ?? 0));
      const never = { retryOf: null, retrySuccessId: null, waitTill: null };
      executions.set(id, {
        id,
        workflowId,
        mode: executionMode,
        status: "success",
        startedAt: now,
        stoppedAt: now,
        ...never,
      });
      if (executions.size > MAX_EXECUTIONS) executions.delete(executions.keys().next().value!);
      return said({ executionId: id, status: "success" });
    },
  );

  mcp.registerTool(
    "get_workflow_execution",
    {
      description: "Get execution details by execution ID and workflow ID.",
      inputSchema: {
        workflowId: z.string().describe("The ID of the workflow the execution belongs to"),
        executionId: z.string().describe("The ID of the execution to retrieve"),
      },
      annotations: { title: "Get Execution", ...reads },
    },
    ({ workflowId, executionId }) => {
      const execution = executions.get(executionId);
      if (execution?.workflowId === workflowId) return said({ execution });
      return said({ execution: null, error: `Execution with ID '${executionId}' not found.` });
    },
  );
  return mcp;
}

function preview({ id, name, active, createdAt, updatedAt, triggerCount }: Workflow) {
  const scopes = ["workflow:read", "workflow:execute"];
  return { id, name, active, createdAt, updatedAt, triggerCount, scopes, canExecute: true, availableInMCP: true };
}

/** @throws what n8n says, which becomes a result with `isError` */
function find(workflowId: string): Workflow {
  const found = WORKFLOWS.find(({ id }) => id === workflowId);
  if (!found) throw new Error("Workflow not found");
  return found;
}

/** Digests have one length, so comparing them tells nothing about the token's. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
