// `node bootstrap.mjs <script.ts> [args…]` runs a script with the bundled Node 24 and installs what is missing first.
// It runs before anything is installed, on any Node from 20 on, so it is plain JavaScript and uses Node's own modules only.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withPidLock } from "./local/engine/pid-lock.mjs";

const root = realpathSync(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const node = join(bin, process.platform === "win32" ? "node.cmd" : "node");
const stamp = join(modules, ".hybrid-mcp-lock");

/** Something that the person can put right: shown as one sentence. */
class UserError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main([script, ...args]) {
  if (script === undefined) throw new UserError("Usage: node bootstrap.mjs <script.ts> [arguments]");
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new UserError(`Node.js ${process.versions.node} is too old: install version 20 or later and run this again.`);
  }
  await install();
  const env = {
    ...process.env,
    PATH: bin + delimiter + (process.env.PATH ?? ""),
    // Half of the time that a command takes to start is compiling the same code as the last time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, ".cache", "hybrid-mcp", "compiled"),
  };
  return await run(node, [script, ...args], { env });
}

async function install() {
  if (isInstalled()) return;
  const key = createHash("sha256").update(root).digest("hex").slice(0, 16);
  // Outside of node_modules, which npm ci removes, and of the working tree.
  await withPidLock(
    join(tmpdir(), `hybrid-mcp-install-${process.getuid?.() ?? ""}-${key}.lock`),
    async () => {
      if (isInstalled()) return;
      console.error("Installing the packages of package-lock.json into node_modules (npm ci), about a minute …");
      // NODE_ENV=production would leave out the bundled Node.
      const code = await run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: root,
      });
      if (code !== 0) throw new UserError(`npm ci failed with exit code ${code} in ${root}; its messages are above.`);
      if (!nodeRuns()) throw new UserError(`npm ci was done, but ${node} does not run on this machine.`);
      writeFileSync(stamp, lockHash());
    },
    { onWait: (pid) => console.error(`Process ${pid} is installing packages into ${modules}, waiting …`) },
  );
}

function isInstalled() {
  if (!nodeRuns()) return false;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash()) return true;
  if (!agreesWithLock()) return false;
  writeFileSync(stamp, lockHash());
  return true;
}

function nodeRuns() {
  return existsSync(node) && spawnSync(node, ["--version"], { shell: process.platform === "win32" }).status === 0;
}

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

/**
 * Whether an installation that a person made with npm is what package-lock.json says. npm writes node_modules/.package-lock.json
 * when it is done; every package must be in both and lie in its folder in that version.
 */
function agreesWithLock() {
  try {
    const wanted = readJson(join(root, "package-lock.json")).packages;
    const installed = readJson(join(modules, ".package-lock.json")).packages;
    return (
      Object.entries(wanted).every(([path, entry]) => path === "" || path in installed || isForOtherPlatform(entry)) &&
      Object.entries(installed).every(
        ([path, entry]) =>
          path in wanted &&
          wanted[path].version === entry.version &&
          wanted[path].integrity === entry.integrity &&
          (entry.link || entry.version === readJson(join(root, path, "package.json")).version),
      )
    );
  } catch {
    return false;
  }
}

/** npm leaves out optional packages that are for another system, and what only those need. */
function isForOtherPlatform({ optional, os, cpu, libc }) {
  const fits = (list, value) => list === undefined || list.includes(value);
  return optional === true && !((os || cpu) && !libc && fits(os, process.platform) && fits(cpu, process.arch));
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Runs a program on this process's terminal, hands signals on to it, and returns its exit code. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", shell: process.platform === "win32", ...options });
    const forward = (signal) => {
      // On a terminal, Ctrl-C goes to every process of the group: the program has got it already.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    process.on("SIGINT", forward).on("SIGTERM", forward);
    const done = () => process.off("SIGINT", forward).off("SIGTERM", forward);
    child.once("error", (error) => {
      done();
      reject(
        error.code === "ENOENT" && command === "npm"
          ? new UserError("npm is not installed: install Node.js 20 or later with npm and run this again.")
          : error,
      );
    });
    child.once("exit", (code, signal) => {
      done();
      // As a shell reports a program that was ended by a signal.
      resolve(signal ? 128 + constants.signals[signal] : code);
    });
  });
}
