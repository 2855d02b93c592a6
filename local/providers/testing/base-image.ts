import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";

const run = promisify(execFile);

/**
 * An image with a shell, `sleep`, `cat` and `test` on the real engine: the project's own base where it is, else a tiny
 * one that is made of this machine's programs and their libraries.
 * @throws Error when no Docker Engine answers
 */
export async function shellImage(): Promise<string> {
  const docker = new Docker();
  await docker.ping().catch(() => {
    throw new Error(
      "These tests need Docker Engine: start it, or let npm test install it (as root on Debian or Ubuntu).",
    );
  });
  for (const name of ["hybrid-mcp/base:bookworm-1", "hybrid-mcp-test/shell:1"]) {
    if (
      await docker
        .getImage(name)
        .inspect()
        .catch(() => undefined)
    )
      return name;
  }
  const folder = await mkdtemp(join(tmpdir(), "shell-image-"));
  try {
    const programs = ["/bin/sh", "/bin/sleep", "/bin/cat", "/bin/touch", "/bin/rm"];
    const libraries = programs.flatMap((program) =>
      [...execFileSync("ldd", [program], { encoding: "utf8" }).matchAll(/(\/\S+)/g)].map((match) => match[1] ?? ""),
    );
    for (const file of new Set([...programs, ...libraries])) {
      await mkdir(join(folder, dirname(file)), { recursive: true });
      await cp(file, join(folder, file), { dereference: true });
    }
    const archive = `${folder}.tar`;
    await run("tar", ["-C", folder, "-cf", archive, "."]);
    const stream = await docker.importImage(archive, { repo: "hybrid-mcp-test/shell", tag: "1" });
    await new Promise((done, fail) =>
      docker.modem.followProgress(stream, (error) => (error ? fail(error) : done(null))),
    );
    await rm(archive);
    return "hybrid-mcp-test/shell:1";
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
