import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { Hono } from "hono";
import { bearerMatches } from "./bearer.ts";
import { type Tool, ToolError } from "./tool.ts";
import { UpstreamError } from "./upstream.ts";

/** Bindings that every service has, the same on Workers (bindings) and on the droplet (environment). */
export interface ServiceEnv {
  /** Of the bundle that runs, e.g. `0.1.0+3f2a9c1d`. */
  VERSION: string;
  PLACEMENT: "workers" | "droplet";
  /** Origin at which clients reach the service, e.g. `https://coda-mcp.example.com`; an identifier, the same in both homes. */
  PUBLIC_URL: string;
  /** Secret that a client sends as its bearer token. */
  BEARER_TOKEN: string;
}

export interface ServiceOptions<Env extends ServiceEnv, Upstream> {
  /** The service's name in the catalogue. */
  name: string;
  title: string;
  /** How a model should use the service as a whole (MCP `instructions`). */
  instructions: string;
  scopes: readonly { name: string }[];
  // biome-ignore lint/suspicious/noExplicitAny: each tool has schemas of its own; they are checked where it is defined
  tools: readonly Tool<Upstream, any, any>[];
  /** Makes the upstream client for one call. */
  upstream(env: Env): Upstream;
}

/** A service as both homes run it: the default export of a Worker's main module. */
export interface Service<Env> {
  fetch(request: Request, env: Env): Promise<Response>;
}

/**
 * Assembles an MCP service from its tools: routing, sign-in, health and errors are here, so that a service is nothing but
 * tools and an upstream client, and no tool can get past the checks.
 *
 * - `POST /mcp`: MCP 2026-07-28 and, statelessly, the 2025 versions (Streamable HTTP).
 * - `GET /health`: `{status, service, version, placement}`, open to all.
 * - `GET /.well-known/oauth-protected-resource/mcp`: RFC 9728 metadata.
 *
 * Every response carries `x-served-by: workers|droplet`.
 */
export function createService<Env extends ServiceEnv, Upstream>(options: ServiceOptions<Env, Upstream>): Service<Env> {
  const app = new Hono<{ Bindings: Env }>();

  app.use(async (context, next) => {
    await next();
    context.res.headers.set("x-served-by", context.env.PLACEMENT);
  });

  app.get("/health", ({ env, json }) =>
    json({ status: "ok", service: options.name, version: env.VERSION, placement: env.PLACEMENT }),
  );

  app.get("/.well-known/oauth-protected-resource/mcp", ({ env, json }) =>
    json({
      resource: `${env.PUBLIC_URL}/mcp`,
      resource_name: options.title,
      scopes_supported: options.scopes.map((scope) => scope.name),
      bearer_methods_supported: ["header"],
    }),
  );

  app.all("/mcp", async ({ req, env }) => {
    const authorization = req.header("authorization");
    if (!(await bearerMatches(authorization, env.BEARER_TOKEN))) return unauthorized(env, authorization !== undefined);
    const handler = createMcpHandler(() => server(options, env), {
      onerror: (error) => console.error(`${options.name}: ${error.message}`),
    });
    return handler.fetch(req.raw);
  });

  app.notFound(({ json }) => json({ error: "not_found", message: "MCP is at POST /mcp" }, 404));
  app.onError((error, { json }) => {
    console.error(`${options.name}: ${error.stack ?? error.message}`);
    return json({ error: "internal_error" }, 500);
  });

  return { fetch: async (request, env) => app.fetch(request, env) };
}

/**
 * RFC 6750 section 3 challenge, with the resource metadata of RFC 9728 section 5.1. Without a credential in the request
 * it names no error (RFC 6750 section 3.1).
 */
function unauthorized(env: ServiceEnv, presented: boolean): Response {
  const metadata = `${env.PUBLIC_URL}/.well-known/oauth-protected-resource/mcp`;
  return Response.json(
    { error: "invalid_token", error_description: "Send a valid bearer token" },
    {
      status: 401,
      headers: {
        "www-authenticate": `Bearer ${presented ? 'error="invalid_token", ' : ""}resource_metadata="${metadata}"`,
      },
    },
  );
}

function server<Env extends ServiceEnv, Upstream>(options: ServiceOptions<Env, Upstream>, env: Env): McpServer {
  const mcp = new McpServer(
    { name: options.name, title: options.title, version: env.VERSION },
    { instructions: options.instructions },
  );
  for (const tool of options.tools) {
    mcp.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: tool.input,
        outputSchema: tool.output,
        annotations: { readOnlyHint: tool.readOnly },
      },
      async (args: Record<string, unknown>, { mcpReq }) => {
        const progressToken = mcpReq._meta?.progressToken;
        try {
          const output = await tool.run(args, {
            upstream: options.upstream(env),
            signal: mcpReq.signal,
            progress: async (progress, total, message) => {
              if (progressToken === undefined) return;
              await mcpReq.notify({
                method: "notifications/progress",
                params: { progressToken, progress, ...(total && { total }), ...(message && { message }) },
              });
            },
          });
          return { content: [{ type: "text", text: JSON.stringify(output) }], structuredContent: output };
        } catch (error) {
          if (error instanceof ToolError || error instanceof UpstreamError) {
            return { content: [{ type: "text", text: error.message }], isError: true };
          }
          console.error(`${options.name}: ${tool.name} failed: ${error instanceof Error ? error.stack : error}`);
          const text = `${options.title} could not do this because of an error of its own. Trying again may help.`;
          return { content: [{ type: "text", text }], isError: true };
        }
      },
    );
  }
  return mcp;
}
