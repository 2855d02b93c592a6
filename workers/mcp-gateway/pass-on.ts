import { insufficientScope } from "@cloudflare/workers-oauth-provider";
import type { ServerConfig } from "./config.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { ErrorCode, errorResponse, type JsonRpcRequest, REFUSED } from "./json-rpc.ts";
import { ServerFailure } from "./legacy-connection.ts";
import { firstScope, forgetList, gather, isSelected, listOf, mayUse, ownerOf, scopeOf, splitName } from "./lists.ts";
import { reach } from "./reach.ts";
import { type Subject, subjectsOf, textOf } from "./subject.ts";
import { isTaken } from "./tool-names.ts";
import type { ForwardedRequest, UpstreamServer } from "./upstream-server.ts";

/** Seconds of the rate limit's period. */
const LIMIT_PERIOD_S = 60;

/** What a server's answer keeps of its headers: nothing that is about the connection, the server's sign-in or cookies. */
const KEPT_HEADERS = ["content-type", "cache-control", "x-accel-buffering", "retry-after"];

/** A refusal of the gateway, which ends the request. */
class Refusal extends Error {
  readonly response: Response;

  constructor(reason: string, response: Response) {
    super(reason);
    this.response = response;
  }
}

/** To whom a request goes, and what it needs. */
interface Target {
  server: UpstreamServer;
  /** With the server's own names in it. */
  message: JsonRpcRequest;
  scope: string;
  /** The tool as clients know it; undefined for what is no call of one. */
  tool?: string;
  /** Whether it may change something. */
  changes?: boolean;
}

/**
 * Checks a request that belongs to one server, and passes it on. What it may do is read from its body.
 *
 * @param headers of the client's request
 * @param auth of the resource server, for challenges
 */
export function passOn(
  message: JsonRpcRequest,
  headers: Headers,
  request: GatewayRequest,
  auth: { audience: string },
): Promise<Response> {
  const work = checkedAndPassedOn(message, headers, request, auth);
  // From the beginning: a client that goes away ends all other work, and the trail would not hear of its call.
  request.waitUntil(work.catch(() => undefined));
  return work;
}

async function checkedAndPassedOn(
  message: JsonRpcRequest,
  headers: Headers,
  request: GatewayRequest,
  auth: { audience: string },
): Promise<Response> {
  const started = performance.now();
  // What a client calls it counts for nothing until it is found: a name that is not there is the client's own words.
  let label = serverLabel(message, request);
  const ended = (decision: "allowed" | "denied" | "failed", reason?: string) => {
    request.span.add({}, decision === "allowed" ? undefined : decision);
    request.audit({ decision, tool: label, durationMs: performance.now() - started, ...(reason && { reason }) });
  };
  request.span.name = message.method;
  request.span.add({ "mcp.method.name": message.method });
  let target: Target | undefined;
  try {
    target = await targetOf(message, request, auth).catch(async (error) => {
      await withinLimit(message, label, request);
      throw error;
    });
    if (target.tool !== undefined) {
      label = target.tool;
      request.span.name = `${message.method} ${label}`;
      request.span.add({ "gen_ai.tool.name": label });
    }
    await withinLimit(message, label, request);
    authorize(target.scope, target.server.config, message, request, auth);
    const response = await forwarded(target, headers, request, auth);
    // A service of the platform tells the trail itself.
    if (target.server.config.auth.kind !== "service") ended("allowed");
    return response;
  } catch (error) {
    if (error instanceof Refusal) {
      if (await isTold(request)) ended("denied", error.message);
      return error.response;
    }
    if (request.signal.aborted) {
      ended("failed", "cancelled");
      return new Response(null, { status: 499 });
    }
    if (!(error instanceof ServerFailure)) throw error;
    ended("failed", "the server did not answer as it should");
    return errorResponse(message.id, ErrorCode.internal, error.message + next(error, target), {
      headers: error.retryAfter === undefined ? {} : { "retry-after": error.retryAfter },
    });
  }
}

/** What to do next after a failure, where it does not say so itself. @param target undefined: nothing was passed on */
function next({ status = 500, retryAfter }: ServerFailure, target: Target | undefined): string {
  if (retryAfter !== undefined || status < 500) return "";
  return target?.changes ? " It may have been done all the same: look before you try again." : " Try again in a while.";
}

async function withinLimit({ id }: JsonRpcRequest, label: string, { env, admission }: GatewayRequest): Promise<void> {
  const { success } = await env.CALL_LIMIT.limit({ key: `${admission.call.userId}:${label}` });
  if (success) return;
  const message = `Too many calls of ${label}. Try again in ${LIMIT_PERIOD_S} seconds.`;
  const response = { status: 429, headers: { "retry-after": String(LIMIT_PERIOD_S) } };
  throw new Refusal("too many calls", errorResponse(id, REFUSED, message, response));
}

/** The trail gets no more refusals of one person in a minute than calls of one tool: a client that runs wild must not fill it. */
async function isTold({ env, admission }: GatewayRequest): Promise<boolean> {
  return (await env.CALL_LIMIT.limit({ key: `${admission.call.userId}:refusals` })).success;
}

/** Of a call whose tool is not known yet, the server that it is for. */
function serverLabel({ method, params }: JsonRpcRequest, { env }: GatewayRequest): string {
  const found = method === "tools/call" ? splitName(env.GATEWAY_CONFIG.servers, textOf(params?.name)) : undefined;
  return found ? `${found.server.name}_*` : method;
}

/** @throws {Refusal} for what is not there, or not for this person */
async function targetOf(message: JsonRpcRequest, request: GatewayRequest, auth: { audience: string }): Promise<Target> {
  return message.method === "tools/call"
    ? toolTarget(message, request, auth)
    : listedTarget(message, subjectsOf(message), request);
}

async function toolTarget(
  message: JsonRpcRequest,
  request: GatewayRequest,
  auth: { audience: string },
): Promise<Target> {
  const { admission, servers } = request;
  const name = textOf(message.params?.name);
  const found = splitName(request.env.GATEWAY_CONFIG.servers, name);
  const server = servers.find(({ config }) => config === found?.server);
  if (!found || !server || !mayUse(found.server, admission.viewer.allowed)) {
    throw unknown(message, `Unknown tool: ${name}`);
  }
  const { config } = server;
  // Without any scope of such a server there is no credential with which to ask for its tools.
  if (config.auth.kind === "connection" && !mayUse(config, new Set(admission.call.scope))) {
    authorize(firstScope(config), config, message, request, auth);
  }
  const { items } = await listOf("tools", server, request);
  const tool = items.find((each) => each.name === found.tool && isTaken(config.name, each.name));
  const scope = tool && isSelected(config.name, tool, request.selection) && scopeOf(config, tool);
  if (!scope) throw unknown(message, `Unknown tool: ${name}`);
  const changes = (tool.annotations as { readOnlyHint?: boolean } | undefined)?.readOnlyHint !== true;
  return {
    server,
    scope,
    changes,
    tool: name,
    message: { ...message, params: { ...message.params, name: found.tool } },
  };
}

async function listedTarget(message: JsonRpcRequest, subjects: Subject[], request: GatewayRequest): Promise<Target> {
  const lists = await Promise.all(
    subjects.map(async ({ kind, id }) => ({ kind, id, parts: await gather(kind, request) })),
  );
  for (const { kind, id, parts } of lists) {
    const server = ownerOf(kind, id, parts);
    if (server) return { server, message, scope: firstScope(server.config) };
  }
  const missing = new Set(lists.flatMap(({ parts }) => parts.flatMap((part) => part.missing)));
  const id = subjects[0]?.id ?? "";
  const resource = message.method === "resources/read";
  const words = `${resource ? "Resource not found" : "Not found"}: ${id}`;
  throw unknown(message, [`${words}.`, ...missing].join(" "), resource ? { uri: id } : undefined);
}

/**
 * Lets through who has been granted what is needed. What the policy allows can be granted: the challenge names every scope
 * that the new token has to have, the granted ones among them (RFC 6750 section 3.1). What it does not allow is refused
 * without a challenge, which would send the person round in circles.
 * @throws {Refusal}
 */
function authorize(
  scope: string,
  { title }: ServerConfig,
  message: JsonRpcRequest,
  { admission }: GatewayRequest,
  auth: { audience: string },
): void {
  const { call, viewer } = admission;
  if (call.scope.includes(scope)) return;
  if (!viewer.allowed.has(scope)) {
    const words = `This needs ${scope}, which nobody has allowed you in ${title}. Ask an administrator.`;
    const response = errorResponse(message.id, REFUSED, words, { status: 403 });
    throw new Refusal(`it needs ${scope}, which the policy does not allow`, response);
  }
  const words = `This needs the scope ${scope}`;
  const response = insufficientScope(auth as never, [...call.scope, scope], words);
  throw new Refusal(`it needs ${scope}`, response);
}

function unknown(message: JsonRpcRequest, words: string, data?: object): Refusal {
  const response = errorResponse(message.id, ErrorCode.invalidParams, words, data && { data });
  return new Refusal("there is no such thing", response);
}

async function forwarded(
  { server, message }: Target,
  headers: Headers,
  request: GatewayRequest,
  auth: { audience: string },
): Promise<Response> {
  const { callTimeoutMs } = request.env.GATEWAY_CONFIG;
  const sent: ForwardedRequest = { message, headers: headersFor(message, headers) };
  const { config } = server;
  const what = message.method === "tools/call" ? `${message.method} ${textOf(message.params?.name)}` : message.method;
  const response = await reach(server, request, callTimeoutMs, what, async (access) => {
    const response = await server.forward(sent, access);
    await throwIfBroken(response, config);
    return response;
  });
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    refused(response, config, message, request, auth);
  }
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
  return new Response(response.body, { status: response.status, headers: kept });
}

/** @throws {ServerFailure} for an answer that is not one of MCP, refusals apart */
async function throwIfBroken(response: Response, { title }: ServerConfig): Promise<void> {
  const { status, headers } = response;
  if (status === 401 || status === 403) return;
  const isMcp = /^(application\/json|text\/event-stream)\b/i.test(headers.get("content-type") ?? "");
  if (isMcp && status !== 429 && status < 500) return;
  await response.body?.cancel();
  const words = isMcp || status >= 400 ? `with HTTP ${status}` : "with something else than MCP";
  throw new ServerFailure(`${title} answered ${words}.`, status, headers.get("retry-after") ?? undefined);
}

/** A server's own challenge leads to the server's own sign-in, with which the client has nothing to do. */
function refused(
  response: Response,
  config: ServerConfig,
  message: JsonRpcRequest,
  request: GatewayRequest,
  auth: { audience: string },
): never {
  request.admission.forget(config);
  const challenge = response.headers.get("www-authenticate") ?? "";
  const needed = /\bscope="([^"]*)"/.exec(challenge)?.[1]?.split(" ") ?? [];
  const own = config.scopes.map(({ name }) => name).filter((name) => needed.includes(name));
  // The tool needs another scope than it did when it was listed.
  if (response.status === 403 && own.length > 0) {
    forgetList("tools", config, request.admission.viewer);
    for (const scope of own) authorize(scope, config, message, request, auth);
  }
  throw new ServerFailure(`${config.title} did not let the gateway in (HTTP ${response.status}).`, response.status);
}

/** Of the client's headers those of MCP; what mirrors a name in the body mirrors the server's own. */
function headersFor(message: JsonRpcRequest, headers: Headers): Headers {
  const sent = new Headers();
  for (const [name, value] of headers) {
    if (name === "accept" || (name.startsWith("mcp-") && name !== "mcp-session-id")) sent.set(name, value);
  }
  if (message.method === "tools/call" && sent.has("mcp-name")) sent.set("mcp-name", textOf(message.params?.name));
  return sent;
}
