import { join } from "node:path";
import { cacheDir } from "../engine/cache-dir.ts";

/** The folder with what is known about the Docker Engine of this machine: who uses it, and whether we started it. */
export function dockerRunDir(): string {
  return join(cacheDir(), "run", "docker");
}
