import type Docker from "dockerode";
import { engineClient } from "../../../infra/droplet/engine-client.ts";
import type { OperationContext, Properties } from "../core/resource-type.ts";

/** What Docker Engine said, e.g. `Docker Engine: Conflict. The container name "/coda" is already in use (HTTP 409).` */
export class DockerError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

const engines = new Map<string, Docker>();

/**
 * Docker Engine, as `host` of the provider or DOCKER_HOST names it (`unix://`, `tcp://`, `ssh://`), else the local one.
 * @throws DockerError when the address makes no sense
 */
export async function dockerEngine({ config }: OperationContext): Promise<Docker> {
  const host = config.host === undefined ? "" : String(config.host);
  const known = engines.get(host);
  if (known) return known;
  const { default: Client } = await import("dockerode");
  const engine = host.startsWith("ssh://")
    ? engineClient(host, sshOptionsOf(config))
    : new Client(host ? addressOf(host) : undefined);
  engines.set(host, engine);
  return engine;
}

/** The engine hands a provider's lists over as JSON text. */
function sshOptionsOf({ sshOpts }: Properties): string[] {
  return (typeof sshOpts === "string" ? JSON.parse(sshOpts) : (sshOpts ?? [])) as string[];
}

function addressOf(host: string): Docker.DockerOptions {
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    throw new DockerError(
      `The Docker host "${host}" is not an address such as unix:///var/run/docker.sock.`,
      undefined,
    );
  }
  return { protocol: url.port === "2376" ? "https" : "http", host: url.hostname, port: url.port || 2375 };
}

/**
 * The answer of a call to the engine.
 * @throws DockerError in the engine's own words
 */
export async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw described(error);
  }
}

/** The answer, or undefined where the engine says that there is no such thing (404). */
export async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await asked(call);
  } catch (error) {
    if (error instanceof DockerError && error.status === 404) return undefined;
    throw error;
  }
}

function described(error: unknown): Error {
  if (error instanceof DockerError) return error;
  const { statusCode, json, message, code, address } = error as {
    statusCode?: number;
    json?: { message?: string };
    message: string;
    code?: string;
    address?: string;
  };
  if (statusCode !== undefined) {
    const said = json?.message ?? message;
    return new DockerError(`Docker Engine: ${said.replace(/\.$/, "")} (HTTP ${statusCode}).`, statusCode);
  }
  const reason = `${message}${address ? ` (${address})` : ""}`;
  return new DockerError(code ? `Cannot reach Docker Engine: ${reason}.` : reason, undefined);
}
