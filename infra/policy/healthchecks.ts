import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fields, type Inspected, list, types, UNKNOWN } from "./resource.ts";

/** Where paths of the state begin: the program's folder. */
const PROGRAM = join(import.meta.dirname, "..");

/** Reads a Dockerfile. @returns undefined where there is none */
type ReadDockerfile = (context: unknown, name: unknown) => string | undefined;

/**
 * Containers that stay, of which nobody would know whether they work. A health check is the container's own, or is in the
 * Dockerfile of an image that this stack builds.
 */
export function withoutHealthcheck(resources: Inspected[], read: ReadDockerfile = readDockerfile): Inspected[] {
  return resources.filter(({ type, props, madeOf }) => {
    if (type !== types.container || endsByItself(props)) return false;
    const tests = fields(props.healthcheck).tests;
    if (tests === UNKNOWN || list(tests).length > 0) return list(tests)[0] === "NONE";
    const images = (madeOf?.image ?? []).filter((resource) => resource.type === types.image);
    return !images.some(({ props }) => {
      const { context, dockerfile, target } = fields(props.build);
      return isChecked(read(context, dockerfile || "Dockerfile") ?? "", target);
    });
  });
}

/** One that may end, and that nothing starts again: it runs for a while only. */
function endsByItself({ mustRun, restart }: Record<string, unknown>): boolean {
  return mustRun === false && restart !== "always" && restart !== "unless-stopped";
}

/** Whether the image of a Dockerfile has a health check: what an earlier stage says is not the image's, and the last word counts. */
function isChecked(dockerfile: string, target: unknown): boolean {
  const stages = dockerfile.split(/^\s*(?=FROM\s)/im);
  const built =
    stages.find((stage) => target && /^FROM\s.*\sAS\s+(\S+)/i.exec(stage)?.[1] === target) ?? stages.at(-1)!;
  const checks = [...built.matchAll(/^\s*HEALTHCHECK\s+(\S+)/gim)];
  return checks.length > 0 && checks.at(-1)![1] !== "NONE";
}

function readDockerfile(context: unknown, name: unknown): string | undefined {
  if (typeof context !== "string" || typeof name !== "string") return undefined;
  try {
    return readFileSync(join(PROGRAM, context, name), "utf8");
  } catch {
    return undefined;
  }
}
