import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { BUILD_PATCH_LEVEL, BUILT_VERSION, buildEngine } from "./build-engine.ts";
import { cacheDir } from "./cache-dir.ts";
import { installOfficial } from "./install-official.ts";
import { type InstalledEngine, installedEngine, MINIMUM_VERSION } from "./installed-engine.ts";
import { publish } from "./publish.ts";
import { ToolError } from "./run-tool.ts";

export interface EngineOptions {
  /** Default: `cacheDir()`. */
  cacheDir?: string;
  /** Gets progress lines, without a line end. */
  log(line: string): void;
  signal?: AbortSignal;
  /** The folders in which an engine is looked for first; default: those of `$PATH`. */
  path?: string[];
  /** How an engine is got that is neither on the path nor in the cache; default: Pulumi's own installer, then a build. */
  ways?: EngineWays;
}

/** Each fills a folder with `bin/pulumi` and what belongs to it, or throws an error that says why it cannot. */
export interface EngineWays {
  install(root: string, version: string, log: (line: string) => void, signal?: AbortSignal): Promise<void>;
  build(workDir: string, log: (line: string) => void, signal?: AbortSignal): Promise<string>;
}

/** A Pulumi CLI with its Node language host. */
export interface Engine {
  /** Absolute path of the CLI. */
  command: string;
  /** Without a leading `v`. */
  version: string;
  /** Folders to put in front of `PATH`. */
  binDirs: string[];
  /** On the path already, installed by Pulumi's installer, or built from Go modules. */
  source: "path" | "installed" | "built";
}

/**
 * Gets a Pulumi CLI that can run our program: one on the path, else one in the cache, else the official one from Pulumi's site,
 * else one built from Go modules.
 * @throws an error that says what was tried and what to install, when none works
 */
export async function ensureEngine(options: EngineOptions): Promise<Engine> {
  const { log, signal } = options;
  const ways = options.ways ?? { install: installOfficial, build: buildEngine };
  const path = options.path ?? (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const cache = join(options.cacheDir ?? cacheDir(), "engine");
  const officialVersion = await sdkVersion();
  const official = join(cache, `${officialVersion}-official`);
  const built = join(cache, `${BUILT_VERSION}-${BUILD_PATCH_LEVEL}`);

  const onPath = await installedEngine(path);
  if (typeof onPath !== "string") return { ...onPath, source: "path" };

  const cached: [string, Engine["source"]][] = [
    [official, "installed"],
    [built, "built"],
  ];
  for (const [root, source] of cached) {
    const engine = await engineIn(root);
    if (typeof engine !== "string") return { ...engine, source };
  }

  const usable = (root: string) => async () => typeof (await engineIn(root)) !== "string";
  const onWait = (pid: number) => log(`engine: process ${pid} is getting it already, waiting`);
  const failures = [`on PATH: ${onPath}`];
  try {
    await publish(
      official,
      async (workDir) => {
        const root = join(workDir, "engine");
        await ways.install(root, officialVersion, log, signal);
        return complete(root);
      },
      { usable: usable(official), onWait, signal },
    );
    return { ...(await mustBeIn(official)), source: "installed" };
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`Pulumi's installer: ${(error as Error).message}`);
    log(`engine: ${(error as Error).message}`);
  }
  try {
    log(`engine: building Pulumi ${BUILT_VERSION} from its Go modules, once (about 3 minutes)`);
    await publish(built, async (workDir) => complete(await ways.build(workDir, log, signal)), {
      usable: usable(built),
      onWait,
      signal,
    });
    return { ...(await mustBeIn(built)), source: "built" };
  } catch (error) {
    signal?.throwIfAborted();
    const missingGo = error instanceof ToolError && error.code === "ENOENT";
    failures.push(`building it from Go modules: ${(error as Error).message}`);
    throw new Error(
      `No Pulumi CLI could be got. Tried ${failures.join("; ")}. ` +
        `Install the Pulumi CLI ${MINIMUM_VERSION} or later${missingGo ? ", or Go 1.25.11 or later to build it," : ""} and run this again. ` +
        `Without the internet: copy ${join(cache, "/")} from a machine where \`npm run up\` has run to here.`,
    );
  }
}

const engineIn = (root: string) => installedEngine([join(root, "bin")]);

async function mustBeIn(root: string): Promise<InstalledEngine> {
  const engine = await engineIn(root);
  if (typeof engine === "string") throw new Error(engine);
  return engine;
}

/** What is put into the cache must work. */
async function complete(root: string): Promise<string> {
  await mustBeIn(root);
  return root;
}

/** The CLI is released with the SDK, under the same version. */
async function sdkVersion(): Promise<string> {
  const file = createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}
