import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import type { ServerConfig } from "./config.ts";
import {
  connectLegacy,
  type LegacyConnection,
  type Notification,
  quoted,
  ServerFailure,
  ServerOutage,
} from "./legacy-connection.ts";
import manifest from "./package.json" with { type: "json" };
import type { ServerAccess } from "./upstream-server.ts";

/** Longest wait for a server to take part in a session, in milliseconds: a call may last, a greeting does not. */
const GREETING_MS = 10_000;

/** How the gateway names itself to servers. */
export const CLIENT_INFO = { name: manifest.name, version: manifest.version };

/** A session with a server, begun and ready for requests. */
export interface LegacySession extends Pick<LegacyConnection, "request" | "close"> {
  /** What the server offers. */
  capabilities: Record<string, unknown>;
  /** How it names itself. */
  serverInfo: unknown;
}

/**
 * Begins a session (MCP 2025-11-25, "Lifecycle"). The gateway has no capabilities of a client: it cannot ask one back.
 * @param waitUntil lets work go on after the answer: the goodbye to a server that does not take part
 * @throws {ServerFailure} when the server does not take part; the reason of the client's signal when that is aborted
 */
export async function openSession(
  config: ServerConfig,
  access: ServerAccess,
  waitUntil: (work: Promise<unknown>) => void,
  onNotification?: (notification: Notification) => void,
): Promise<LegacySession> {
  const connection = connectLegacy(config, access, onNotification);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `${config.title} did not answer within ${GREETING_MS / 1000} s.`;
    timer = setTimeout(() => reject(new ServerOutage(words)), GREETING_MS);
  });
  try {
    const offer = await Promise.race([greet(config, connection), late]);
    return { ...connection, ...offer };
  } catch (error) {
    waitUntil(connection.close());
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function greet(
  { title }: ServerConfig,
  connection: LegacyConnection,
): Promise<Pick<LegacySession, "capabilities" | "serverInfo">> {
  const answer = await connection.request("initialize", {
    protocolVersion: LATEST_PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: CLIENT_INFO,
  });
  if ("error" in answer) throw new ServerFailure(`${title} refused a session: ${quoted(answer.error.message)}.`);
  const { protocolVersion, capabilities, serverInfo } = answer.result;
  if (typeof protocolVersion !== "string" || !SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)) {
    throw new ServerFailure(`${title} speaks a version of MCP that the gateway does not know.`);
  }
  connection.setProtocolVersion(protocolVersion);
  await connection.notify("notifications/initialized");
  return { capabilities: isObject(capabilities) ? capabilities : {}, serverInfo };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
