import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlatformName, ServiceName } from "@hybrid-mcp/catalogue";
import { bundleWorker, type WorkerBundle } from "@hybrid-mcp/service-kit/bundle";

export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where what is built is kept: a cache that may be deleted at any time. */
export const buildCache = join(repositoryRoot, "node_modules", ".cache", "hybrid-mcp");

/** What is built to a Worker: services, the platform's own parts, and two of those in one. */
export type BundleName = ServiceName | PlatformName | "consolidated";

const folders: Record<BundleName, string> = {
  coda: "workers/coda",
  github: "workers/github",
  firecrawl: "droplet/firecrawl",
  "oauth-broker": "workers/oauth-broker",
  "mcp-gateway": "workers/mcp-gateway",
  consolidated: "workers/consolidated",
};

/** A Worker's bundle, written to a file. */
export interface Bundle extends WorkerBundle {
  name: BundleName;
  /** Absolute path of the ES module. */
  path: string;
}

/** Builds a Worker and writes its module into the build cache. */
export async function bundle(name: BundleName): Promise<Bundle> {
  const built = await bundleWorker(join(repositoryRoot, folders[name]));
  const path = join(buildCache, "workers", name, "worker.js");
  mkdirSync(dirname(path), { recursive: true });
  // In one step: another run may be reading the file.
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, built.contents);
  renameSync(temporary, path);
  return { ...built, name, path };
}

/** A path as it is kept in the state: relative to the program's folder, so that it is the same on every machine. */
export function statePath(path: string): string {
  return relative(process.cwd(), path);
}
