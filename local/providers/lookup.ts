import { provider as cloudflare } from "./cloudflare/provider.ts";
import type { OperationContext, ResourceType } from "./core/resource-type.ts";
import { provider as digitalocean } from "./digitalocean/provider.ts";
import { provider as docker } from "./docker/provider.ts";

const resources: Record<string, ResourceType> = {
  ...cloudflare.resources,
  ...digitalocean.resources,
  ...docker.resources,
};

/**
 * Finds a resource that a cut-off update may have made, by what makes it unique in its cloud (name, hostname, pattern
 * …). Endpoints and tokens come from the environment, as they do for the plugins.
 * @param type - type token, e.g. `cloudflare:index/workersRoute:WorkersRoute`
 * @param inputs - the resource's inputs as the state has them; what is needed of them is never secret
 * @returns its import id; undefined when there is none, or when resources of this type exist in the state only
 * @throws Error in the API's words when it cannot be asked
 */
export async function lookup(type: string, inputs: Record<string, unknown>): Promise<string | undefined> {
  return resources[type]?.lookup?.(inputs, context());
}

/**
 * Takes away what a cut-off update has made and not yet seen ready: it would count as done.
 * @param id - from `lookup`
 * @returns whether it was taken away
 * @throws Error in the API's words when it cannot be asked
 */
export async function discardUnfinished(type: string, id: string, inputs: Record<string, unknown>): Promise<boolean> {
  return (await resources[type]?.discardUnfinished?.(id, inputs, context())) ?? false;
}

function context(): OperationContext {
  return { config: {}, signal: new AbortController().signal, timeoutSeconds: 0 };
}
