import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Log, LogLevel, Miniflare, type MiniflareOptions, type WorkerOptions } from "miniflare";
import { ScriptStartError, type ScriptVersion } from "../contracts.ts";
import { rawBinding } from "./binding-plugin.ts";
import {
  type BindingContext,
  FRONT,
  linkClassName,
  objectKey,
  type RuntimeBindings,
  runtimeBindings,
} from "./bindings.ts";
import { runtimeModules } from "./modules.ts";
import { anyNetwork, publicNetwork } from "./public-network.ts";
import { startMessage } from "./start-message.ts";

/** One running workerd with one version of one script. */
export interface Instance {
  version: ScriptVersion;
  /** Loopback port for requests, which must have their whole URL in the request line. */
  port: number;
  /** Loopback port at which bindings of other scripts connect; another one after a crash. */
  readonly debugPort: number;
  /** How many invocations run now (requests, RPC sessions, `waitUntil`, alarms, scheduled runs). */
  active(): Promise<number>;
  /** Runs `scheduled()`. @throws when the handler throws or there is none. */
  scheduled(cron: string, time: Date): Promise<void>;
  /** Ends the workerd at once. */
  dispose(): Promise<void>;
}

/** Where a version's Durable Objects live: not here, or here at a path (undefined: in memory, for a trial start). */
export type ObjectHome = "elsewhere" | { path: string | undefined };

/** Names whose https requests go to the local edge, and its https port on loopback. */
export interface Edge {
  hostnames: string[];
  port: number;
}

export interface InstanceOptions {
  version: ScriptVersion;
  objects: ObjectHome;
  /** A folder for files that are of use while this process runs. */
  runDir: string;
  context: BindingContext;
  allowedHosts: string[];
  edge: Edge | undefined;
  trustedCertificates: string[];
  log(line: string): void;
  /** Called after workerd crashed and runs again. */
  onRestart(): void;
}

const source = (file: string) => readFile(new URL(file, import.meta.url), "utf8");

/**
 * Starts a workerd for a version.
 * @throws {ScriptStartError} when it does not start, with workerd's reason.
 */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const { version } = options;
  const { workers, objects } = await workersOf(options);
  // Miniflare tells the debug port in a registry folder only; one folder each keeps instances apart.
  const registry = await mkdtemp(join(options.runDir, "registry-"));
  const output: string[] = [];
  let started = false;
  const log = (message: string) => {
    for (const line of logLines(message)) options.log(`${version.name}: ${line}`);
  };
  let debugPort = 0;
  const readDebugPort = async () => {
    const entry = JSON.parse(await readFile(join(registry, version.name), "utf8")) as { debugPortAddress: string };
    debugPort = Number(new URL(`tcp://${entry.debugPortAddress}`).port);
  };
  const miniflare = new Miniflare({
    ...quiet,
    ...objects,
    unsafeDevRegistryPath: registry,
    handleStructuredLogs: ({ message }: { message: string }) => {
      // What is said at the start becomes the error if there is one.
      if (started) log(message);
      else output.push(message);
    },
    unsafeHandleRuntimeRestart: async () => {
      await readDebugPort();
      options.log(`${version.name}: its workerd ended unexpectedly and was started again.`);
      options.onRestart();
    },
    workers,
  });
  const dispose = async () => {
    await miniflare.dispose();
    await rm(registry, { recursive: true, force: true });
  };
  try {
    await miniflare.ready;
    const port = Number((await miniflare.unsafeGetDirectURL(FRONT)).port);
    const control = await miniflare.unsafeGetDirectURL(FRONT, "Control");
    await readDebugPort();
    const active = async () => (await (await fetch(new URL("/active", control))).json()) as number;
    await active();
    // workerd starts all the same and lets calls fail; Cloudflare refuses the upload.
    const missing = output.join("\n").match(/the class "([^"]+)", but no such Durable Object class is exported/);
    if (missing !== null) {
      throw new ScriptStartError(`Durable Object class "${missing[1]}" is not exported by "${version.mainModule}".`);
    }
    started = true;
    output.forEach(log);
    return {
      version,
      port,
      get debugPort() {
        return debugPort;
      },
      active,
      scheduled: async (cron, time) => {
        const url = new URL("/scheduled", control);
        url.search = new URLSearchParams({ cron, time: String(time.getTime()) }).toString();
        const response = await fetch(url);
        if (!response.ok) throw new Error(`scheduled() of "${version.name}" failed: ${await response.text()}`);
      },
      dispose,
    };
  } catch (error) {
    await dispose().catch(() => {});
    throw error instanceof ScriptStartError ? error : new ScriptStartError(startMessage(error, output));
  }
}

/** What every Miniflare of the runtime has in common: loopback only, nothing fetched, nothing printed. */
export const quiet = {
  log: new Log(LogLevel.NONE),
  logRequests: false,
  cf: false,
  host: "127.0.0.1",
  port: 0,
  structuredWorkerdLogs: true,
} as const satisfies Partial<MiniflareOptions>;

async function workersOf(options: InstanceOptions) {
  const { version, context } = options;
  const bindings = await runtimeBindings(version.bindings, context);
  const user: WorkerOptions = {
    name: version.name,
    // Module names are the upload's; nothing of this machine's paths goes into stack traces.
    rootPath: "/",
    modulesRoot: "/",
    modules: runtimeModules(version.modules, version.mainModule),
    compatibilityDate: version.compatibilityDate,
    compatibilityFlags: version.compatibilityFlags,
    ...bindings.options,
    ...objectOptions(version, bindings, options.objects),
    streamingTails: [{ name: FRONT }],
    outboundService: version.compatibilityFlags.includes("global_fetch_strictly_public")
      ? { name: OUTBOUND }
      : anyNetwork(options.trustedCertificates),
  };
  const links = bindings.remoteClasses.filter(
    ({ script }) => options.objects === "elsewhere" || script !== version.name,
  );
  const linkExports = links.map(({ className, script, address }) => {
    const target = JSON.stringify({ address, service: `core:user:${script}`, className });
    return `export const ${linkClassName(script, className)} = objectLink(${target});`;
  });
  const front: WorkerOptions = {
    name: FRONT,
    modules: [
      {
        type: "ESModule",
        path: "main.js",
        contents: `export * from "./front.js"; export { default } from "./front.js"; import { objectLink } from "./front.js";\n${linkExports.join("\n")}`,
      },
      { type: "ESModule", path: "front.js", contents: await source("front.worker.js") },
    ],
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["experimental", "streaming_tail_worker", "service_binding_extra_handlers"],
    serviceBindings: { USER: { name: version.name } },
    unsafeBindings: [rawBinding("DEBUG_PORT", { binding: "debugPort" })],
    unsafeDirectSockets: [
      { host: "127.0.0.1", port: 0, proxy: true },
      { host: "127.0.0.1", port: 0, entrypoint: "Control" },
    ],
    // Links keep nothing.
    unsafeEphemeralDurableObjects: true,
  };
  const outbound: WorkerOptions = {
    name: OUTBOUND,
    modules: [{ type: "ESModule", path: "outbound.js", contents: await source("outbound.worker.js") }],
    compatibilityDate: "2026-07-01",
    bindings: {
      ALLOWED_HOSTS: options.allowedHosts,
      EDGE_HOSTS: options.edge?.hostnames.map((name) => `${name}:443`) ?? [],
    },
    serviceBindings: {
      PUBLIC: publicNetwork(options.trustedCertificates),
      ANY: anyNetwork(options.trustedCertificates),
    },
    ...(options.edge && { unsafeBindings: [edgeBinding(options.edge, options.trustedCertificates)] }),
  };
  const objects = options.objects === "elsewhere" ? {} : { durableObjectsPersist: options.objects.path ?? false };
  return { workers: [user, front, outbound], objects };
}

const OUTBOUND = "local.outbound";

/** The local edge: one address, whose certificate has to be good for the zone's names. */
function edgeBinding({ hostnames, port }: Edge, trustedCertificates: string[]) {
  const tlsOptions = { trustBrowserCas: true, trustedCertificates };
  const https = { tlsOptions, certificateHost: hostnames[0]! };
  return rawBinding("EDGE", {
    binding: { service: { name: "local:edge" } },
    services: [{ name: "local:edge", external: { address: `127.0.0.1:${port}`, https } }],
  });
}

function objectOptions(version: ScriptVersion, bindings: RuntimeBindings, home: ObjectHome) {
  const durableObjects: NonNullable<WorkerOptions["durableObjects"]> = {};
  for (const [name, { className, script }] of bindings.objectBindings) {
    const unsafeUniqueKey = objectKey(script, className);
    durableObjects[name] =
      home !== "elsewhere" && script === version.name
        ? { className, useSQLite: true, unsafeUniqueKey }
        : { className: linkClassName(script, className), scriptName: FRONT, unsafeUniqueKey };
  }
  if (home === "elsewhere") return { durableObjects };
  const bound = [...bindings.objectBindings.values()].map(({ className }) => className);
  const additionalUnboundDurableObjects = version.durableObjectClasses
    .filter((className) => !bound.includes(className))
    .map((className) => ({ className, useSQLite: true, unsafeUniqueKey: objectKey(version.name, className) }));
  return {
    durableObjects,
    additionalUnboundDurableObjects,
    unsafeEphemeralDurableObjects: home.path === undefined,
  };
}

/** A Worker's output as lines; of workerd's own diagnostics of connections, only refusals, and those in plain words. */
function logLines(message: string): string[] {
  if (/^(\w+ = )?(workerd|kj|capnp)\//.test(message)) {
    if (message.includes("restrictPeers")) return ["an outgoing connection to a non-public address was refused."];
    if (/DNS lookup failed|disconnected|CODE_MOVED/.test(message)) return [];
  }
  return message.split("\n").filter((line) => line !== "" && !line.startsWith("stack: "));
}

/** The names of the storage folders of Durable Object classes that a version no longer has. */
export function droppedClasses(before: ScriptVersion | undefined, now: ScriptVersion): string[] {
  return (before?.durableObjectClasses ?? []).filter((className) => !now.durableObjectClasses.includes(className));
}
