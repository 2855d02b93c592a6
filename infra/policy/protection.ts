import { allowedAs } from "../stateful.ts";
import { fields, type Inspected, list, types } from "./resource.ts";

/** What of a kind of resources is lost with them. */
const KEPT: Record<string, string> = {
  [types.namespace]: "sessions, grants and tokens",
  [types.database]: "the audit trail",
  [types.bucket]: "the objects in it",
  [types.volume]: "all that the containers keep",
  [types.tunnel]: "the way to the droplet, and the credentials of every connector",
};

/** Docker volumes with what is made again by itself. */
const SCRATCH = ["backup-work"];

/** Generated values that may go: of products that the config no longer has, and what only tells one machine from the next. */
const PASSING = /(-product-secret|^machine)$/;

/** Keys that are rotated: the first of the config's `auth.keys` is in use, older ones may be taken away. */
const ROTATED = ["vault-key-", "signing-key-"];

/**
 * What holds data and would go with the next change that replaces it, or with a `destroy`.
 *
 * @param given names of the resources that the config lets go (`allowDataLoss`)
 */
export function unprotected(resources: Inspected[], given: string[]): [Inspected, string][] {
  const found: [Inspected, string][] = [];
  const newest = new Set(
    ROTATED.filter((kind) => !resources.some(({ name, opts }) => name.startsWith(kind) && opts.protect)),
  );
  for (const resource of resources) {
    const { name, opts } = resource;
    if (given.includes(allowedAs(name))) continue;
    const meant = `if it is to be lost, name it in the config: hybrid-mcp:allowDataLoss: [${allowedAs(name)}].`;
    const deleted = classesOf(resource, "deletedClasses");
    if (deleted.length > 0) {
      found.push([
        resource,
        `Its migrations delete what its Durable Objects (${deleted.join(", ")}) have stored, which \`protect\` does not keep. Take \`deletedClasses\` away, or, ${meant}`,
      ]);
    }
    const lost = opts.protect ? undefined : holds(resource, newest);
    if (lost === undefined) continue;
    found.push([resource, `It is not protected, and with it goes ${lost}. Give it \`protect: true\`, or, ${meant}`]);
  }
  return found;
}

function holds(resource: Inspected, unprotectedKinds: Set<string>): string | undefined {
  const { type, name, props } = resource;
  switch (type) {
    case types.dockerVolume:
      // One with a device stands for a folder, which outlives it.
      return SCRATCH.includes(name) || fields(props.driverOpts).device ? undefined : "what its containers keep there";
    case types.script: {
      const classes = classesOf(resource, "newSqliteClasses", "newClasses");
      return classes.length > 0 ? `what its Durable Objects (${classes.join(", ")}) have stored` : undefined;
    }
    case types.password:
    case types.bytes:
    case types.randomId:
    case types.randomString: {
      if (PASSING.test(name)) return undefined;
      const rotated = ROTATED.find((kind) => name.startsWith(kind));
      return rotated === undefined || unprotectedKinds.has(rotated) ? "all that was sealed with it" : undefined;
    }
    default:
      return KEPT[type];
  }
}

/** Classes of Durable Objects in lists of a script's migrations, which may be many in order. */
function classesOf({ type, props }: Inspected, ...lists: string[]): string[] {
  if (type !== types.script) return [];
  const migrations = fields(props.migrations);
  return [migrations, ...list(migrations.steps).map(fields)]
    .flatMap((step) => lists.flatMap((key) => list(step[key])))
    .map(String);
}
