import * as pulumi from "@pulumi/pulumi";
import type { NetworkInspectInfo } from "dockerode";
import { hostEngine, ROLE_LABEL, unlessGone, unlessStopped } from "./engine-client.ts";
import type { Host } from "./host.ts";

/** Whose engine it is. */
type Machine = Pick<Host, "connection">;

/**
 * A hook before a container is made: it takes away one of this very name, stack and role that a run has left which was killed
 * while it made it, and which the state therefore does not know. One that the state knows has another name, which changes with
 * what is in it, or was deleted before (`deleteBeforeReplace`). Anything else of that name is left alone; Docker tells of it.
 */
export function containerLeftoverHook(host: Machine): pulumi.ResourceHook {
  return new pulumi.ResourceHook("container-leftover", async ({ newInputs }) => {
    const { name, labels, destroyGraceSeconds } = newInputs!;
    const container = (await hostEngine(host)).getContainer(name);
    const found = await container.inspect().catch(unlessGone);
    if (!found || !sameOwner(["hybrid-mcp", ROLE_LABEL], labels, found.Config.Labels)) return;
    tell(name, "container");
    await container.stop(destroyGraceSeconds === undefined ? {} : { t: destroyGraceSeconds }).catch(unlessStopped);
    await container.remove({ force: true, v: true });
  });
}

/** The same before a network is made, of one of this stack's with nothing on it. */
export function networkLeftoverHook(host: Machine): pulumi.ResourceHook {
  return new pulumi.ResourceHook("network-leftover", async ({ newInputs }) => {
    const { name, labels } = newInputs!;
    const network = (await hostEngine(host)).getNetwork(name);
    const found: NetworkInspectInfo | undefined = await network.inspect().catch(unlessGone);
    if (!found || !sameOwner(["hybrid-mcp"], labels, found.Labels ?? {})) return;
    if (Object.keys(found.Containers ?? {}).length > 0) return;
    tell(name, "network");
    await network.remove();
  });
}

/** Whether what was found has the labels that say whose it is, and what it is there, as what is to be made. */
function sameOwner(
  ownership: string[],
  labels: { label: string; value: string }[] = [],
  found: Record<string, string>,
): boolean {
  const wanted = new Map(labels.map(({ label, value }) => [label, value]));
  return ownership.every((each) => wanted.has(each) && found[each] === wanted.get(each));
}

function tell(name: string, what: string): void {
  pulumi.log.info(`${name}: a run that was cut off has left this ${what}, which is made again`);
}
