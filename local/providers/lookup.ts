import { provider as cloudflare } from "./cloudflare/provider.ts";
import type { ResourceType } from "./core/resource-type.ts";
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
  const context = { config: {}, signal: new AbortController().signal, timeoutSeconds: 0 };
  return resources[type]?.lookup?.(inputs, context);
}
