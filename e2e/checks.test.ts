import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readmesWithTables } from "../local/docs/tool-tables.ts";
import { faultsDocument } from "./faults/document.ts";

const root = join(import.meta.dirname, "..");

function check(command: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin", command), args, {
    cwd: root,
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
}

test("every file is formatted and passes the linter", () => check("biome", ["ci", "."]));

test("the tables of tools in the READMEs are those of the tools, and a test is named after each: npm run docs", () => {
  for (const [file, text] of Object.entries(readmesWithTables())) {
    expect(readFileSync(join(root, file), "utf8"), file).toBe(text);
  }
});

test("the table of faults is that of the tests, and every row has one: npm run docs", () => {
  expect(readFileSync(join(root, "docs/faults.md"), "utf8")).toBe(faultsDocument());
});

test("every file passes the type checker", () => check("tsc", ["-p", "."]));
