import * as pulumi from "@pulumi/pulumi";
import { hostEngine, ROLE_LABEL, unlessGone, unlessStopped } from "./engine-client.ts";
import type { Host } from "./host.ts";

/** The labels that say whose a container is, and what it is there. */
const OWNERSHIP = ["hybrid-mcp", ROLE_LABEL];

/**
 * A hook before a container is made: it takes away one of this very name, stack and role that a run has left which was killed
 * while it made it, and which the state therefore does not know. One that the state knows has another name, which changes with
 * what is in it, or was deleted before (`deleteBeforeReplace`). Anything else of that name is left alone; Docker tells of it.
 */
export function leftoverHook(host: Pick<Host, "connection">): pulumi.ResourceHook {
  return new pulumi.ResourceHook("container-leftover", async ({ newInputs }) => {
    const { name, labels = [], destroyGraceSeconds } = newInputs!;
    const container = (await hostEngine(host)).getContainer(name);
    const found = await container.inspect().catch(unlessGone);
    if (!found) return;
    const wanted = new Map((labels as { label: string; value: string }[]).map(({ label, value }) => [label, value]));
    if (!OWNERSHIP.every((each) => wanted.has(each) && found.Config.Labels[each] === wanted.get(each))) return;
    pulumi.log.info(`${name}: a run that was cut off has left this container, which is made again`);
    await container.stop(destroyGraceSeconds === undefined ? {} : { t: destroyGraceSeconds }).catch(unlessStopped);
    await container.remove({ force: true, v: true });
  });
}
