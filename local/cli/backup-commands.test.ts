import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStack } from "./stack.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "backup-commands-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Runs one of the commands, on a stack that is in `dir`. */
function run(command: "backup" | "restore", ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, `${command}.ts`), ...args],
    {
      encoding: "utf8",
      env: { ...process.env, HYBRID_MCP_LOCAL_DIR: join(dir, "stack") },
    },
  );
  return { status, stdout, stderr: stderr.trim() };
}

test.each([
  ["backup", ["--now"], "Unknown option '--now'\nUsage: npm run backup -- [--new-repository] [--stack local]"],
  ["backup", ["dev"], /^Unexpected argument 'dev'.*\nUsage: npm run backup/s],
  ["backup", ["--stack", "nosuch"], 'There is no stack "nosuch": its config, Pulumi.nosuch.yaml, is not here.'],
  [
    "restore",
    ["--snapshot"],
    /^Option '--snapshot <value>' argument missing\nUsage: npm run restore -- \[--snapshot ID\]/,
  ],
  ["restore", ["--stack", "nosuch"], 'There is no stack "nosuch": its config, Pulumi.nosuch.yaml, is not here.'],
  ["backup", [], "There is no local stack yet: npm run up"],
  ["restore", [], "There is no local stack yet: npm run up"],
] as const)("npm run %s %j", (command, args, message) => {
  const { status, stdout, stderr } = run(command, ...args);
  expect([status, stdout]).toEqual([1, ""]);
  if (typeof message === "string") expect(stderr).toBe(message);
  else expect(stderr).toMatch(message);
});

test.each(["backup", "restore"] as const)("npm run %s on a stack without containers", (command) => {
  const stack = new LocalStack(join(dir, "stack"));
  stack.create();
  stack.saveIdentity({ ...stack.identity, containers: "processes" });
  expect(run(command).stderr).toBe(
    "This stack runs without Docker Engine, and so without n8n: there is nothing to back up.",
  );
});

test("an engine that does not answer is told", () => {
  const stack = new LocalStack(join(dir, "stack"));
  stack.create();
  stack.saveIdentity({ ...stack.identity, containers: "docker", dockerSocket: join(dir, "docker.sock") });
  expect(run("backup").stderr).toMatch(/^The Docker Engine of the stack "local" does not answer: .*ENOENT/);
});
