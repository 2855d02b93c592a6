import { chmod, copyFile, cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launchers } from "./launchers.ts";
import { runTool, ToolError } from "./run-tool.ts";

/**
 * The engine's version in `go/go.mod`. To move to another one: change both and the `replace` as its own module file has it, then in
 * a copy of `go/` run `go build -mod=mod -o /dev/null github.com/pulumi/pulumi/pkg/v3/cmd/pulumi` to write `go.sum` anew.
 */
export const BUILT_VERSION = "3.250.0";

/** Raised when the way in which we build changes, so that caches of an older way are not used. */
export const BUILD_PATCH_LEVEL = 2;

/** The last version of the sdk module that contains the Node language host, and its hash as in a go.sum file. */
const LANGUAGE_HOST = {
  module: "github.com/pulumi/pulumi/sdk/v3",
  version: "v3.60.0",
  sum: "h1:sJEzoL5Q/FbJ4O3y60ml0Rzj5jiHNnvnM5mGmEk6Phc=",
};

const ENGINE_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

// -trimpath: no path of this machine in the binary. No C compiler is needed without cgo.
const BUILD_FLAGS = ["-mod=readonly", "-trimpath", "-buildvcs=false"];

/**
 * Builds the Pulumi CLI and the Node language host from their Go modules.
 * @param workDir an empty folder for everything that the build writes; Go's own module and build caches are the user's
 * @param log gets progress lines
 * @returns the folder with the programs, inside `workDir`
 * @throws {ToolError} `code` ENOENT when there is no Go
 */
export async function buildEngine(workDir: string, log: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const bin = join(workDir, "engine", "bin");
  const moduleDir = join(workDir, "module");
  const temp = join(workDir, "tmp");
  for (const dir of [bin, moduleDir, temp]) await mkdir(dir, { recursive: true });
  for (const name of ["go.mod", "go.sum"]) await copyFile(join(import.meta.dirname, "go", name), join(moduleDir, name));

  // Go's temporary files are kept in our folder, so that a killed build leaves none elsewhere.
  const env = { GOTMPDIR: temp, GOWORK: "off", CGO_ENABLED: "0" };
  const go = (cwd: string, args: string[], onErrorLine?: (line: string) => void) =>
    runTool("go", args, { cwd, env, signal, onErrorLine });

  await assertGo(moduleDir, go);
  const progress = new Progress(log);
  try {
    progress.phase("downloading Go modules", "modules");
    const packages = await go(moduleDir, ["list", "-mod=readonly", "-deps", ENGINE_PACKAGE], progress.countDownloads);
    progress.phase("compiling the engine", `of ${packages.trim().split("\n").length} packages`);
    const version = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${BUILT_VERSION}`;
    const output = join(bin, "pulumi");
    await go(
      moduleDir,
      ["build", "-v", ...BUILD_FLAGS, "-ldflags", version, "-o", output, ENGINE_PACKAGE],
      progress.countPackages,
    );

    progress.phase("compiling the Node language host", "packages");
    const source = await languageHostSource(workDir, moduleDir, go, progress.countDownloads);
    await go(
      source,
      [
        "build",
        "-v",
        ...BUILD_FLAGS,
        "-ldflags",
        "-s -w",
        "-o",
        join(bin, "pulumi-language-nodejs"),
        "./nodejs/cmd/pulumi-language-nodejs",
      ],
      progress.countPackages,
    );
  } finally {
    progress.stop();
  }
  for (const [name, text] of Object.entries(launchers)) await writeFile(join(bin, name), text, { mode: 0o755 });
  return join(workDir, "engine");
}

type Go = (cwd: string, args: string[], onErrorLine?: (line: string) => void) => Promise<string>;

/** Run in the module's folder, Go reads the version that go.mod wants, and fetches that toolchain itself where it may. */
async function assertGo(moduleDir: string, go: Go): Promise<void> {
  try {
    await go(moduleDir, ["env", "GOVERSION"]);
  } catch (error) {
    if (error instanceof ToolError && error.code === "ENOENT") throw new ToolError("Go is not installed", "ENOENT");
    if (error instanceof ToolError) throw new ToolError(`Go is too old: ${error.message}`, "ENOENT");
    throw error;
  }
}

/**
 * A copy of the language host's module, with two changes, after which it does what the language hosts of later versions do:
 *
 * - Its proxy in front of the engine's resource monitor knows the calls of its own time only: newer ones, such as
 *   RegisterResourceHook, are answered "unknown method". So programs get the address of the engine's monitor itself.
 * - Asked to run a policy pack it answers "not supported"; `go/language-host/` has what it does instead.
 */
async function languageHostSource(
  workDir: string,
  moduleDir: string,
  go: Go,
  onErrorLine: (line: string) => void,
): Promise<string> {
  const { module, version, sum } = LANGUAGE_HOST;
  const answer = await go(moduleDir, ["mod", "download", "-json", `${module}@${version}`], onErrorLine);
  const downloaded = JSON.parse(answer) as { Dir: string; Sum: string };
  if (downloaded.Sum !== sum) throw new Error(`${module}@${version} has the hash ${downloaded.Sum}, expected ${sum}`);
  const copy = join(workDir, "language-host");
  await cp(downloaded.Dir, copy, { recursive: true });
  // Go's module cache is read-only; the copy must be removable.
  await makeWritable(copy);
  const sources = join(copy, "nodejs", "cmd", "pulumi-language-nodejs");
  await cp(join(import.meta.dirname, "go", "language-host"), sources, { recursive: true });
  const file = join(sources, "main.go");
  await writeFile(file, runPolicyPacks(useEngineMonitor(await readFile(file, "utf8"))));
  return copy;
}

/**
 * Replaces the proxy's address in the language host's source by that of the engine's own monitor.
 * @throws if the source is not the one that we know
 */
export function useEngineMonitor(source: string): string {
  return replaceOnce(
    source,
    'maybeAppendArg("monitor", address)',
    'maybeAppendArg("monitor", req.GetMonitorAddress())',
  );
}

/**
 * Has the language host run policy packs where its source refuses every plugin.
 * @throws if the source is not the one that we know
 */
export function runPolicyPacks(source: string): string {
  return replaceOnce(source, 'return errors.New("not supported")', "return runPolicyPack(req, server)");
}

function replaceOnce(source: string, known: string, replacement: string): string {
  const parts = source.split(known);
  if (parts.length === 2) return parts.join(replacement);
  throw new Error(`The language host's main.go has \`${known}\` ${parts.length - 1} times, expected once.`);
}

async function makeWritable(path: string): Promise<void> {
  const { mode } = await stat(path);
  await chmod(path, mode | 0o200);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await makeWritable(child);
    else if (entry.isFile()) await chmod(child, 0o644);
  }
}

/** Says every ten seconds how far the build is. */
class Progress {
  private readonly log: (line: string) => void;
  private readonly started = Date.now();
  private readonly timer: NodeJS.Timeout;
  private what = "";
  private unit = "";
  private count = 0;

  constructor(log: (line: string) => void) {
    this.log = log;
    this.timer = setInterval(() => this.say(), 10_000);
  }

  phase(what: string, unit: string): void {
    this.what = what;
    this.unit = unit;
    this.count = 0;
    this.say();
  }

  countDownloads = (line: string): void => {
    if (line.startsWith("go: downloading")) this.count++;
  };

  /** `go build -v` prints a package's path when it is compiled; those that Go's cache holds are not among them. */
  countPackages = (line: string): void => {
    if (!line.includes(" ")) this.count++;
  };

  stop(): void {
    clearInterval(this.timer);
  }

  private say(): void {
    const seconds = Math.round((Date.now() - this.started) / 1000);
    this.log(`engine: ${this.what}${this.count ? ` (${this.count} ${this.unit})` : ""}, ${seconds} s`);
  }
}
