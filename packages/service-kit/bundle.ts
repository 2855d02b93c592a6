import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** A service, built: the same bytes are uploaded to Cloudflare and run on the droplet. */
export interface WorkerBundle {
  /** One ES module. */
  contents: Uint8Array;
  sha256: string;
  /** `<package version>+<first 8 digits of the content's hash>`: what `/health` answers and gates ask for. */
  version: string;
}

/** Zod brings its messages along in fifty languages, a quarter of a bundle: services use those in English. */
const englishOnly: Plugin = {
  name: "zod-english-only",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/**
 * Builds a service to one ES module. The same sources give the same bytes on any machine.
 *
 * @param folder absolute path of the service's folder, with its `worker.ts` and `package.json`
 * @throws {Error} with esbuild's message when the sources do not build
 */
export async function bundleWorker(folder: string): Promise<WorkerBundle> {
  const { outputFiles } = await build({
    // Paths in the output's comments are relative to this.
    absWorkingDir: folder,
    entryPoints: ["worker.ts"],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    plugins: [englishOnly],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const contents = outputFiles[0]!.contents;
  const sha256 = createHash("sha256").update(contents).digest("hex");
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return { contents, sha256, version: `${version}+${sha256.slice(0, 8)}` };
}
