import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import { build } from "esbuild";

export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folder that holds each service's `worker.ts` and `package.json`. */
const folders: Record<ServiceName, string> = { coda: "workers/coda" };

/** One service, built: the same file is uploaded to Cloudflare and runs on the droplet. */
export interface Bundle {
  service: ServiceName;
  /** Absolute path of the ES module. */
  path: string;
  sha256: string;
  /** `<package version>+<first 8 digits of the content's hash>`: what `/health` answers and gates ask for. */
  version: string;
}

/**
 * Builds a service to one ES module under `dist/`. The same sources give the same bytes on any machine.
 *
 * @throws {Error} with esbuild's message when the sources do not build
 */
export async function bundle(service: ServiceName): Promise<Bundle> {
  const folder = join(repositoryRoot, folders[service]);
  const { outputFiles } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [join(folder, "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const contents = outputFiles[0]!.contents;
  const sha256 = createHash("sha256").update(contents).digest("hex");
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const path = join(repositoryRoot, "dist", "workers", service, "worker.js");
  writeAtomically(path, contents);
  return { service, path, sha256, version: `${version}+${sha256.slice(0, 8)}` };
}

/** A path as it is kept in the state: relative to the program's folder, so that it is the same on every machine. */
export function statePath(path: string): string {
  return relative(process.cwd(), path);
}

/** Writes a file that another run may be reading at the same time. */
export function writeAtomically(path: string, contents: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
