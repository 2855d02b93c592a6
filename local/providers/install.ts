import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sdkVersion } from "./core/sdk-version.ts";

/** The packages that have a provider here. */
export const providerNames = ["cloudflare", "digitalocean", "docker", "random"] as const;

/**
 * Makes the local providers available to the Pulumi CLI as installed plugins, each with the version that the installed
 * SDK asks for: a launcher per plugin, started with the Node that this project brings. Safe to repeat.
 * @param pulumiHome - the directory that PULUMI_HOME names
 */
export async function installPlugins(pulumiHome: string): Promise<void> {
  const here = dirname(fileURLToPath(import.meta.url));
  const node = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
  await Promise.all(
    providerNames.map(async (name) => {
      const folder = join(pulumiHome, "plugins", `resource-${name}-v${sdkVersion(name)}`);
      const launcher = join(folder, `pulumi-resource-${name}`);
      await mkdir(folder, { recursive: true });
      const command = [node, "--disable-warning=ExperimentalWarning", join(here, name, "main.ts")].map(shellQuoted);
      await writeFile(launcher, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`);
      await chmod(launcher, 0o755);
    }),
  );
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
