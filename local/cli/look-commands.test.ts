import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  ["preview", ["--commit", "main"], "--commit takes a commit's SHA, not main"],
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

test.each([
  ["a person can put right", undefined, "The local stack is not up"],
  ["nobody has thought of", "{", "JSON"],
])("a preview that ends with an error that %s leaves it as the comment, of its commit", (_, identity, message) => {
  const file = join(dir, "comment.md");
  writeFileSync(file, "✅ what an earlier preview said");
  if (identity !== undefined) {
    mkdirSync(join(dir, "stack"));
    writeFileSync(join(dir, "stack", "identity.json"), identity);
  }
  const args = [join(import.meta.dirname, "preview.ts"), "--markdown", file, "--commit", "0123abc"];
  const env = { ...process.env, HYBRID_MCP_LOCAL_DIR: join(dir, "stack") };
  const { status } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(status).toBe(1);
  const comment = readFileSync(file, "utf8");
  expect(comment).toContain("The update would fail; what would change is not known.");
  expect(comment).toContain("Of commit 0123abc.");
  expect(comment).toContain(message);
  expect(comment).not.toContain("✅");
});
