// Plain JavaScript with a declaration file beside it: bootstrap.mjs needs it before Node 24, which strips types, is there.
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What tells this process from a later one with the same pid. A zombie counts as gone.
 * On Linux it is the start time in clock ticks after boot (proc(5), /proc/pid/stat field 22) and the boot's id; elsewhere "0".
 * @param {number} pid
 * @returns {string | undefined} undefined: no such process
 */
export function processIdentity(pid) {
  if (process.platform === "linux") {
    try {
      // The second field, the program's name, may hold spaces and parentheses: count from the last one.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
      return fields[0] === "Z" || fields[0] === "X" ? undefined : `${fields[19]}.${boot}`;
    } catch (error) {
      if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
      throw error;
    }
  }
  try {
    process.kill(pid, 0);
    return "0";
  } catch (error) {
    return error.code === "EPERM" ? "0" : undefined;
  }
}

/**
 * Runs `work` while this process holds the lock; a lock whose owner is dead is taken over.
 *
 * The lock is a directory that holds one file, named after its owner. It comes into being with that file in one rename, so a
 * lock without an owner is a free one. Taking over removes the dead owner's own file and nothing else, then everybody tries the
 * same rename, which fails on a directory that is not empty: two who take over at once cannot both win.
 * @template T
 * @param {string} path
 * @param {() => Promise<T> | T} work
 * @param {{ onWait?: (ownerPid: number) => void; signal?: AbortSignal; pollMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withPidLock(path, work, options = {}) {
  const nonce = randomBytes(6).toString("hex");
  const own = `${process.pid}_${processIdentity(process.pid)}_${nonce}`;
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (true) {
    options.signal?.throwIfAborted();
    const owner = liveOwner(path);
    if (owner === undefined && take(path, own)) break;
    if (owner !== undefined && !told) {
      told = true;
      options.onWait?.(owner);
    }
    await delay(options.pollMs ?? 200, undefined, { signal: options.signal });
  }
  try {
    return await work();
  } finally {
    rmSync(join(path, own), { force: true });
    removeIfEmpty(path);
  }
}

/**
 * The pid that holds the lock, after the files of dead owners are removed.
 * @param {string} path
 * @returns {number | undefined} undefined: it is free
 */
export function liveOwner(path) {
  let live;
  for (const name of list(path)) {
    const [pid, identity] = name.split("_");
    if (processIdentity(Number(pid)) === identity) live = Number(pid);
    else rmSync(join(path, name), { force: true });
  }
  return live;
}

function take(path, own) {
  const mine = `${path}.${own}`;
  mkdirSync(mine);
  writeFileSync(join(mine, own), "");
  // POSIX lets a directory take the place of an empty one; Windows does not, hence the rmdir.
  removeIfEmpty(path);
  try {
    renameSync(mine, path);
    return true;
  } catch (error) {
    unlinkSync(join(mine, own));
    rmdirSync(mine);
    if (["ENOTEMPTY", "EEXIST", "EPERM"].includes(error.code)) return false;
    throw error;
  }
}

function list(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

function removeIfEmpty(path) {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
  }
}
