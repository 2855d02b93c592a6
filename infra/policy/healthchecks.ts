import { dockerfileOf, isChecked, type ReadFile, readFile } from "./dockerfile.ts";
import { fields, type Inspected, list, types, UNKNOWN } from "./resource.ts";

/**
 * Containers that stay, of which nobody would know whether they work. A health check is the container's own, or is in the
 * Dockerfile of an image that this stack builds.
 */
export function withoutHealthcheck(resources: Inspected[], read: ReadFile = readFile): Inspected[] {
  return resources.filter(({ type, props, madeOf }) => {
    if (type !== types.container || endsByItself(props)) return false;
    const tests = fields(props.healthcheck).tests;
    if (tests === UNKNOWN || list(tests).length > 0) return list(tests)[0] === "NONE";
    const images = (madeOf?.image ?? []).filter((resource) => resource.type === types.image);
    return !images.some(({ props }) => {
      const dockerfile = dockerfileOf(props.build, read);
      return dockerfile !== undefined && isChecked(dockerfile, fields(props.build).target);
    });
  });
}

/** One that may end, and that nothing starts again: it runs for a while only. */
function endsByItself({ mustRun, restart }: Record<string, unknown>): boolean {
  return mustRun === false && restart !== "always" && restart !== "unless-stopped";
}
