import { createMcpHandler, type McpServer, type ServerOptions } from "@modelcontextprotocol/server";
import { Hono } from "hono";
import { type Admission, type BrokerEnv, brokerOf } from "./broker.ts";
import { mcpServer } from "./mcp-server.ts";
import type { AnyPrompt, Resource } from "./resource.ts";
import { metadataUrl, type ProtectedContext, resourceServer } from "./resource-server.ts";
import { type ActiveSpan, recorded, Telemetry, type TelemetryEnv } from "./telemetry.ts";
import type { AnyTool } from "./tool.ts";
import { clientSelection, SelectionError, selectTools, type ToolSelection } from "./tool-selection.ts";
import { traced, traceIn } from "./trace.ts";
import type { UpstreamCall } from "./upstream.ts";

/** Bindings that every service has, the same on Workers (bindings) and on the droplet (environment). */
export interface ServiceEnv extends BrokerEnv, TelemetryEnv {
  /** Of the bundle that runs, e.g. `0.1.0+3f2a9c1d`. */
  VERSION: string;
  PLACEMENT: "workers" | "droplet";
  /** Of the container that runs, on the droplet: it changes with whatever the container is made of, its config too. */
  REVISION?: string;
  /** Origin at which clients reach the service, e.g. `https://coda-mcp.example.com`; an identifier, the same in both homes. */
  PUBLIC_URL: string;
  /** JSON ({@link ToolSelection}): which tools the operator lets the service have; all when it is left out. */
  TOOLS?: string;
}

export interface ServiceOptions<Env extends ServiceEnv, Upstream> {
  /** The service's name in the catalogue. */
  name: string;
  title: string;
  /** How a model should use the service as a whole (MCP `instructions`). */
  instructions: string;
  /** Every scope of the service, in the catalogue's order. */
  scopes: readonly { name: string }[];
  tools: readonly AnyTool<Upstream>[];
  /** Toolsets of a client that names none, where the operator names none either; default all. */
  usualToolsets?: readonly string[];
  resources?: readonly Resource<Upstream>[];
  prompts?: readonly AnyPrompt[];
  /** Makes the upstream client for one call, with the credential of the person who calls. */
  upstream(env: Env, call: UpstreamCall): Upstream;
  /** Adds what the kit has no word for, e.g. completions; no scope guards it. */
  extend?(server: McpServer): void;
  /**
   * Checks the state that a tool with questions gave to the client before it is handed to the tool again: what
   * `createRequestStateCodec` makes, with a key that every copy of the service has.
   */
  requestState?: NonNullable<ServerOptions["requestState"]>;
}

/** A request that was let in, and what is recorded of it. */
interface Admitted {
  admission: Admission;
  telemetry: Telemetry;
  span: ActiveSpan;
}

/** A service as both homes run it: the default export of a Worker's main module. */
export interface Service<Env> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response>;
}

/** The part of the runtime's own type that is used; its full types would replace Node's globals everywhere. */
interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
}

/** How long the broker may take to be called reachable, in milliseconds. */
const READY_TIMEOUT_MS = 5_000;

/** How much of an unwanted body is read, in bytes; a client that sends more may lose its answer. */
const DISCARD_BYTES = 8 * 1024 * 1024;

/**
 * Assembles an MCP service from its tools: routing, sign-in, scopes, audit, health and errors are here, so that a service
 * is nothing but tools and an upstream client, and no tool can get past the checks.
 *
 * - `POST /mcp`: MCP 2026-07-28 and, statelessly, the 2025 versions (Streamable HTTP). Without a token of the broker for
 *   this service 401, without the tool's scope 403, each with the challenge that tells a client what to do. Request headers
 *   can narrow which tools there are ({@link clientSelection}).
 * - `GET /health`: `{status, service, version, placement}` and, of a container, `revision`, open to all; `GET /health/ready`
 *   asks the broker too.
 * - `GET /.well-known/oauth-protected-resource/mcp`: RFC 9728 metadata.
 *
 * Every response carries `x-served-by: workers|droplet` and `x-request-id`.
 *
 * @throws {Error} when a tool names a scope that is not the service's own
 */
export function createService<Env extends ServiceEnv, Upstream>(options: ServiceOptions<Env, Upstream>): Service<Env> {
  const scopes = options.scopes.map(({ name }) => name);
  for (const [kind, values] of [
    ["tool", options.tools],
    ["resource", options.resources ?? []],
  ] as const) {
    for (const { name, scope } of values) {
      if (!scopes.includes(scope)) throw new Error(`The ${kind} ${name} of ${options.name} names the scope ${scope}.`);
    }
  }
  /** What some tool needs that the operator lets the service have, or some resource. */
  const used = (env: Env) => {
    const needed = [...toolsFor(env, { toolsets: ["all"] }), ...(options.resources ?? [])].map(({ scope }) => scope);
    return scopes.filter((name) => needed.includes(name));
  };
  const toolsFor = (env: Env, client: ToolSelection) =>
    selectTools(options.tools, JSON.parse(env.TOOLS ?? "{}") as ToolSelection, client, options.usualToolsets);
  const mcp = resourceServer<Env, Admitted>({
    title: options.title,
    scopes: used,
    async admit(request, env, resource, token) {
      const source = { service: options.name, version: env.VERSION, placement: env.PLACEMENT };
      const telemetry = new Telemetry(env, source, traceIn(request));
      const span = telemetry.server(request.method);
      const asking = telemetry.client("authorize", { "hybrid_mcp.server": "oauth-broker" });
      const admission = await brokerOf(env, options.name).admit(resource, token);
      asking.end();
      return admission && { call: admission.call, props: { admission, telemetry, span } };
    },
    async handler(request, env, ctx) {
      const { telemetry, span } = ctx.props;
      return recorded(await handler(request, env, ctx), telemetry, span, (work) => ctx.waitUntil(work));
    },
  });

  async function handler(request: Request, env: Env, ctx: ProtectedContext<Admitted>): Promise<Response> {
    const { admission, telemetry, span } = ctx.props;
    const { call } = admission;
    const broker = brokerOf(env, options.name);
    const trace = traceIn(request);
    let tools: readonly AnyTool<Upstream>[];
    try {
      tools = toolsFor(env, clientSelection(request.headers));
    } catch (error) {
      if (!(error instanceof SelectionError)) throw error;
      return Response.json({ error: "bad_request", message: error.message }, { status: 400 });
    }
    const served = createMcpHandler(
      () =>
        mcpServer(
          { ...options, tools },
          {
            version: env.VERSION,
            credential: admission.credential,
            upstream: (upstreamCall) => options.upstream(env, upstreamCall),
            connectUrl: `${env.ISSUER}/auth/${options.name}`,
            telemetry,
            span,
            waitUntil: (work) => ctx.waitUntil(work),
            audit: (event) =>
              broker.record(
                {
                  time: Date.now(),
                  kind: "call",
                  ...event,
                  user: call.userId,
                  client: call.clientId,
                  grant: call.grantId,
                  service: options.name,
                  requestId: trace.id,
                  placement: env.PLACEMENT,
                },
                (work) => ctx.waitUntil(work),
              ),
          },
        ),
      { onerror: (error) => console.error(`${options.name}: ${trace.id}: ${error.message}`) },
    );
    return served.fetch(request, {
      authInfo: {
        // The kit's own code has it; tools never see it.
        token: "",
        clientId: call.clientId,
        scopes: call.scope,
        expiresAt: call.expiresAt,
        resourceMetadataUrl: metadataUrl(env.PUBLIC_URL),
      },
    });
  }

  const app = new Hono<{ Bindings: Env }>();

  app.use(async (context, next) => {
    const request = traced(context.req.raw, context.env.OTLP_TRACES_URL !== undefined);
    context.req.raw = request;
    await next();
    if (context.env.PLACEMENT === "droplet" && request.body && !request.bodyUsed) await discard(request.body);
    context.res.headers.set("x-served-by", context.env.PLACEMENT);
    context.res.headers.set("x-request-id", traceIn(request).id);
  });

  const health = (env: Env) => ({
    service: options.name,
    version: env.VERSION,
    placement: env.PLACEMENT,
    ...(env.REVISION !== undefined && { revision: env.REVISION }),
  });

  app.get("/health", ({ env, json, executionCtx }) => {
    // On the droplet it is asked every few seconds: the moment to send what a broker that was away has missed.
    brokerOf(env, options.name).flush((work) => executionCtx.waitUntil(work));
    return json({ status: "ok", ...health(env) });
  });

  app.get("/health/ready", async ({ env, json }) => {
    const broker = await brokerState(env, options.name);
    const ready = broker === "ok";
    return json({ status: ready ? "ok" : "unready", ...health(env), broker }, ready ? 200 : 503);
  });

  app.all("/mcp", ({ req, env, executionCtx }) => mcp(req.raw, env, executionCtx));
  app.get("/.well-known/oauth-protected-resource/mcp", ({ req, env, executionCtx }) => mcp(req.raw, env, executionCtx));

  app.notFound(({ json }) => json({ error: "not_found", message: "MCP is at POST /mcp" }, 404));
  app.onError((error, { json }) => {
    console.error(`${options.name}: ${error.stack ?? error.message}`);
    return json({ error: "internal_error" }, 500);
  });

  return { fetch: async (request, env, ctx) => app.fetch(request, env, ctx as never) };
}

/**
 * Reads a body that nobody wants. workerd cuts the connection of a request that it has not read (after 64 KiB of grace),
 * and the connector, still writing, may then take its answer for lost; Cloudflare's own edge sees to that itself.
 */
async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  try {
    for (let left = DISCARD_BYTES; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.byteLength;
    }
  } catch {
    // The client went away; nobody is waiting for the answer.
  }
}

/** Whether the broker answers this service, with this service's own secret: it is asked about a token that nobody has. */
async function brokerState(env: ServiceEnv, name: string): Promise<string> {
  try {
    const asked = brokerOf(env, name).admit(`${env.PUBLIC_URL}/mcp`, "is-the-broker-there");
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer in ${READY_TIMEOUT_MS} ms`)), READY_TIMEOUT_MS);
    });
    await Promise.race([asked, late]);
    return "ok";
  } catch (error) {
    return `unreachable: ${(error as Error).message}`;
  }
}
