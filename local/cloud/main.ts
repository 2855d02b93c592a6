import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createProcessEngine } from "../processes/process-engine.ts";
import { createApi } from "./api/create-api.ts";
import { serve } from "./api/server.ts";
import type { EdgeDirectory, TunnelConnections, WorkersRuntime } from "./contracts.ts";
import { createEdge, type Edge } from "./edge/edge.ts";
import type { LocalCloudMessage, LocalCloudOptions } from "./options.ts";
import { serveAllStandIns } from "./stand-ins.ts";
import { Store } from "./store.ts";
import { createWorkersRuntime } from "./workers/runtime.ts";

const LOOPBACK = "127.0.0.1";
/** How long calls that run may take to end when the local cloud is stopped, in milliseconds. */
const GRACE_MS = 5_000;

/** Something to stop, in the order in which it is stopped. */
type Closer = () => Promise<unknown>;

/**
 * Starts every part of the local cloud: the APIs over their state, the Workers runtime, the edge, the stand-ins of
 * upstream APIs and, without Docker Engine, the processes that stand for containers.
 *
 * @returns how to stop it
 * @throws when a port is taken or the state cannot be read; nothing is left running then
 */
async function startLocalCloud(options: LocalCloudOptions, log: (line: string) => void): Promise<Closer> {
  const closers: Closer[] = [];
  const closeAll = async () => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    ownTemporaryFolder(join(options.dir, "tmp"));
    const { ports } = options;
    const store = await Store.open(options.dir);
    closers.push(() => store.close());

    const standIns = await serveAllStandIns({
      host: LOOPBACK,
      port: ports.standIns,
      stateDir: join(options.dir, "stand-ins"),
      accounts: options.accounts,
      log,
    });
    closers.push(() => standIns.close());

    const runtime: WorkersRuntime = await createWorkersRuntime({
      dir: join(options.dir, "workers"),
      log,
      allowedHosts: [
        ...options.allowedHosts,
        `${LOOPBACK}:${ports.standIns}`,
        ...options.services.flatMap(({ port }) => [`localhost:${port}`, `${LOOPBACK}:${port}`]),
      ],
      ...(options.tls && {
        edge: { hostnames: options.services.map(({ hostname }) => hostname), port: options.tls.port },
      }),
      ...(options.tls?.ca && { trustedCertificates: [readFileSync(options.tls.ca, "utf8")] }),
    });
    closers.push(() => runtime.close(GRACE_MS));

    // The edge reads what the API keeps, and the API tells what is connected to the edge.
    let edge: Edge | undefined;
    const connections: TunnelConnections = { connections: (tunnelId) => edge?.connections(tunnelId) ?? [] };
    const api = createApi({ ...options, store, runtime, connections, log });
    const directory: EdgeDirectory = api.directory;
    await api.restore();
    const apiServer = await serve(api.handler, { host: LOOPBACK, port: ports.api });
    closers.push(() => apiServer.close());

    const { tls } = options;
    edge = await createEdge({
      directory,
      runtime,
      ports: options.services,
      ownPort: ports.edge,
      host: LOOPBACK,
      ...(tls && { tls: { key: readFileSync(tls.key, "utf8"), cert: readFileSync(tls.cert, "utf8"), port: tls.port } }),
      log,
    });
    closers.push(() => edge!.close(GRACE_MS));

    if (options.bridgeAddress) {
      // The bridge appears with the containers' network; both listen there as soon as it does.
      edge.listenAlso(options.bridgeAddress);
      void standIns.listenAlso(options.bridgeAddress);
    }
    if (options.processes) {
      const processes = await createProcessEngine({ ...options.processes, log });
      closers.push(() => processes.close());
    }
    return closeAll;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Miniflare's folders, which it may leave behind: here they are gone with the next start at the latest. */
function ownTemporaryFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  process.env.TMPDIR = path;
}

// A full disk must not end it: what the log cannot take is lost, and nothing else.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

/** Tells the command that started this, if it still waits. */
function tell(message: LocalCloudMessage): void {
  if (process.connected) process.send?.(message);
}

function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE") return `Port ${port} of this machine is in use by another program`;
  return message ?? String(error);
}

try {
  const options = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as LocalCloudOptions;
  const close = await startLocalCloud(options, log);
  const stop = async (signal: string) => {
    log(`${signal}: stopping`);
    await close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // Miniflare ends the process at once, which would leave behind what the other parts run.
    process.removeAllListeners(signal);
    process.once(signal, () => void stop(signal));
  }
  log("the local cloud is ready");
  tell({ ready: true });
} catch (error) {
  log(`did not start: ${error instanceof Error ? error.stack : error}`);
  tell({ error: explain(error) });
  process.exitCode = 1;
}
