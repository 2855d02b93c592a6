import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processIdentity } from "../engine/pid-lock.mjs";
import { startedDaemon, stopDaemon } from "./daemon.ts";
import { type DockerHost, releaseDocker, startDocker, useDocker } from "./lifetime.ts";

let dir: string;
let runDir: string;
let events: string[];
let running: boolean;
let ours: boolean;
let containers: Record<string, string>[];

const host: DockerHost = {
  find: async () => (running ? { socket: "/sock", version: "1" } : undefined),
  start: async () => {
    events.push("start");
    running = ours = true;
    return { socket: "/sock", version: "1" };
  },
  startedByUs: async () => running && ours,
  runningContainers: async () => containers,
  stop: async () => {
    events.push("stop");
    running = false;
  },
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docker-lifetime-"));
  runDir = join(dir, "run");
  events = [];
  running = ours = false;
  containers = [];
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function stack(name: string): string {
  mkdirSync(join(dir, name), { recursive: true });
  return join(dir, name);
}

const log = () => {};
const start = (name: string) => startDocker(stack(name), log, { runDir, host });
const use = (name: string) => useDocker(stack(name), { runDir, host });
const release = (name: string) => releaseDocker(join(dir, name), log, { runDir, host });

test("an engine that we started is stopped by the last stack that uses it, not before", async () => {
  await start("a");
  await use("b");
  expect(await release("a")).toEqual({ stopped: false, because: `it is used by ${join(dir, "b")}` });
  expect(await release("b")).toEqual({ stopped: true });
  expect(events).toEqual(["start", "stop"]);
});

test("an engine that was there before is used and left alone", async () => {
  running = true;
  await start("a");
  expect(await release("a")).toMatchObject({ stopped: false, because: "it was not started by us" });
  expect(events).toEqual([]);
});

test("a container without our label keeps the engine running, those of stacks do not", async () => {
  await start("a");
  containers = [{ "hybrid-mcp": "local" }, { other: "x" }];
  expect(await release("a")).toMatchObject({ stopped: false, because: expect.stringContaining("1 container") });
  containers = [{ "hybrid-mcp": "local" }];
  expect(await release("a")).toEqual({ stopped: true });
});

test("a stack whose directory is gone counts no longer", async () => {
  await start("a");
  await use("b");
  rmSync(join(dir, "b"), { recursive: true });
  expect(await release("a")).toEqual({ stopped: true });
});

test("where no engine answers, nobody is written down as its user", async () => {
  expect(await use("a")).toBeUndefined();
  await start("b");
  expect(await release("b")).toEqual({ stopped: true });
});

test("a stack must exist to be written down", async () => {
  await expect(startDocker(join(dir, "missing"), log, { runDir, host })).rejects.toThrow("does not exist");
  expect(events).toEqual([]);
});

test("stacks of many processes that come and go at once start and stop the engine in turn, never under a user", async () => {
  const state = join(dir, "state");
  writeFileSync(state, "stopped");
  const journal = join(dir, "journal");
  const program = `
    import fs from "node:fs";
    import { releaseDocker, startDocker } from ${JSON.stringify(new URL("./lifetime.ts", import.meta.url).href)};
    const [runDir, state, journal, stackDir] = process.argv.slice(1);
    const running = () => fs.readFileSync(state, "utf8") === "running";
    const note = (text) => fs.appendFileSync(journal, text + "\\n");
    const engine = { socket: "/sock", version: "1" };
    const host = {
      find: async () => (running() ? engine : undefined),
      start: async () => { note("start"); fs.writeFileSync(state, "running"); return engine; },
      startedByUs: async () => running(),
      runningContainers: async () => [],
      stop: async () => { note("stop"); fs.writeFileSync(state, "stopped"); },
    };
    fs.mkdirSync(stackDir);
    for (let i = 0; i < 4; i++) {
      await startDocker(stackDir, () => {}, { runDir, host });
      if (!running()) note("not running for its user");
      await releaseDocker(stackDir, () => {}, { runDir, host });
    }`;
  const codes = await Promise.all(
    ["a", "b", "c", "d"].map(async (name) => {
      const args = ["--input-type=module", "-e", program, runDir, state, journal, join(dir, name)];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
      return (await once(child, "exit"))[0];
    }),
  );
  expect(codes).toEqual([0, 0, 0, 0]);
  const lines = readFileSync(journal, "utf8").trim().split("\n");
  expect(lines).toEqual(lines.map((_, i) => (i % 2 === 0 ? "start" : "stop")));
  expect(lines.at(-1)).toBe("stop");
});

test("a daemon started by hand is stopped with SIGTERM, and is gone when that returns", async () => {
  const program = `process.on("SIGTERM", () => setTimeout(() => process.exit(0), 50)); setInterval(() => {}, 1e6); process.stdout.write("up")`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  mkdirSync(runDir);
  const pid = child.pid!;
  const started = { by: "hand", pid, identity: processIdentity(pid) };
  writeFileSync(join(runDir, "started.json"), JSON.stringify(started));
  expect(await startedDaemon(runDir)).toEqual(started);
  await stopDaemon(runDir, (await startedDaemon(runDir))!);
  expect(processIdentity(pid)).toBeUndefined();
  expect(await startedDaemon(runDir)).toBeUndefined();
});

test("a daemon whose pid another process has now is not taken for ours", async () => {
  mkdirSync(runDir);
  writeFileSync(join(runDir, "started.json"), JSON.stringify({ by: "hand", pid: process.pid, identity: "earlier" }));
  expect(await startedDaemon(runDir)).toBeUndefined();
});
