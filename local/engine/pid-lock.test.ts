import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processIdentity, withPidLock } from "./pid-lock.mjs";

const MODULE = JSON.stringify(new URL("./pid-lock.mjs", import.meta.url).href);

let dir: string;
let lock: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pid-lock-"));
  lock = join(dir, "lock");
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

/** Runs JavaScript in a process of its own, with `withPidLock` and `lock` at hand. */
function start(code: string): ChildProcess {
  const program = `import { withPidLock } from ${MODULE}; import fs from "node:fs"; const lock = ${JSON.stringify(lock)}; ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

const HOLD = `await withPidLock(lock, () => { process.stdout.write("held"); return new Promise(() => setInterval(() => {}, 1e6)); });`;

test("only one of several processes is in it at a time, also when they all find a dead owner's lock", async () => {
  const owner = start(HOLD);
  await once(owner.stdout!, "data");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  const counter = join(dir, "counter");
  writeFileSync(counter, "0");
  // Reads, waits and writes: two at once would lose a count.
  const add = `const file = ${JSON.stringify(counter)};
    for (let i = 0; i < 5; i++) await withPidLock(lock, async () => {
      const value = Number(fs.readFileSync(file));
      await new Promise((resolve) => setTimeout(resolve, 3));
      fs.writeFileSync(file, String(value + 1));
    }, { pollMs: 1 });`;
  const codes = await Promise.all([1, 2, 3, 4, 5].map(async () => (await once(start(add), "exit"))[0]));
  expect(codes).toEqual([0, 0, 0, 0, 0]);
  expect(readFileSync(counter, "utf8")).toBe("25");
  expect(readdirSync(dir)).toEqual(["counter"]);
});

test("who waits is told once who holds it, and gets it when that process is killed", async () => {
  const owner = start(HOLD);
  await once(owner.stdout!, "data");
  const told: number[] = [];
  const entered = withPidLock(lock, () => "entered", {
    pollMs: 5,
    onWait: (pid) => {
      told.push(pid);
      owner.kill("SIGKILL");
    },
  });
  expect(await entered).toBe("entered");
  expect(told).toEqual([owner.pid]);
});

test("an owner whose pid another process has now does not hold it", async () => {
  mkdirSync(lock);
  writeFileSync(join(lock, `${process.pid}_earlier_abc`), "");
  expect(await withPidLock(lock, () => "entered", { pollMs: 5 })).toBe("entered");
});

test("a dead owner's file beside that of a live owner does not open the lock", async () => {
  const owner = start(HOLD);
  await once(owner.stdout!, "data");
  writeFileSync(join(lock, "1_earlier_abc"), "");
  const abort = new AbortController();
  let looks = 0;
  const waiting = withPidLock(lock, () => "entered", {
    pollMs: 1,
    get signal() {
      if (++looks === 20) abort.abort();
      return abort.signal;
    },
  });
  await expect(waiting).rejects.toThrow("abort");
  expect(readdirSync(lock)).toHaveLength(1);
});

test("waiting ends when the signal aborts, and the lock stays with its owner", async () => {
  const owner = start(HOLD);
  await once(owner.stdout!, "data");
  const abort = new AbortController();
  const waiting = withPidLock(lock, () => "entered", { signal: abort.signal, onWait: () => abort.abort() });
  await expect(waiting).rejects.toThrow("abort");
  expect(readdirSync(lock)).toHaveLength(1);
});

test("it is free again after an error", async () => {
  await expect(
    withPidLock(lock, () => {
      throw new Error("failed inside");
    }),
  ).rejects.toThrow("failed inside");
  expect(existsSync(lock)).toBe(false);
});

test("a process has an identity for as long as it runs", async () => {
  const child = start("setInterval(() => {}, 1e6)");
  const identity = processIdentity(child.pid!);
  expect(identity).toBeDefined();
  expect(processIdentity(child.pid!)).toBe(identity);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(processIdentity(child.pid!)).toBeUndefined();
});
