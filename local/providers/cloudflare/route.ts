import type { Properties, ResourceType } from "../core/resource-type.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

interface Route {
  id: string;
  pattern: string;
  script?: string | null;
}

/**
 * https://developers.cloudflare.com/api/resources/workers/subresources/routes/ A route without a script bypasses
 * Workers; setting and unsetting it are updates in place (`script: null`).
 */
export const workersRoute: ResourceType = {
  inputs: {
    zoneId: { required: true, replaces: true },
    pattern: { required: true },
    script: {},
  },
  outputs: [],
  importId(importId) {
    const [zoneId = "", id = ""] = importParts(importId, "zone_id", "route_id");
    return { id, state: { zoneId } };
  },
  async create({ zoneId, pattern, script }, context) {
    const body = { pattern, ...(script !== undefined && { script }) };
    const made = await cloudflareApi(context).post<Route>(path`/zones/${zoneId}/workers/routes`, body);
    return { id: made.id, outputs: {} };
  },
  async read(id, { zoneId }, context) {
    const found = await orGone(cloudflareApi(context).get<Route>(path`/zones/${zoneId}/workers/routes/${id}`));
    return (
      found && { id, outputs: { zoneId, pattern: found.pattern, script: found.script ?? undefined } as Properties }
    );
  },
  async update(id, { zoneId, pattern, script }, _state, context) {
    await cloudflareApi(context).put(path`/zones/${zoneId}/workers/routes/${id}`, { pattern, script: script ?? null });
    return {};
  },
  async delete(id, { zoneId }, context) {
    await cloudflareApi(context).delete(path`/zones/${zoneId}/workers/routes/${id}`);
  },
  async lookup({ zoneId, pattern }, context) {
    const all = await cloudflareApi(context).get<Route[]>(path`/zones/${zoneId}/workers/routes`);
    const found = all.find((route) => route.pattern === pattern);
    return found && `${zoneId}/${found.id}`;
  },
};
