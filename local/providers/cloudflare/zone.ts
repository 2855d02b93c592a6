import { camelCase, renameKeys } from "../core/casing.ts";
import type { DataSource, Properties } from "../core/resource-type.ts";
import { compact } from "../core/values.ts";
import { CloudflareError, cloudflareApi, path } from "./client.ts";

interface Zone extends Properties {
  id: string;
}

/** https://developers.cloudflare.com/api/resources/zones/ One zone, by id or by a filter that fits exactly one. */
export const getZone: DataSource = async ({ zoneId, filter }, context) => {
  const api = cloudflareApi(context);
  if (zoneId !== undefined) return outputsOf(await api.get<Zone>(path`/zones/${zoneId}`), filter);
  const found = await api.list<Zone>("/zones", queryOf((filter ?? {}) as Properties));
  if (found.length === 1 && found[0]) return outputsOf(found[0], filter);
  throw new CloudflareError(`getZone: the filter fits ${found.length} zones, not one.`, undefined);
};

/** All zones that fit. */
export const getZones: DataSource = async ({ maxItems, ...filter }, context) => {
  const found = await cloudflareApi(context).list<Zone>("/zones", queryOf(filter));
  const results = found.slice(0, Number(maxItems ?? 1000)).map((zone) => outputsOf(zone, undefined));
  return { id: "zones", ...filter, results };
};

function queryOf(filter: Properties): Record<string, unknown> {
  const { account, ...rest } = filter as { account?: Properties } & Properties;
  const owner = Object.entries(account ?? {}).map(([key, value]) => [`account.${key}`, value]);
  return compact({ ...rest, ...Object.fromEntries(owner) }) as Record<string, unknown>;
}

function outputsOf(zone: Zone, filter: unknown): Properties {
  return { ...(renameKeys(zone, camelCase) as Properties), zoneId: zone.id, ...(filter !== undefined && { filter }) };
}
