import { randomBytes } from "node:crypto";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import { UserError } from "../cli/user-error.ts";
import { standInAddresses } from "../cloud/stand-ins.ts";

/** The API behind the service that is developed, and the token with which everybody uses it until they connect their own. */
export interface DevUpstream {
  kind: "stand-in" | "real";
  /** Base URL, without a trailing slash. */
  apiUrl: string;
  /** Undefined where everybody connects an account of their own. */
  token?: string;
}

/** Names of the variables with which a developer asks for the real API. */
export function upstreamVariables(service: ServiceName): { url: string; token: string } {
  const prefix = service.toUpperCase();
  return { url: `${prefix}_API_URL`, token: `${prefix}_API_TOKEN` };
}

/** New tokens of the organisation at the stand-ins, for one run. */
export function standInTokens() {
  return { coda: randomBytes(18).toString("hex"), firecrawl: `fc-${randomBytes(16).toString("hex")}` };
}

/**
 * The upstream of a service: the real one when the environment names it, else the stand-in.
 *
 * @param standIns origin of the stand-ins
 * @throws {UserError} when the environment names half of the real one, or no URL
 */
export function devUpstream(
  service: ServiceName,
  standIns: string,
  tokens: ReturnType<typeof standInTokens>,
  env: NodeJS.ProcessEnv = process.env,
): DevUpstream {
  const names = upstreamVariables(service);
  const [url, token] = [env[names.url], env[names.token]];
  if (!url && !token) {
    const shared = service === "github" ? {} : { token: tokens[service] };
    return { kind: "stand-in", apiUrl: standInAddresses(standIns).upstreams[service], ...shared };
  }
  if (!url || !token) {
    throw new UserError(`${names.url} and ${names.token} go together: set both for the real API, or none.`);
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UserError(`${names.url} must be an http(s) URL such as https://api.example.com, not ${url}.`);
  }
  return { kind: "real", apiUrl: url.replace(/\/+$/, ""), token };
}

/** `host:port` of a URL, as the rule about what Workers may fetch compares it. */
export function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
