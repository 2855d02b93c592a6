import { discardUnfinished, lookup } from "./lookup.ts";

interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  delete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** What `pulumi stack export` prints. */
export interface ExportedStack {
  version: number;
  deployment: {
    resources?: ResourceState[];
    pending_operations?: { resource: ResourceState; type: string }[];
    [field: string]: unknown;
  };
}

export interface AdoptedStack {
  /** For `pulumi stack import`; the next step is `pulumi refresh`, which fills in what was adopted. */
  stack: ExportedStack;
  /** URNs of resources that the cut-off update had made. */
  adopted: string[];
  /** URNs of resources that it had not made (yet). */
  cleared: string[];
}

/**
 * Mends the state of a stack whose update was killed: a creation that was under way is looked up in its cloud by name;
 * what is found becomes part of the state, with the inputs that it was made with, unless it was still to become ready: that is
 * taken away, and made again with everything that belongs to it. (`pulumi refresh
 * --import-pending-creates` marks such a resource as importing, and engine 3.250 then drops it.)
 * @param exported - from `pulumi stack export`, without `--show-secrets`
 * @throws Error in the API's words when a cloud cannot be asked
 */
export async function adoptPendingCreates(
  exported: ExportedStack,
  find = lookup,
  discard = discardUnfinished,
): Promise<AdoptedStack> {
  const { pending_operations: pending = [], resources: before = [], ...rest } = exported.deployment;
  const resources = before.map((resource) => ({ ...resource }));
  const adopted: string[] = [];
  const cleared: string[] = [];
  for (const { resource, type } of pending) {
    if (type !== "creating" || !resource.custom) continue;
    const id = await find(resource.type, resource.inputs ?? {});
    const current = resources.find((known) => known.urn === resource.urn && !known.delete);
    // A replacement that was not made: what was found by its name is the one that it was to replace.
    const isOld = current?.id !== undefined && (id === current.id || id?.endsWith(`/${current.id}`));
    if (id === undefined || isOld || (await discard(resource.type, id, resource.inputs ?? {}))) {
      cleared.push(resource.urn);
      continue;
    }
    if (current) current.delete = true;
    const { outputs: _, ...made } = resource;
    resources.push({ ...made, id });
    adopted.push(resource.urn);
  }
  return { stack: { ...exported, deployment: { ...rest, resources } }, adopted, cleared };
}
