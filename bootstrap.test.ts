import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const LOCK = {
  packages: {
    "": { name: "root" },
    "node_modules/thing": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/other-platform": { version: "1.0.0", optional: true, os: ["plan9"] },
  },
};

let root: string;
let path: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "bootstrap-")));
  mkdirSync(join(root, "local", "engine"), { recursive: true });
  for (const file of ["bootstrap.mjs", "local/engine/pid-lock.mjs"]) {
    copyFileSync(join(import.meta.dirname, file), join(root, file));
  }
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(LOCK));
  writeFileSync(
    join(root, "script.ts"),
    `const first: string = process.env.PATH!.split("${delimiter}")[0]!;
     process.on("SIGTERM", () => process.exit(7));
     process.stdout.write(JSON.stringify({ args: process.argv.slice(2), first }) + "\\n");
     if (process.argv[2] === "wait") setInterval(() => {}, 1e6);
     else process.exitCode = 3;`,
  );
  // Stands in for npm: notes each call and makes the little of node_modules that matters.
  mkdirSync(join(root, "bin"));
  program(
    join(root, "bin", "npm"),
    `echo "$@" >> npm-calls; [ -e fail ] && exit 9
     mkdir -p node_modules/.bin; sleep 0.2; ln -sf "${process.execPath}" node_modules/.bin/node`,
  );
  path = join(root, "bin") + delimiter + process.env.PATH;
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(file: string, code: string): void {
  writeFileSync(file, `#!/bin/sh\n${code}\n`);
  chmodSync(file, 0o755);
}

function start(args: string[], PATH = path): ChildProcess {
  return spawn(process.execPath, [join(root, "bootstrap.mjs"), ...args], {
    cwd: root,
    env: { ...process.env, PATH, TMPDIR: root },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(args: string[], PATH?: string): Promise<{ code: number; output: string; errors: string }> {
  const child = start(args, PATH);
  const read = { output: "", errors: "" };
  child.stdout!.on("data", (data) => {
    read.output += data;
  });
  child.stderr!.on("data", (data) => {
    read.errors += data;
  });
  const [code] = await once(child, "close");
  return { code, ...read };
}

const npmCalls = () => (existsSync(join(root, "npm-calls")) ? readFileSync(join(root, "npm-calls"), "utf8") : "");
const NPM_CI = "ci --include=dev --no-audit --no-fund --loglevel=error\n";

/** An installation that a person made with npm. */
function installByHand(version: string): void {
  mkdirSync(join(root, "node_modules", ".bin"), { recursive: true });
  program(join(root, "node_modules", ".bin", "node"), `exec "${process.execPath}" "$@"`);
  mkdirSync(join(root, "node_modules", "thing"));
  writeFileSync(join(root, "node_modules", "thing", "package.json"), JSON.stringify({ version }));
  const installed = { "node_modules/thing": LOCK.packages["node_modules/thing"] };
  writeFileSync(join(root, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
}

test("it installs what is missing once, then runs the script with its arguments and gives its exit code", async () => {
  const first = await run(["script.ts", "a", "--b c"]);
  expect(first.code).toBe(3);
  expect(JSON.parse(first.output)).toEqual({ args: ["a", "--b c"], first: join(root, "node_modules", ".bin") });
  expect(first.errors).toContain("npm ci");
  expect(await run(["script.ts"])).toMatchObject({ code: 3, errors: "" });
  expect(npmCalls()).toBe(NPM_CI);
});

test("a changed package-lock.json is installed anew", async () => {
  await run(["script.ts"]);
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ ...LOCK, lockfileVersion: 3 }));
  await run(["script.ts"]);
  expect(npmCalls()).toBe(NPM_CI + NPM_CI);
});

test("of two at once, one installs and the other waits for it", async () => {
  const both = await Promise.all([run(["script.ts"]), run(["script.ts"])]);
  expect(both.map(({ code }) => code)).toEqual([3, 3]);
  expect(npmCalls()).toBe(NPM_CI);
  expect(readdirSync(root).filter((name) => name.includes("lock"))).toEqual(["package-lock.json"]);
});

test("an installation made by hand that agrees with package-lock.json is taken as it is", async () => {
  installByHand("1.0.0");
  expect(await run(["script.ts"])).toMatchObject({ code: 3, errors: "" });
  expect(npmCalls()).toBe("");
});

test("an installation made by hand with another version in it is installed anew", async () => {
  installByHand("0.9.0");
  await run(["script.ts"]);
  expect(npmCalls()).toBe(NPM_CI);
});

test("when npm fails or is missing, one sentence says so", async () => {
  writeFileSync(join(root, "fail"), "");
  const failed = await run(["script.ts"]);
  expect(failed).toMatchObject({ code: 1, output: "" });
  expect(failed.errors.trim().split("\n").at(-1)).toBe(
    `npm ci failed with exit code 9 in ${root}; its messages are above.`,
  );
  const missing = await run(["script.ts"], join(root, "nothing"));
  expect(missing.code).toBe(1);
  expect(missing.errors.trim().split("\n").at(-1)).toBe(
    "npm is not installed: install Node.js 20 or later with npm and run this again.",
  );
});

test("a signal is handed on to the script", async () => {
  await run(["script.ts"]);
  const child = start(["script.ts", "wait"]);
  await once(child.stdout!, "data");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([7, null]);
});
