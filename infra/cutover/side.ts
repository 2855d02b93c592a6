import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Placement } from "@hybrid-mcp/catalogue";

/** What a side of a flip must answer at `/health`. */
export interface Expectation {
  service: string;
  placement: Placement;
  /** The bundle's version; undefined: any. */
  version?: string;
  /** The container's, on the droplet: of one version there can be two, with other settings. */
  revision?: string | undefined;
}

/** One answer of a side, or why there was none. */
export type Answer = { status: number; servedBy: string | undefined; body: string } | { unreachable: string };

/** Asks one origin for its health, for at most so many milliseconds; a parameter, so that gates are tested without a network. */
export type Ask = (origin: string, withinMs: number) => Promise<Answer>;

/** Longest wait for one health answer, in milliseconds. */
export const ANSWER_MS = 5_000;

/**
 * Asks one origin for its health once, on a connection of its own, so that no answer comes from a path that a route change has
 * already left.
 *
 * @param dial origin to connect to instead of looking up the host in DNS; it applies to https origins, whose hostnames
 *   belong to the edge; URL and Host stay those of `origin`
 * @param path `/health/ready` asks the service's broker too
 * @param options.withinMs how long the whole answer may take, in milliseconds
 */
export function healthOf(
  origin: string,
  dial: string | undefined,
  path = "/health",
  { withinMs = ANSWER_MS, method = "GET" } = {},
): Promise<Answer> {
  const url = new URL(path, origin);
  const target = dial && url.protocol === "https:" ? new URL(dial) : url;
  const request = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((settle) => {
    const resolve = (answer: Answer) => {
      clearTimeout(timer);
      settle(answer);
    };
    const outgoing = request(
      {
        host: target.hostname,
        port: target.port,
        path: url.pathname,
        method,
        headers: { host: url.host, accept: "application/json" },
        servername: url.hostname,
        agent: false,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (body.length < 4096) body += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, servedBy: response.headers["x-served-by"]?.toString(), body }),
        );
        response.on("error", (error) => resolve({ unreachable: error.message }));
      },
    );
    const timer = setTimeout(() => {
      resolve({ unreachable: `no answer in ${withinMs / 1000} s` });
      outgoing.destroy();
    }, withinMs);
    outgoing.on("error", (error) => resolve({ unreachable: error.message || String(error) }));
    outgoing.end();
  });
}

/**
 * Whether an answer is the expected side's own.
 *
 * @returns undefined when it is, else what is wrong with it, in words
 */
export function judge(answer: Answer, expected: Expectation): string | undefined {
  if ("unreachable" in answer) return answer.unreachable;
  if (answer.status !== 200) return `HTTP ${answer.status}: ${answer.body.trim().slice(0, 200) || "(empty)"}`;
  let health: { status?: unknown; service?: unknown; placement?: unknown; version?: unknown; revision?: unknown };
  try {
    health = JSON.parse(answer.body) ?? {};
  } catch {
    return `not JSON: ${answer.body.slice(0, 200)}`;
  }
  if (health.status !== "ok") return `status is ${JSON.stringify(health.status)}`;
  if (health.service !== expected.service) return `it is the service ${JSON.stringify(health.service)}`;
  if (answer.servedBy !== expected.placement) return `served by ${answer.servedBy}, not by ${expected.placement}`;
  if (health.placement !== expected.placement) return `its placement is ${JSON.stringify(health.placement)}`;
  if (expected.version !== undefined && health.version !== expected.version)
    return `version ${health.version}, not ${expected.version}`;
  if (expected.revision !== undefined && health.revision !== expected.revision) {
    return `revision ${health.revision}, not ${expected.revision}`;
  }
  return undefined;
}
