import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { build } from "esbuild";
import { hasImage } from "../docker/base-image.ts";
import { repositoryRoot } from "./stack.ts";
import { UserError } from "./user-error.ts";

/**
 * Builds the image of the local connector, which takes cloudflared's place in the local stack, unless the engine has it.
 *
 * @param docker the engine that the stack's containers run on
 * @param base image that it is built on
 * @param workDir a folder of the stack's own for the build context
 * @returns the image's name
 * @throws {UserError} with the engine's message when it does not build
 */
export async function ensureConnectorImage(docker: Docker, base: string, workDir: string): Promise<string> {
  const source = join(repositoryRoot, "local", "connector");
  const { outputFiles } = await build({
    entryPoints: [join(source, "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node24",
  });
  const script = outputFiles[0]!.contents;
  const dockerfile = readFileSync(join(source, "Dockerfile"));
  const launcher = readFileSync(join(source, "cloudflared"));
  const hash = createHash("sha256");
  for (const part of [script, dockerfile, launcher, process.version, base]) hash.update(part).update("\0");
  const name = `hybrid-mcp/connector:${hash.digest("hex").slice(0, 12)}`;
  if (await hasImage(docker, name)) return name;

  const context = join(workDir, "connector");
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, "main.mjs"), script);
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  writeFileSync(join(context, "cloudflared"), launcher);
  copyFileSync(
    join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node"),
    join(context, "node"),
  );
  // Readable for the container's user whatever this machine's umask is.
  for (const file of ["main.mjs", "Dockerfile"]) chmodSync(join(context, file), 0o644);
  for (const file of ["cloudflared", "node"]) chmodSync(join(context, file), 0o755);
  const stream = await docker.buildImage(
    { context, src: ["Dockerfile", "cloudflared", "main.mjs", "node"] },
    { t: name, buildargs: { BASE: base }, labels: { "hybrid-mcp": "connector" } },
  );
  const failure = await new Promise<string | undefined>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, events: { error?: string }[]) =>
      error ? reject(error) : resolve(events.find((event) => event.error)?.error),
    );
  });
  rmSync(context, { recursive: true, force: true });
  if (failure) throw new UserError(`The connector's image does not build: ${failure}`);
  return name;
}
