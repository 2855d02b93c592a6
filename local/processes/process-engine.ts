import { chmodSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { Containers } from "./containers.ts";
import { dockerApi } from "./docker-api.ts";
import { ImageStore } from "./image-store.ts";
import { openRecords } from "./record-file.ts";

export interface ProcessEngineOptions {
  /** Where images, containers and their state are kept; made if missing, readable for its owner only. */
  dir: string;
  /** Path of the unix socket to answer on, for DOCKER_HOST=unix://<path>. */
  socket: string;
  /** Takes lines for the log file: restarts and unexpected errors, never environments. */
  log(line: string): void;
}

export interface ProcessEngine {
  /** `{ "<container name or network alias>:<port>": "127.0.0.1:<port>" }` of all that runs, always current. */
  readonly hostsFile: string;
  /** Stops all processes and the server; the next start goes on where this one ended. */
  close(): Promise<void>;
}

/**
 * For machines without Docker: answers the part of the Docker Engine API that dockerode, our docker provider and
 * `docker ps` use, and runs "containers" as plain processes of this user, without isolation. A container's process gets
 * its own environment plus PATH, HOME, `CONNECTOR_HOSTS_FILE` and, where the image exposes a port, `LISTEN`, the loopback
 * address to listen on. What a killed engine left running is ended and started again.
 * @throws Error when another engine answers on the socket
 */
export async function createProcessEngine({ dir, socket, log }: ProcessEngineOptions): Promise<ProcessEngine> {
  await mkdir(dirname(socket), { recursive: true });
  if (await answers(socket)) throw new Error(`Another engine answers on ${socket}; stop it first.`);
  await rm(socket, { force: true });
  const file = openRecords(dir);
  const images = new ImageStore(file, dir);
  const containers = new Containers(file, dir, images, log);
  await Promise.all(["images", "containers", "volumes"].map((name) => mkdir(join(dir, name), { recursive: true })));
  await containers.restore();

  const api = dockerApi({ dir, file, images, containers, log });
  const server = createServer((request, response) => void api(request, response));
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(socket, done);
  });
  chmodSync(socket, 0o600);
  return {
    hostsFile: containers.hostsFile,
    async close() {
      server.close();
      await containers.suspend();
      server.closeAllConnections();
      await rm(socket, { force: true });
    },
  };
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      done(true);
    });
    connection.once("error", () => done(false));
  });
}
