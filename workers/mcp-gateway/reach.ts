import type { GatewayRequest } from "./gateway-request.ts";
import { Health } from "./health.ts";
import { ServerFailure, ServerOutage } from "./legacy-connection.ts";
import type { ServerAccess, UpstreamServer } from "./upstream-server.ts";

/** Of every server, as this Worker sees it. */
export const health = new Health();

/**
 * Speaks to a server for a request, unless it is known to be down; what comes of it tells about its health.
 *
 * @param timeoutMs longest wait for `work`, in milliseconds
 * @param what is asked of it, e.g. `tools/list`
 * @throws {ServerFailure} with a sentence for people when it does not work; the client's own reason when it went away
 */
export async function reach<Result>(
  server: UpstreamServer,
  request: GatewayRequest,
  timeoutMs: number,
  what: string,
  work: (access: ServerAccess) => Promise<Result>,
): Promise<Result> {
  const { name, title } = server.config;
  const entry = request.admission.entryTo(server.config);
  if ("problem" in entry) throw new ServerFailure(entry.problem);
  if (!health.allow(name)) throw notAsked(title, name);
  const started = performance.now();
  const limit = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new ServerOutage(`${title} did not answer within ${timeoutMs / 1000} s.`));
    limit.abort();
  }, timeoutMs);
  const span = request.telemetry.client(what, {
    "hybrid_mcp.server": name,
    "server.address": new URL(server.config.url).hostname,
  });
  const access: ServerAccess = {
    headers: entry.headers,
    traceparent: span.traceparent,
    signal: AbortSignal.any([request.signal, limit.signal]),
  };
  try {
    // Not every answer heeds the signal.
    const result = await Promise.race([work(access), late.promise]);
    health.succeeded(name, performance.now() - started);
    span.end();
    return result;
  } catch (error) {
    span.end({}, request.signal.aborted ? "cancelled" : "server_failure");
    if (request.signal.aborted) throw error;
    const failure = error instanceof ServerFailure ? error : new ServerFailure(`${title} did not answer with MCP.`);
    if (failure !== error) {
      console.error(`mcp-gateway: ${request.trace.id}: ${name}: ${(error as Error).message}`);
    }
    if (isDown(failure, what)) health.failed(name, failure.message);
    // A server that refuses answers.
    else health.succeeded(name);
    throw failure;
  } finally {
    clearTimeout(timer);
  }
}

const REFUSALS: (number | undefined)[] = [401, 403, 429];
const OUTAGES: (number | undefined)[] = [502, 503, 504];

/**
 * Whether a failure tells that a server is down. What one person's call brings about, such as an answer that is too large,
 * must not close the server to others; a list is the same for all.
 */
function isDown(failure: ServerFailure, what: string): boolean {
  if (REFUSALS.includes(failure.status)) return false;
  return what.endsWith("/list") || failure instanceof ServerOutage || OUTAGES.includes(failure.status);
}

function notAsked(title: string, name: string): ServerFailure {
  const { reason = `${title} did not answer.`, retryAfterMs } = health.state(name);
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return new ServerFailure(`${reason} It is asked again in ${seconds} s.`, 503, seconds);
}
