import { recordEvent } from "@hybrid-mcp/service-kit/record-event";
import { metadataUrl, type ProtectedContext, resourceServer } from "@hybrid-mcp/service-kit/resource-server";
import { type ActiveSpan, recorded, Telemetry } from "@hybrid-mcp/service-kit/telemetry";
import { clientSelection, SelectionError, type ToolSelection } from "@hybrid-mcp/service-kit/tool-selection";
import { traced, traceIn } from "@hybrid-mcp/service-kit/trace";
import { readRequestBody } from "@modelcontextprotocol/server";
import { type Context, Hono } from "hono";
import { type Admission, admit } from "./admission.ts";
import type { GatewayEnv } from "./config.ts";
import { directoryFor, openDirectory } from "./directory.ts";
import { DirectoryPage, PAGE_POLICY } from "./directory-page.tsx";
import type { GatewayRequest } from "./gateway-request.ts";
import { ErrorCode, errorResponse, isRequest, REFUSED } from "./json-rpc.ts";
import { serveMcp } from "./mcp.ts";
import { serversFor } from "./subject.ts";
import { upstreamServers } from "./upstream-servers.ts";

const NAME = "mcp-gateway";

/** What the resource server hands to the handler. */
interface Props {
  admission: Admission;
  body: Body;
  telemetry: Telemetry;
  /** The request's own. */
  span: ActiveSpan;
}

/** A request's body, read once. */
type Body = { json: unknown } | { problem: "none" | "too large" | "not JSON" };

const guarded = resourceServer<GatewayEnv, Props>({
  title: "MCP gateway",
  scopes: (env) => env.GATEWAY_CONFIG.servers.flatMap(({ scopes }) => scopes.map(({ name }) => name)),
  async admit(request, env, _, token) {
    const telemetry = new Telemetry(
      env,
      { service: NAME, version: env.VERSION, placement: "workers" },
      traceIn(request),
    );
    const span = telemetry.server(request.method);
    // It says which servers are about to be called: so the broker is asked once.
    const body = await readBody(request, env.GATEWAY_CONFIG.maxBodyBytes);
    const { servers } = env.GATEWAY_CONFIG;
    const message = "json" in body && isRequest(body.json) ? body.json : undefined;
    const listed = message ?? (isDirectory(request) ? LIST_TOOLS : undefined);
    const asking = telemetry.client("authorize", { "hybrid_mcp.server": "oauth-broker" });
    const admission = await admit(env, token, (viewer) => (listed ? serversFor(listed, servers, viewer) : []));
    asking.end();
    return admission && { call: admission.call, props: { admission, body, telemetry, span } };
  },
  async handler(request, env, ctx) {
    const { telemetry, span } = ctx.props;
    return recorded(await handle(request, env, ctx), telemetry, span, (work) => ctx.waitUntil(work));
  },
});

/** What the directory shows of each server. */
const LIST_TOOLS = { jsonrpc: "2.0", id: 0, method: "tools/list" } as const;

const isDirectory = (request: Request) => new URL(request.url).pathname === "/mcp/servers";

async function handle(request: Request, env: GatewayEnv, ctx: ProtectedContext<Props>): Promise<Response> {
  const { admission, body, telemetry, span } = ctx.props;
  const { call } = admission;
  const selection = selectionIn(request.headers);
  if (selection instanceof SelectionError) {
    return Response.json({ error: "bad_request", message: selection.message }, { status: 400 });
  }
  const trace = traceIn(request);
  const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work);
  const gatewayRequest: GatewayRequest = {
    env,
    servers: upstreamServers(env.GATEWAY_CONFIG, waitUntil),
    admission,
    trace,
    telemetry,
    span,
    selection,
    waitUntil,
    signal: request.signal,
    audit(event) {
      const user = { user: call.userId, client: call.clientId, grant: call.grantId };
      const line = { time: Date.now(), kind: "call", ...event, ...user, service: NAME, requestId: trace.id } as const;
      recordEvent(env.BROKER, { ...line, placement: "workers" }, waitUntil);
    },
  };
  if (isDirectory(request)) return Response.json(await directoryFor(gatewayRequest), { headers: PRIVATE });
  if ("json" in body) return serveMcp(request, body.json, gatewayRequest, ctx.auth);
  if (body.problem === "too large") {
    const words = `The request is larger than ${env.GATEWAY_CONFIG.maxBodyBytes} bytes.`;
    return errorResponse(null, REFUSED, words, { status: 413 });
  }
  return errorResponse(null, ErrorCode.parse, "The body is not JSON.", { status: 400 });
}

/** Which tools a client wants to see. Toolsets belong to one service each, so at the gateway they are the operator's to choose. */
function selectionIn(headers: Headers): ToolSelection | SelectionError {
  try {
    const { toolsets, ...selection } = clientSelection(headers);
    if (!toolsets) return selection;
    return new SelectionError(
      "X-MCP-Toolsets is for a service itself: at the gateway the stack's config chooses toolsets.",
    );
  } catch (error) {
    if (error instanceof SelectionError) return error;
    throw error;
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Body> {
  if (request.method !== "POST") return { problem: "none" };
  const read = await readRequestBody(request, maxBytes);
  if (read.tooLarge) return { problem: "too large" };
  try {
    return { json: JSON.parse(read.text) };
  } catch {
    return { problem: "not JSON" };
  }
}

const PRIVATE = { "cache-control": "private, no-store", vary: "authorization, accept" };

/**
 * The gateway's HTTP side, to be mounted at its own origin.
 *
 * - `POST /mcp`, and the same at `POST /mcp/sse` for clients that are configured with the older path.
 * - `GET /mcp/servers`: what is behind it; signed in with a bearer token, what of it the person may use.
 * - `GET /health`, and RFC 9728 metadata.
 *
 * Every response carries `x-served-by: workers` and `x-request-id`.
 */
export const app = new Hono<{ Bindings: GatewayEnv }>();

app.use(async (c, next) => {
  const request = traced(c.req.raw, c.env.OTLP_TRACES_URL !== undefined);
  c.req.raw = request;
  await next();
  c.res.headers.set("x-served-by", "workers");
  c.res.headers.set("x-request-id", traceIn(request).id);
});

type Ctx = Context<{ Bindings: GatewayEnv }>;

const mcp = ({ req, env, executionCtx }: Ctx) => guarded(req.raw, env, executionCtx);
const postOnly = (c: Ctx) =>
  c.json(
    { error: "method_not_allowed", message: `MCP is at POST ${c.env.PUBLIC_URL}/mcp, over Streamable HTTP.` },
    405,
    {
      allow: "POST",
      "access-control-allow-origin": "*",
    },
  );

for (const path of ["/mcp", "/mcp/sse"]) {
  app.post(path, mcp);
  app.options(path, mcp);
  app.all(path, postOnly);
}

app.get("/mcp/servers", async (c) => {
  if (c.req.header("authorization") !== undefined) return mcp(c);
  const servers = openDirectory(c.env.GATEWAY_CONFIG);
  if (!c.req.header("accept")?.includes("text/html")) return c.json({ servers }, 200, PRIVATE);
  return c.html(<DirectoryPage servers={servers} brokerUrl={c.env.ISSUER} mcpUrl={`${c.env.PUBLIC_URL}/mcp`} />, 200, {
    ...PRIVATE,
    ...PAGE_POLICY,
  });
});

app.get("/health", ({ env, json }) =>
  json({ status: "ok", service: NAME, version: env.VERSION, placement: "workers" }),
);

app.get(new URL(metadataUrl("http://gateway")).pathname, mcp);

app.notFound((c) =>
  c.json({ error: "not_found", message: "MCP is at POST /mcp, and what is behind it at GET /mcp/servers." }, 404),
);
app.onError((error, c) => {
  console.error(`mcp-gateway: ${error.stack ?? error.message}`);
  return c.json({ error: "internal_error" }, 500);
});
