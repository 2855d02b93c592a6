import * as pulumi from "@pulumi/pulumi";

/**
 * Stands before the creation of a volume with data: an update of a stack whose last update left such a volume, and that is
 * about to make it anew, has lost it. Then it says so and makes nothing.
 *
 * @param what whose data it is; the stack has an output of this name, with its `generation`
 * @param generation of the data that the config asks for
 */
export function dataGuard(what: string, generation: string): pulumi.ResourceHookBinding {
  const self = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const hook = new pulumi.ResourceHook(`${what}-data-guard-${guards++}`, async ({ name }) => {
    const last = new pulumi.StackReference(`last-${name}`, { name: self });
    const { value } = await last.getOutputDetails(what);
    if ((value as { generation?: string } | undefined)?.generation !== generation) return;
    throw new Error(
      `The volume ${name} of this stack is gone, and with it the data of ${what}; no empty one was made in its place. ` +
        `To go on with a backup, or to begin again with nothing, set hybrid-mcp:services.${what}.generation to a value ` +
        `other than "${generation}" and run this again; then, for the backup: npm run restore`,
    );
  });
  return { beforeCreate: [hook] };
}

/** Hooks have names of their own. */
let guards = 0;
