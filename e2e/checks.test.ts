import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

function check(command: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin", command), args, {
    cwd: root,
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
}

test("every file is formatted and passes the linter", () => check("biome", ["ci", "."]));

test("every file passes the type checker", () => check("tsc", ["-p", "."]));
