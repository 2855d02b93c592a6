import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import Docker from "dockerode";
import { known } from "../known.ts";
import type { Host } from "./host.ts";
import { SshConnection } from "./ssh-connection.ts";

/** How long the engine may take to know how a command ended whose output has ended, in milliseconds. */
const ENDED_MS = 5_000;

/** Label that says what a container is to its stack. */
export const ROLE_LABEL = "hybrid-mcp-role";

/** What commands and hooks look for in a stack. */
export type Role = "backup" | "n8n" | "database";

/** How a command ended that ran in a container. */
export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * A client of the Docker Engine API, for what the program's hooks and the commands do beside the Docker provider.
 *
 * @param host as the provider takes it: `unix:///path`, `tcp://host:port` (TLS with the files of `DOCKER_CERT_PATH`, if it is
 *   set) or `ssh://[user@]host[:port]`
 * @param sshOptions of the ssh client, the same that the provider is given
 * @throws {Error} when the host is none of these
 */
export function engineClient(host: string, sshOptions: readonly string[] = []): Docker {
  // dockerode takes from DOCKER_HOST what is not said.
  const unset = { socketPath: undefined, host: undefined, port: undefined, protocol: "http" } as const;
  if (host.startsWith("unix://")) return new Docker({ ...unset, socketPath: host.slice("unix://".length) });
  const url = URL.parse(host);
  if (url?.protocol === "tcp:" && url.hostname) {
    const address = { host: url.hostname, port: url.port || "2375" };
    const certificates = process.env.DOCKER_CERT_PATH;
    if (!certificates) return new Docker({ ...unset, ...address });
    const pem = (name: string) => readFileSync(join(certificates, name));
    return new Docker({ ...address, protocol: "https", ca: pem("ca.pem"), cert: pem("cert.pem"), key: pem("key.pem") });
  }
  if (url?.protocol === "ssh:" && url.hostname) {
    // A connection is kept for the next request: each costs a handshake.
    const agent = new Agent({ keepAlive: true });
    agent.createConnection = () => new SshConnection(host, sshOptions);
    return new Docker({ ...unset, host: "docker.example.com", ...{ agent } });
  }
  throw new Error(`${host} is no Docker host: it must start with unix://, tcp:// or ssh://.`);
}

/** A client of the engine on a stack's droplet, once that is known: for hooks, which run during an update. */
export async function hostEngine({ connection }: Pick<Host, "connection">): Promise<Docker> {
  const { host, sshOptions } = await known(connection);
  return engineClient(host, sshOptions);
}

/**
 * Finds a stack's container by what it is.
 *
 * @param stack name of the stack (config key `hybrid-mcp:name`)
 * @returns undefined when there is none, running or not
 */
export async function containerOf(docker: Docker, stack: string, role: Role): Promise<Docker.Container | undefined> {
  return (await containersOf(docker, stack, role))[0];
}

/** As `containerOf`, all of them: while one takes another's place there are two. */
export async function containersOf(docker: Docker, stack: string, role: Role): Promise<Docker.Container[]> {
  const filters = { label: [`hybrid-mcp=${stack}`, `${ROLE_LABEL}=${role}`] };
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
}

/** For `catch` of a look at a container. Docker Engine API: 404 when there is none. */
export function unlessGone(error: { statusCode?: number }): undefined {
  if (error.statusCode !== 404) throw error;
}

/** For `catch` of a container's stop. Docker Engine API: 304 when it does not run. */
export function unlessStopped(error: { statusCode?: number }): void {
  if (error.statusCode !== 304) throw error;
}

/**
 * Runs a command in a running container, to its end (Docker Engine API, `POST /containers/{id}/exec`).
 *
 * @param command program and arguments; no secret belongs there: everybody on the machine sees them
 * @param options.onOutput gets what the command prints, as it comes
 * @param options.env variables for this command alone, `NAME=value`
 * @returns its exit code and all that it printed
 * @throws {Error} when the container does not run, or the connection breaks before the command's end; it may go on then
 */
export async function execIn(
  container: Docker.Container,
  command: string[],
  options: { onOutput?: (text: string, stream: "stdout" | "stderr") => void; env?: string[] } = {},
): Promise<ExecResult> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Env: options.env });
  const stream = await exec.start({});
  const printed = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof printed) =>
    new PassThrough({ encoding: "utf8" }).on("data", (text: string) => {
      printed[name] += text;
      options.onOutput?.(text, name);
    });
  const [stdout, stderr] = [collect("stdout"), collect("stderr")];
  container.modem.demuxStream(stream, stdout, stderr);
  await finished(stream, { writable: false });
  stdout.end();
  stderr.end();
  await Promise.all([finished(stdout), finished(stderr)]);
  return { exitCode: await exitCode(exec, command), ...printed };
}

async function exitCode(exec: Docker.Exec, command: string[]): Promise<number> {
  const deadline = performance.now() + ENDED_MS;
  for (;;) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    if (performance.now() > deadline) {
      throw new Error(`The connection to the Docker Engine broke off while ${command[0]} ran; it may go on there.`);
    }
    await delay(50);
  }
}
