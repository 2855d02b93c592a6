import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";

export interface DockerEngine {
  /** Absolute path of the engine's unix socket. */
  socket: string;
  /** As the engine gives it, e.g. `20.10.24+dfsg1`. */
  version: string;
}

/** Where engines listen: Docker's own default, rootless Docker, Docker Desktop, Colima. */
export function usualSockets(env: NodeJS.ProcessEnv = process.env): string[] {
  const home = env.HOME ?? homedir();
  return [
    "/var/run/docker.sock",
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, "docker.sock")] : []),
    join(home, ".docker", "run", "docker.sock"),
    join(home, ".docker", "desktop", "docker.sock"),
    join(home, ".colima", "default", "docker.sock"),
  ];
}

/**
 * Looks for a Docker Engine that answers: the one that `DOCKER_HOST` names if it is set, else those at the usual sockets.
 * @throws when `DOCKER_HOST` is no unix socket: the local stack's containers must be on this machine
 */
export async function findDocker(env: NodeJS.ProcessEnv = process.env): Promise<DockerEngine | undefined> {
  const host = env.DOCKER_HOST;
  if (host && !host.startsWith("unix://")) {
    throw new Error(
      `DOCKER_HOST is ${host}: the local stack needs a Docker Engine on this machine, as unix:///path/to/docker.sock. ` +
        "Set it so, or unset it.",
    );
  }
  for (const socket of host ? [host.slice("unix://".length)] : usualSockets(env)) {
    const version = await engineVersion(socket);
    if (version !== undefined) return { socket, version };
  }
  return undefined;
}

/**
 * Asks the engine behind a socket for its version (Docker Engine API, `GET /version`).
 * @returns undefined when none answers within three seconds
 */
export async function engineVersion(socket: string): Promise<string | undefined> {
  if (!existsSync(socket)) return undefined;
  try {
    const docker = new Docker({ socketPath: socket, timeout: 3_000 });
    await docker.ping();
    return (await docker.version()).Version;
  } catch {
    return undefined;
  }
}
