import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "look-commands-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test.each([
  ["status", ["--watch", "0"], "--watch takes whole seconds from 1 to 3600, not 0"],
  ["status", ["--watch", "--json"], "--watch is for people, --json for scripts: choose one"],
  ["status", ["--stack", "nosuch"], 'There is no stack "nosuch": its config, Pulumi.nosuch.yaml, is not here.'],
  ["status", [], "There is no local stack yet: npm run up"],
  ["drift", [], "There is no local stack yet: npm run up"],
  ["rollback", ["moon"], 'There is no service "moon"; the services are: coda, github, firecrawl.'],
  ["rollback", ["coda"], "There is no local stack yet: npm run up"],
])("npm run %s %j", (command, args, message) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, `${command}.ts`), ...args],
    {
      encoding: "utf8",
      env: { ...process.env, HYBRID_MCP_LOCAL_DIR: join(dir, "stack") },
    },
  );
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr.split("\n")[0]).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});
