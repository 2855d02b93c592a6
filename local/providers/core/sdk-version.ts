import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * Version of the installed `@pulumi/<name>` SDK: a plugin must have the version that its SDK asks for.
 * @throws Error when that package is not installed.
 */
export function sdkVersion(name: string): string {
  const file = createRequire(import.meta.url).resolve(`@pulumi/${name}/package.json`);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version.replace(/^v/, "");
}
