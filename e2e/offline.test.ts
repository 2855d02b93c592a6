import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureEngine } from "../local/engine/ensure-engine.ts";
import type { OfflineRun } from "./support/offline-run.ts";

/**
 * A machine without any network: everything runs in a network namespace that has loopback alone, and whose only name
 * server keeps what it is asked and never answers.
 */

let files: string;
let run: OfflineRun;

beforeAll(async () => {
  // What is brought over from a machine with a network.
  await ensureEngine({ log: () => {} });
  files = mkdtempSync(join(tmpdir(), "hybrid-mcp-offline-"));
  const resolver = join(files, "resolv.conf");
  writeFileSync(resolver, "nameserver 127.0.0.1\n");
  const inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const program = join(import.meta.dirname, "support", "offline-run.ts");
  run = JSON.parse(
    await output("unshare", ["--net", "--mount", "sh", "-c", inside, resolver, process.execPath, program]),
  );
  process.stdout.write(`up without a network took ${run.up.seconds.toFixed(1)} s\n`);
}, 600_000);
afterAll(() => rmSync(files, { recursive: true, force: true }));

const answer = (when: string) => run.answers.find((each) => each.when === when)!;
const rowsIn = (result: unknown) => (result as { rows: object[] }).rows.length;

test("without an engine up says what is missing and from where to bring it", () => {
  const { code, output } = run.withoutEngine;
  expect(code).toBe(1);
  expect(output).toMatch(/^No Pulumi CLI could be got\. .*Without the internet: copy \S+\/engine\/ from a machine/ms);
  expect(output).not.toMatch(/^\s+at /m);
  // The name server is the one that is asked: what follows would show there too.
  expect(run.lookedUp.withoutEngine).toContain("get.pulumi.com");
});

test("up prints the https URLs of the given certificate", () => {
  expect(run.up.output).toContain("https://coda-mcp.offline.test/mcp");
  expect(run.up.output).toContain("https://mcp.offline.test/mcp");
});

test.each([
  ["up", "workers"],
  ["flip to droplet", "droplet"],
  ["flip to workers", "workers"],
])("after %s a tool answers on %s, over TLS, to who signed in on the pages", (when, placement) => {
  const { servedBy, result } = answer(when);
  expect(servedBy).toBe(placement);
  expect(rowsIn(result)).toBe(8);
});

test("the gateway shows the services' tools", () => {
  expect(answer("gateway").result).toHaveProperty("docs");
});

test("status finds everything healthy", () => {
  expect(run.status.services.map(({ health }) => health)).not.toContain(expect.not.stringMatching("ok"));
  expect(run.status.services.length).toBeGreaterThanOrEqual(3);
});

test("a GitHub and an API inside the network are used once the config allows their host", () => {
  expect(rowsIn(answer("servers inside").result)).toBe(8);
  expect(answer("servers inside gone").result).toBeUndefined();
});

test("no name was looked up: nothing tried to reach the outside, or waited for it", () => {
  expect(run.lookedUp.after).toEqual([]);
});

test("down leaves no process", () => {
  expect(run.left).toEqual([]);
});

/** Runs a program to its end. @returns what it wrote to stdout */
function output(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ended with ${code}:\n${stdout}${stderr}`));
    });
  });
}
