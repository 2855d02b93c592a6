import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import { type AuditDatabase, migrate } from "@hybrid-mcp/oauth-broker/audit-database";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { repositoryRoot } from "../cli/stack.ts";
import { UserError } from "../cli/user-error.ts";
import type { WorkersRuntime } from "../cloud/contracts.ts";
import { serveAllStandIns } from "../cloud/stand-ins.ts";
import { createWorkersRuntime } from "../cloud/workers/runtime.ts";
import { freePort } from "../processes/free-port.ts";
import { buildErrorLines } from "./build-error.ts";
import { AUDIT, BROKER, devWorkers } from "./dev-workers.ts";
import { createFront } from "./front.ts";
import { type DevUpstream, devUpstream, hostAndPort, standInTokens } from "./upstream.ts";
import { watchFolders } from "./watch-folders.ts";

export interface DevServerOptions {
  service: ServiceName;
  /** Absolute path of its folder. */
  folder: string;
  /** Loopback port of the one origin that service and broker share. */
  port: number;
  /** Whether edits are live as soon as they are saved. */
  reload: boolean;
  log(line: string): void;
}

export interface DevServer {
  /** `http://localhost:<port>` */
  origin: string;
  /** Origin of the stand-ins. */
  standIns: string;
  upstream: DevUpstream;
  /** Ends everything and removes its state. */
  close(): Promise<void>;
}

/** What the service answers; everything else is the broker's. */
const SERVICE_PATHS = /^\/(mcp|health|\.well-known\/oauth-protected-resource)(\/|$)/;

/** How long calls that run may take to end when it is stopped, in milliseconds. */
const GRACE_MS = 500;

/**
 * One service and a broker of its own on one origin, in workerd, with stand-ins of what is outside. Nothing is kept: each
 * run has new secrets and no grants.
 *
 * @throws {UserError} when the port is taken, the service does not build or start, or the environment names half an upstream
 */
export async function startDevServer({ service, folder, port, reload, log }: DevServerOptions): Promise<DevServer> {
  const origin = `http://localhost:${port}`;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    // First of all: it tells at once when the port is taken.
    const front = await createFront({ port, scriptFor, log });
    closers.push(() => front.close());
    const dir = mkdtempSync(join(tmpdir(), "hybrid-mcp-dev-"));
    const removeState = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    // A signal during the start ends the process without close().
    process.once("exit", removeState);
    closers.push(async () => {
      process.off("exit", removeState);
      removeState();
    });

    const tokens = standInTokens();
    const secret = () => randomBytes(20).toString("hex");
    const clientSecrets = {
      github: secret(),
      google: secret(),
      githubConnection: secret(),
      googleConnection: secret(),
    };
    const standIns = await serveAllStandIns({
      host: "127.0.0.1",
      port: await freePort(),
      stateDir: join(dir, "stand-ins"),
      accounts: { brokerUrl: origin, codaToken: tokens.coda, firecrawlKey: tokens.firecrawl, clientSecrets },
      log,
    });
    closers.push(() => standIns.close());

    const upstream = devUpstream(service, standIns.origin, tokens);
    const runtime = await createWorkersRuntime({
      dir: join(dir, "workers"),
      log,
      allowedHosts: [origin, standIns.origin, upstream.apiUrl].map(hostAndPort),
      objectDrainMs: 1000,
    });
    closers.push(() => runtime.close(GRACE_MS));
    await migrate(databaseOf(runtime));

    const uploads = devWorkers({ service, origin, standIns: standIns.origin, clientSecrets, upstream });
    const sources = { [BROKER]: join(repositoryRoot, "workers/oauth-broker"), [service]: folder };
    /** Script → hash of what is live. */
    const live = new Map<string, string>();
    /** @returns the scripts that were replaced, and what went wrong with the others */
    const deploy = async () => {
      const replaced: string[] = [];
      const problems: string[] = [];
      for (const [name, source] of Object.entries(sources)) {
        try {
          const bundle = await bundleWorker(source);
          if (live.get(name) === bundle.sha256) continue;
          await runtime.deploy(uploads[name]!(bundle));
          live.set(name, bundle.sha256);
          replaced.push(name);
        } catch (error) {
          problems.push(...buildErrorLines(error, source, repositoryRoot));
        }
      }
      return { replaced, problems };
    };
    const { problems } = await deploy();
    if (problems.length > 0) throw new UserError(problems.join("\n"));
    if (reload) {
      const folders = [...new Set([...Object.values(sources), join(repositoryRoot, "packages")])];
      const unseen = (error: Error) => log(`edits are not seen any more, start it again: ${error.message}`);
      closers.push(watchFolders(folders, reloading(deploy, log), unseen));
    }
    front.open(runtime);
    return { origin, standIns: standIns.origin, upstream, close };
  } catch (error) {
    await close();
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new UserError(
      `Port ${port} of this machine is in use by another program: stop that, or choose another port with --port N.`,
    );
  }

  function scriptFor(pathname: string): string {
    return SERVICE_PATHS.test(pathname) ? service : BROKER;
  }
}

/** Deploys what has changed and says how that went; nothing where nothing came of it. */
function reloading(deploy: () => Promise<{ replaced: string[]; problems: string[] }>, log: (line: string) => void) {
  let broken = false;
  return async () => {
    const start = performance.now();
    const { replaced, problems } = await deploy();
    for (const problem of problems) log(problem);
    if (problems.length > 0) log("not reloaded: the version before this edit goes on");
    else if (replaced.length > 0 || broken) log(`reloaded in ${Math.round(performance.now() - start)} ms`);
    broken = problems.length > 0;
  };
}

/** The audit trail's database, as its migrations take it. Nobody else has it yet, so a batch is no transaction. */
function databaseOf(runtime: WorkersRuntime): AuditDatabase {
  type Statement = ReturnType<AuditDatabase["prepare"]>;
  const statement = (sql: string, params: unknown[]): Statement => ({
    bind: (...values) => statement(sql, values),
    all: async <Row>() => ({ results: (await runtime.d1(AUDIT, sql, params))[0]!.results as Row[] }),
    run: async () => (await runtime.d1(AUDIT, sql, params))[0]!,
  });
  return {
    prepare: (sql) => statement(sql, []),
    async batch(statements) {
      for (const each of statements) await each.run();
    },
  };
}
