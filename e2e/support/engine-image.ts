import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { build } from "esbuild";
import { repositoryRoot } from "../../local/cli/stack.ts";
import { ensureBaseImage } from "../../local/docker/base-image.ts";

/**
 * Builds the image that takes the place of a Firecrawl engine's own.
 *
 * @param name to be removed by who asks for it
 * @throws {Error} with the engine's message when it does not build
 */
export async function buildEngineImage(docker: Docker, name: string): Promise<void> {
  const source = join(repositoryRoot, "e2e/firecrawl-engine");
  const context = mkdtempSync(join(tmpdir(), "firecrawl-engine-"));
  try {
    await build({
      entryPoints: [join(source, "main.ts")],
      outfile: join(context, "main.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node24",
      logLevel: "silent",
      // Packages in it that are CommonJS ask for Node's own modules.
      banner: {
        js: 'import { createRequire as createRequireOf } from "node:module"; const require = createRequireOf(import.meta.url);',
      },
    });
    const node = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
    copyFileSync(node, join(context, "node"));
    for (const file of ["Dockerfile", "healthy"]) copyFileSync(join(source, file), join(context, file));
    for (const file of ["main.mjs", "Dockerfile"]) chmodSync(join(context, file), 0o644);
    for (const file of ["node", "healthy"]) chmodSync(join(context, file), 0o755);
    const stream = await docker.buildImage(
      { context, src: ["Dockerfile", "healthy", "main.mjs", "node"] },
      { t: name, buildargs: { BASE: await ensureBaseImage(docker, () => {}) } },
    );
    const failure = await new Promise<string | undefined>((resolve, reject) => {
      docker.modem.followProgress(stream, (error, events: { error?: string }[]) =>
        error ? reject(error) : resolve(events.find((event) => event.error)?.error),
      );
    });
    if (failure) throw new Error(`${name} does not build: ${failure}`);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
