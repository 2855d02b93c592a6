import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runPolicyPacks, useEngineMonitor } from "./build-engine.ts";
import { type EngineWays, ensureEngine } from "./ensure-engine.ts";
import { ToolError } from "./run-tool.ts";

let dir: string;
let asked: string[];
let logged: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ensure-engine-"));
  asked = [];
  logged = [];
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A folder with a `pulumi` that prints this version and, unless told otherwise, a language host. */
function engineFolder(folder: string, version: string, programs = ["pulumi", "pulumi-language-nodejs"]): string {
  mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    writeFileSync(join(folder, program), `#!/bin/sh\necho ${version}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  return folder;
}

const unreachable: EngineWays["install"] = async () => {
  asked.push("install");
  throw new Error("Pulumi's site is not reached: getaddrinfo ENOTFOUND");
};

const builds: EngineWays["build"] = async (workDir) => {
  asked.push("build");
  engineFolder(join(workDir, "engine", "bin"), "v3.250.0");
  return join(workDir, "engine");
};

const ensure = (path: string[], ways: Partial<EngineWays> = {}) =>
  ensureEngine({
    cacheDir: join(dir, "cache"),
    log: (line) => logged.push(line),
    path,
    ways: { install: unreachable, build: builds, ...ways },
  });

test("a CLI on the path that is new enough and has its language host is taken", async () => {
  const bin = engineFolder(join(dir, "bin"), "v3.251.0");
  const engine = await ensure([join(dir, "nowhere"), bin]);
  expect(engine).toEqual({ command: join(bin, "pulumi"), version: "3.251.0", binDirs: [bin], source: "path" });
  expect(asked).toEqual([]);
});

test("a language host in another folder of the path is found, and that folder is named too", async () => {
  const cli = engineFolder(join(dir, "cli"), "v3.250.0", ["pulumi"]);
  const host = engineFolder(join(dir, "host"), "", ["pulumi-language-nodejs"]);
  expect((await ensure([cli, host])).binDirs).toEqual([cli, host]);
});

test("a language host beside the CLI to which a link on the path points is found", async () => {
  const real = engineFolder(join(dir, "release"), "v3.250.0");
  mkdirSync(join(dir, "links"));
  symlinkSync(join(real, "pulumi"), join(dir, "links", "pulumi"));
  expect((await ensure([join(dir, "links")])).binDirs).toEqual([join(dir, "links"), real]);
});

test.each([
  ["is too old", "v3.249.0", undefined],
  ["has no language host", "v3.250.0", ["pulumi"]],
])("a CLI on the path that %s is passed over", async (_, version, programs) => {
  const bin = engineFolder(join(dir, "bin"), version, programs);
  expect((await ensure([bin])).source).toBe("built");
});

test("what was built is taken from the cache the next time, and nothing is tried", async () => {
  const first = await ensure([]);
  expect(asked).toEqual(["install", "build"]);
  expect(first).toMatchObject({ version: "3.250.0", source: "built" });
  expect(first.command).toBe(join(dir, "cache", "engine", "3.250.0-2", "bin", "pulumi"));
  expect(await ensure([])).toEqual(first);
  expect(asked).toEqual(["install", "build"]);
});

test("the official installer is used where its site is reached", async () => {
  const install: EngineWays["install"] = async (root, version) => {
    engineFolder(join(root, "bin"), `v${version}`);
  };
  const engine = await ensure([], { install });
  expect(engine.source).toBe("installed");
  expect(existsSync(engine.command)).toBe(true);
  expect((await ensure([])).command).toBe(engine.command);
  expect(asked).toEqual([]);
});

test("an install that lacks something is not kept", async () => {
  const install: EngineWays["install"] = async (root) => {
    engineFolder(join(root, "bin"), "v3.270.0", ["pulumi"]);
  };
  expect((await ensure([], { install })).source).toBe("built");
  expect(readdirSync(join(dir, "cache", "engine"))).toEqual(["3.250.0-2"]);
});

test("an engine in the cache that no longer runs is made anew", async () => {
  const { command } = await ensure([]);
  writeFileSync(command, "");
  expect((await ensure([])).source).toBe("built");
  expect(asked).toEqual(["install", "build", "install", "build"]);
});

test("when nothing works, the error says what was tried and what to install", async () => {
  const build: EngineWays["build"] = async () => {
    throw new ToolError("Go is not installed", "ENOENT");
  };
  const error = await ensure([], { build }).catch((reason: Error) => reason);
  expect((error as Error).message).toBe(
    "No Pulumi CLI could be got. Tried on PATH: there is no pulumi; Pulumi's installer: Pulumi's site is not reached: " +
      "getaddrinfo ENOTFOUND; building it from Go modules: Go is not installed. Install the Pulumi CLI 3.250.0 or later, " +
      "or Go 1.25.11 or later to build it, and run this again. " +
      `Without the internet: copy ${join(dir, "cache", "engine")}/ from a machine where \`npm run up\` has run to here.`,
  );
});

test("an abort ends it with the abort's reason, and the next way is not tried", async () => {
  const abort = new AbortController();
  const install: EngineWays["install"] = async () => {
    abort.abort(new Error("interrupted"));
    throw new Error("ended");
  };
  const ensuring = ensureEngine({
    cacheDir: dir,
    log: () => {},
    path: [],
    signal: abort.signal,
    ways: { install, build: builds },
  });
  await expect(ensuring).rejects.toThrow("interrupted");
  expect(asked).toEqual([]);
});

test("the language host's source is changed in the places that we know, or not at all", () => {
  expect(useEngineMonitor('a\n\tmaybeAppendArg("monitor", address)\nb')).toBe(
    'a\n\tmaybeAppendArg("monitor", req.GetMonitorAddress())\nb',
  );
  expect(() => useEngineMonitor("package main")).toThrow("0 times");
  expect(runPolicyPacks('{\n\treturn errors.New("not supported")\n}')).toBe(
    "{\n\treturn runPolicyPack(req, server)\n}",
  );
  expect(() => runPolicyPacks("package main")).toThrow("0 times");
});
