import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The stacks of this machine that use its Docker Engine, one file each. A stack whose directory is gone counts no longer.
 * Callers hold the lock of the run folder.
 */
export class DockerUsers {
  private readonly dir: string;

  /** @param runDir see `dockerRunDir` */
  constructor(runDir: string) {
    this.dir = join(runDir, "users");
  }

  /** @param stackDir absolute path of the stack's directory, which exists */
  async add(stackDir: string): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    const file = this.file(stackDir);
    await writeFile(`${file}.new`, JSON.stringify({ stackDir }));
    await rename(`${file}.new`, file);
  }

  /** Removing one that is not there is no error. */
  async remove(stackDir: string): Promise<void> {
    await rm(this.file(stackDir), { force: true });
  }

  /** The directories of those that still exist; the others are forgotten. */
  async list(): Promise<string[]> {
    const alive: string[] = [];
    for (const name of await readdir(this.dir).catch(() => [])) {
      if (!name.endsWith(".json")) continue;
      const { stackDir } = JSON.parse(await readFile(join(this.dir, name), "utf8")) as { stackDir: string };
      if (existsSync(stackDir)) alive.push(stackDir);
      else await this.remove(stackDir);
    }
    return alive;
  }

  private file(stackDir: string): string {
    return join(this.dir, `${createHash("sha256").update(stackDir).digest("hex").slice(0, 16)}.json`);
  }
}
