import type { GatewayRequest } from "./gateway-request.ts";
import { ServerFailure } from "./legacy-connection.ts";
import type { ServerAccess, UpstreamServer } from "./upstream-server.ts";

/**
 * Speaks to a server for a request.
 *
 * @param timeoutMs longest wait for `work`, in milliseconds
 * @throws {ServerFailure} with a sentence for people when it does not work; the client's own reason when it went away
 */
export async function reach<Result>(
  server: UpstreamServer,
  request: GatewayRequest,
  timeoutMs: number,
  work: (access: ServerAccess) => Promise<Result>,
): Promise<Result> {
  const { title } = server.config;
  const entry = request.admission.entryTo(server.config);
  if ("problem" in entry) throw new ServerFailure(entry.problem);
  const limit = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new ServerFailure(`${title} did not answer within ${timeoutMs / 1000} s.`));
    limit.abort();
  }, timeoutMs);
  const access: ServerAccess = {
    headers: entry.headers,
    traceparent: request.trace.traceparent,
    signal: AbortSignal.any([request.signal, limit.signal]),
  };
  try {
    // Not every answer heeds the signal.
    return await Promise.race([work(access), late.promise]);
  } catch (error) {
    if (request.signal.aborted || error instanceof ServerFailure) throw error;
    console.error(`mcp-gateway: ${request.trace.id}: ${server.config.name}: ${(error as Error).message}`);
    throw new ServerFailure(`${title} did not answer with MCP.`);
  } finally {
    clearTimeout(timer);
  }
}
