import type { ConnectionsConfig } from "@hybrid-mcp/oauth-broker/config";
import type { GatewayBinding } from "@hybrid-mcp/service-kit/broker-contract";
import type { TelemetryEnv } from "@hybrid-mcp/service-kit/telemetry";

/** An MCP server behind the gateway (binding `GATEWAY_CONFIG`, JSON). */
export interface ServerConfig {
  /** Prefix of its tools: `<name>_<tool>`; lower-case letters, digits and dashes. */
  name: string;
  /** For people. */
  title: string;
  /** Its MCP endpoint, e.g. `https://coda-mcp.example.com/mcp`. */
  url: string;
  /** How it is spoken to; `auto` finds out whether it speaks MCP 2026-07-28 or a 2025 version; `sse` is the older HTTP+SSE. */
  transport: "auto" | "sse";
  /**
   * What it is shown: a service of the platform the broker's service token; another server nothing, a secret in a header
   * (from `SERVER_SECRETS`), or the person's own connection to an upstream as a bearer token.
   */
  auth:
    | { kind: "service" }
    | { kind: "none" }
    | { kind: "header"; header: string }
    | { kind: "connection"; of: keyof ConnectionsConfig };
  /**
   * Scopes in order, lowest first; a later one implies the earlier. A tool needs the scope that lists it, else the one that
   * it names itself, else the last.
   */
  scopes: { name: string; description: string; tools?: readonly string[] }[];
}

/** What the gateway is told of the stack. */
export interface GatewayConfig {
  /** In the order in which clients see them. */
  servers: ServerConfig[];
  /** Longest wait for one server's lists, in milliseconds. */
  listTimeoutMs: number;
  /** How long a list is good for, in milliseconds: for clients (`ttlMs`) and in the gateway's own memory. */
  listTtlMs: number;
  /** Longest wait for the beginning of a server's answer to a call, in milliseconds. */
  callTimeoutMs: number;
  /** Largest request body, in bytes. */
  maxBodyBytes: number;
}

/** https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
export interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

export interface GatewayEnv extends TelemetryEnv {
  VERSION: string;
  /** Origin at which clients reach the gateway, e.g. `https://mcp.example.com`. */
  PUBLIC_URL: string;
  /** The broker's public origin. */
  ISSUER: string;
  GATEWAY_CONFIG: GatewayConfig;
  BROKER: GatewayBinding;
  /** JSON: the secret of each server with `auth.kind` "header", by its name. */
  SERVER_SECRETS: string;
  /** Calls of one person of one tool; its period is a minute. */
  CALL_LIMIT: RateLimit;
}
