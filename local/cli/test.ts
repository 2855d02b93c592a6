import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { startVitest } from "vitest/node";
import { ensureBaseImage } from "../docker/base-image.ts";
import { installDocker, installPackages, onPath } from "../docker/install-docker.ts";
import { releaseDocker } from "../docker/lifetime.ts";
import { ensureEngine } from "../engine/ensure-engine.ts";
import { runCommand, say } from "./user-error.ts";

const long = process.argv[2] === "--long";
const projects = long ? ["long"] : ["unit", "e2e"];
const words = process.argv.slice(long ? 3 : 2);

/**
 * `npm test`: installs what is missing, runs every test (or those whose file matches a given word) and ends with the
 * line `N passed, N failed`. Docker Engine is started if none answers, and stopped again. `npm run test:long` is the same
 * with `--long` first: what takes longer than anyone waits for before each change.
 */
await runCommand(async () => {
  const user = mkdtempSync(join(tmpdir(), "hybrid-mcp-test-"));
  try {
    // First, with progress: a machine that has none of them needs minutes, and no test waits that long.
    if (!onPath("chromium")) await installPackages(["chromium"], say);
    const { socket } = await installDocker(user, say);
    await ensureBaseImage(new Docker({ socketPath: socket }), say);
    await ensureEngine({ log: say });
    const vitest = await startVitest("test", words, { watch: false, run: true, project: projects });
    const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === "passed").length;
    // A file that does not load and an error outside any test are failures too.
    const broken = vitest.state.getTestModules().filter((module) => module.errors().length > 0).length;
    const failed = tests.length - passed + broken + vitest.state.getUnhandledErrors().length;
    await vitest.close();
    process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
    await releaseDocker(user, say);
    say(`${passed} passed, ${failed} failed`);
  } finally {
    rmSync(user, { recursive: true, force: true });
  }
});
