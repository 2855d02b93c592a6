import { spawnSync } from "node:child_process";
import { repositoryRoot } from "./stack.ts";

/** `npm run lint`: formatter and linter, then the type checker; both speak for themselves. */
for (const [command, ...args] of [
  ["biome", "check", "."],
  ["tsc", "-p", "."],
] as const) {
  const { status } = spawnSync(command, args, { cwd: repositoryRoot, stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
