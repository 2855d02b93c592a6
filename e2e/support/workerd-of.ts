import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestStack } from "./test-stack.ts";

/**
 * The processes in which the local cloud runs a Worker: its requests in one, its Durable Objects, if it has any, in another.
 *
 * @param name of the script without the stack's, e.g. `coda`
 * @returns their pids
 */
export function workerdOf(stack: TestStack, name: string): number[] {
  // Each workerd tells its debug port in a folder of its own.
  const run = stack.stack.path("cloud", "workers", "run");
  const script = `${stack.stack.name}-${name}`;
  const ports = readdirSync(run)
    .filter((folder) => folder.startsWith("registry-") && readdirSync(join(run, folder)).includes(script))
    .map((folder) => JSON.parse(readFileSync(join(run, folder, script), "utf8")) as { debugPortAddress: string })
    .map(({ debugPortAddress }) => debugPortAddress.split(":").at(-1)!);
  const { stdout } = spawnSync("ss", ["-Htlnp"], { encoding: "utf8" });
  const pids = stdout
    .split("\n")
    .filter((line) => ports.some((port) => line.split(/\s+/)[3] === `127.0.0.1:${port}`))
    .map((line) => Number(/pid=(\d+)/.exec(line)?.[1]));
  if (pids.length === 0) throw new Error(`no workerd runs ${script}`);
  return pids;
}
