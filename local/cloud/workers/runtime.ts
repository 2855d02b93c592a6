import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ScriptVersion, WorkersRuntime } from "../contracts.ts";
import { type BindingContext, objectKey } from "./bindings.ts";
import { writeBoundWorkerd } from "./bound-workerd.ts";
import { createCronSchedule } from "./cron-schedule.ts";
import { dispatchTo } from "./dispatch.ts";
import { droppedClasses, type Edge, type Instance, type ObjectHome, startInstance } from "./instance.ts";
import { createRelay, type Relay } from "./relay.ts";
import { openStorage } from "./storage.ts";

export interface WorkersRuntimeOptions {
  /** Where KV, D1 and Durable Object data stay. */
  dir: string;
  /** Takes the Workers' console output and uncaught exceptions, a line each, with the script's name in front. */
  log(line: string): void;
  /**
   * `host:port` of non-public addresses that scripts with `global_fetch_strictly_public` may fetch all the same: the
   * platform's own public URLs and the stand-ins of upstream services.
   */
  allowedHosts: string[];
  /** Names whose https requests go to the local edge, on loopback, whatever DNS says: those of the zone. */
  edge?: Edge;
  /** PEM certificates of authorities that Workers' outgoing fetches trust besides the public ones. */
  trustedCertificates?: string[];
  /**
   * How long a script's Durable Objects may finish what runs when a new version takes over, in ms (default 10 000).
   * New calls wait meanwhile; after that, what still runs is cut, as Cloudflare cuts it.
   */
  objectDrainMs?: number;
}

/** One script: its live version, the versions that still finish, and the addresses that stay across versions. */
interface Script {
  live: Instance | undefined;
  /** The workerd that holds the script's Durable Objects; there is only ever one on their storage. */
  objects: Instance | undefined;
  /** How many requests of ours each version still answers. */
  running: Map<Instance, number>;
  serviceRelay: Promise<Relay>;
  objectsRelay: Promise<Relay>;
  /** Deploys and removals of one script come one after the other. */
  changes: Promise<unknown>;
}

/**
 * Starts the runtime: every script version in a workerd of its own (Miniflare), because a change within one would cut
 * the open streams of all Workers in it.
 */
export async function createWorkersRuntime(options: WorkersRuntimeOptions): Promise<WorkersRuntime> {
  const { dir, log, allowedHosts, edge, trustedCertificates = [], objectDrainMs = 10_000 } = options;
  // What belongs to running processes only: nothing in it is of use to the next run.
  const runDir = join(dir, "run");
  await rm(runDir, { recursive: true, force: true });
  await mkdir(runDir, { recursive: true });
  // Miniflare takes the path from the environment only.
  process.env.MINIFLARE_WORKERD_PATH = await writeBoundWorkerd(runDir);
  const storage = await openStorage(dir, log);
  const scripts = new Map<string, Script>();
  const instances = new Map<Instance, Script>();
  let closing = false;

  const scriptOf = (name: string): Script => {
    let script = scripts.get(name);
    if (script === undefined) {
      script = {
        live: undefined,
        objects: undefined,
        running: new Map(),
        serviceRelay: createRelay(),
        objectsRelay: createRelay(),
        changes: Promise.resolve(),
      };
      scripts.set(name, script);
    }
    return script;
  };

  const context = (version: ScriptVersion): BindingContext => ({
    script: version.name,
    versionId: version.versionId,
    storageAddress: storage.address,
    serviceAddress: async (name) => (await scriptOf(name).serviceRelay).address,
    objectsAddress: async (name) => (await scriptOf(name).objectsRelay).address,
  });

  const start = async (version: ScriptVersion, objects: ObjectHome): Promise<Instance> => {
    const script = scriptOf(version.name);
    const forward = async () => {
      if (script.live === instance) (await script.serviceRelay).forward(instance.debugPort);
      if (script.objects === instance) (await script.objectsRelay).forward(instance.debugPort);
    };
    const instance = await startInstance({
      version,
      objects,
      runDir,
      context: context(version),
      allowedHosts,
      edge,
      trustedCertificates,
      log,
      onRestart: () => void forward(),
    });
    instances.set(instance, script);
    return instance;
  };

  const end = async (instance: Instance) => {
    instances.delete(instance);
    await instance.dispose();
  };

  /** Whether nothing runs in it: no request of ours, no connection of a binding, no invocation (`waitUntil` too). */
  const isIdle = async (instance: Instance) => {
    const script = instances.get(instance);
    if (script === undefined) return true;
    if ((script.running.get(instance) ?? 0) > 0) return false;
    if ((await script.serviceRelay).connections(instance.debugPort) > 0) return false;
    // A workerd that crashed has nothing left to wait for.
    return (await instance.active().catch(() => 0)) === 0;
  };

  const untilIdle = async (instance: Instance, deadline = Number.POSITIVE_INFINITY) => {
    while (!closing && Date.now() < deadline && !(await isIdle(instance))) await delay(POLL_MS);
  };

  /** Ends a version after its last response, stream, RPC stub and `waitUntil`. */
  const retire = async (instance: Instance) => {
    await untilIdle(instance);
    if (!closing) await end(instance);
  };

  const objectsDir = (name: string) => join(dir, "do", name);

  /** Ends the workerd of a script's objects when their calls have ended, at the latest after `objectDrainMs`. */
  const endObjects = async (script: Script) => {
    if (script.objects === undefined) return;
    // A call that came just before the relay held may not have begun to run yet.
    await delay(POLL_MS);
    await untilIdle(script.objects, Date.now() + objectDrainMs);
    await end(script.objects);
    script.objects = undefined;
  };

  /** Moves a script's objects to a version; calls wait at the relay, because two workerds can't share their storage. */
  const moveObjects = async (script: Script, version: ScriptVersion) => {
    const relay = await script.objectsRelay;
    const before = script.objects?.version;
    const path = objectsDir(version.name);
    relay.hold();
    try {
      await endObjects(script);
      for (const className of droppedClasses(before, version)) {
        await rm(join(path, objectKey(version.name, className)), { recursive: true, force: true });
      }
      if (version.durableObjectClasses.length > 0) script.objects = await start(version, { path });
    } catch (error) {
      if (before !== undefined && script.objects === undefined) script.objects = await start(before, { path });
      throw error;
    } finally {
      relay.forward(script.objects?.debugPort);
    }
  };

  const inTurn = <T>(script: Script, change: () => Promise<T>): Promise<T> => {
    const result = script.changes.then(change);
    script.changes = result.catch(() => {});
    return result;
  };

  const deploy = async (script: Script, version: ScriptVersion) => {
    const relay = await script.serviceRelay;
    const hasObjects = version.durableObjectClasses.length > 0;
    if (hasObjects) {
      // Proves that the classes are there before any call has to wait.
      const trial = await start(version, { path: undefined });
      await end(trial);
    }
    const next = await start(version, "elsewhere");
    if (hasObjects || script.objects !== undefined) {
      try {
        await moveObjects(script, version);
      } catch (error) {
        await end(next);
        throw error;
      }
    }
    const before = script.live;
    script.live = next;
    relay.forward(next.debugPort);
    if (before !== undefined) void retire(before);
  };

  const schedule = createCronSchedule((name, cron, time) => {
    const instance = scripts.get(name)?.live;
    instance?.scheduled(cron, time).catch((error: Error) => log(`${name}: ${error.message}`));
  });

  return {
    deploy(version) {
      const script = scriptOf(version.name);
      return inTurn(script, () => deploy(script, version));
    },

    async remove(name) {
      const script = scripts.get(name);
      if (script === undefined) return;
      schedule.set(name, []);
      await inTurn(script, async () => {
        const { live } = script;
        script.live = undefined;
        (await script.serviceRelay).forward(undefined);
        if (live === undefined) return;
        void retire(live);
        if (script.objects === undefined) return;
        // Its running calls may need them still; a new script of this name starts without them.
        await untilIdle(live, Date.now() + objectDrainMs);
        (await script.objectsRelay).forward(undefined);
        await endObjects(script);
        await rm(objectsDir(name), { recursive: true, force: true });
      });
    },

    schedule: (name, crons) => schedule.set(name, crons),
    has: (name) => scripts.get(name)?.live !== undefined,

    async dispatch(name, request) {
      const script = scripts.get(name);
      const instance = script?.live;
      if (script === undefined || instance === undefined) throw new Error(`There is no Worker named "${name}".`);
      script.running.set(instance, (script.running.get(instance) ?? 0) + 1);
      return await dispatchTo(instance.port, request, () => {
        const left = (script.running.get(instance) ?? 1) - 1;
        if (left > 0) script.running.set(instance, left);
        else script.running.delete(instance);
      });
    },

    kv: async (namespaceId) => storage.kv(namespaceId),
    d1: (databaseId, sql, params) => storage.d1(databaseId, sql, params),
    deleteKv: (namespaceId) => storage.deleteKv(namespaceId),
    deleteD1: (databaseId) => storage.deleteD1(databaseId),
    setStorageFaults: (faults) => storage.setFaults(faults),

    async close(graceMs = 0) {
      schedule.close();
      const deadline = Date.now() + graceMs;
      await Promise.all([...scripts.values()].map(({ changes }) => changes));
      await Promise.all([...instances.keys()].map((instance) => untilIdle(instance, deadline)));
      closing = true;
      await Promise.all([...instances.keys()].map(end));
      for (const { serviceRelay, objectsRelay } of scripts.values()) {
        (await serviceRelay).close();
        (await objectsRelay).close();
      }
      await storage.close();
    },
  };
}

/** How often it is looked whether an old version has finished, in ms. */
const POLL_MS = 50;
