import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fields, type Inspected, list, types, UNKNOWN } from "./resource.ts";

/** Where paths of the state begin: the program's folder. */
const PROGRAM = join(import.meta.dirname, "..");

/**
 * Containers that stay, of which nobody would know whether they work. A health check is the container's own, or is in the
 * Dockerfile of an image that this stack builds.
 */
export function withoutHealthcheck(resources: Inspected[], dockerfile = readDockerfile): Inspected[] {
  return resources.filter(({ type, props, madeOf }) => {
    // One that may end runs for a while only. (`restart` says nothing: "no" is what providers put there by themselves.)
    if (type !== types.container || props.mustRun === false) return false;
    const tests = fields(props.healthcheck).tests;
    if (tests === UNKNOWN || list(tests).length > 0) return list(tests)[0] === "NONE";
    const images = (madeOf?.image ?? []).filter((resource) => resource.type === types.image);
    return !images.some(({ props: { build } }) =>
      /^HEALTHCHECK (?!NONE)/m.test(dockerfile(fields(build).context) ?? ""),
    );
  });
}

function readDockerfile(context: unknown): string | undefined {
  if (typeof context !== "string") return undefined;
  try {
    return readFileSync(join(PROGRAM, context, "Dockerfile"), "utf8");
  } catch {
    return undefined;
  }
}
