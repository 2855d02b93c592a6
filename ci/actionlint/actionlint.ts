import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir } from "../../local/engine/cache-dir.ts";
import { publish } from "../../local/engine/publish.ts";
import { runTool, ToolError } from "../../local/engine/run-tool.ts";

/** As in go.mod beside this. */
const VERSION = "1.7.12";

/**
 * Lints workflow files with actionlint (https://github.com/rhysd/actionlint), which is built from its Go module once and kept in
 * the cache. It is the tool itself: what npm has of it is years older and knows neither `vars` nor the runners of today.
 *
 * @returns what it finds, a line for each; empty when all is good
 * @throws {Error} when it cannot be had
 */
export async function actionlint(files: string[]): Promise<string> {
  const folder = join(cacheDir(), "actionlint", VERSION);
  try {
    await publish(folder, build);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new Error(`actionlint cannot be built: ${error.message}. It needs Go 1.25 or later.`);
  }
  try {
    // Of what it would ask other programs (shellcheck, pyflakes) nothing: a machine has them or not.
    return await runTool(join(folder, "actionlint"), ["-no-color", "-oneline", "-shellcheck=", "-pyflakes=", ...files]);
  } catch (error) {
    // 1: it has found something, which is on its standard output; then nothing is on the other one.
    if (error instanceof ToolError && error.code === 1) return error.output;
    throw error;
  }
}

async function build(workDir: string): Promise<string> {
  const [module, made] = [join(workDir, "module"), join(workDir, "made")];
  for (const folder of [module, made]) await mkdir(folder);
  for (const name of ["go.mod", "go.sum"]) await copyFile(join(import.meta.dirname, name), join(module, name));
  const args = ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", join(made, "actionlint")];
  const env = { GOWORK: "off", CGO_ENABLED: "0", GOTMPDIR: workDir };
  await runTool("go", [...args, "github.com/rhysd/actionlint/cmd/actionlint"], { cwd: module, env });
  return made;
}
