import { camelCase, renameKeys, snakeCase } from "../core/casing.ts";
import type { Properties, ResourceType } from "../core/resource-type.ts";
import { compact } from "../core/values.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

interface DnsRecord extends Properties {
  id: string;
  name: string;
}

const bodyInputs = ["name", "type", "content", "ttl", "proxied", "comment", "tags", "priority", "data", "settings"];

/** https://developers.cloudflare.com/api/resources/dns/subresources/records/ All but the zone changes in place. */
export const dnsRecord: ResourceType = {
  inputs: {
    zoneId: { required: true, replaces: true },
    name: { required: true, same: (wanted, actual) => sameName(wanted, actual) },
    type: { required: true },
    ttl: { required: true },
    content: { same: (wanted, actual) => sameName(wanted, actual) },
    proxied: { default: false },
    comment: {},
    tags: { computed: true, set: true },
    priority: {},
    data: { computed: true },
    settings: { computed: true },
    privateRouting: { unread: true },
    includeShadowMetadata: { unread: true },
  },
  outputs: ["commentModifiedOn", "createdOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
  volatile: ["commentModifiedOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
  importId(importId) {
    const [zoneId = "", id = ""] = importParts(importId, "zone_id", "dns_record_id");
    return { id, state: { zoneId } };
  },
  async create(inputs, context) {
    const where = path`/zones/${inputs.zoneId}/dns_records`;
    const made = await cloudflareApi(context).post<DnsRecord>(where, bodyOf(inputs));
    return { id: made.id, outputs: outputsOf(made) };
  },
  async read(id, { zoneId }, context) {
    const found = await orGone(cloudflareApi(context).get<DnsRecord>(path`/zones/${zoneId}/dns_records/${id}`));
    return found && { id, outputs: { zoneId, ...outputsOf(found) } };
  },
  async update(id, inputs, _state, context) {
    const where = path`/zones/${inputs.zoneId}/dns_records/${id}`;
    return outputsOf(await cloudflareApi(context).put<DnsRecord>(where, bodyOf(inputs)));
  },
  async delete(id, { zoneId }, context) {
    await cloudflareApi(context).delete(path`/zones/${zoneId}/dns_records/${id}`);
  },
  async lookup({ zoneId, name, type, content }, context) {
    const all = await cloudflareApi(context).list<DnsRecord>(path`/zones/${zoneId}/dns_records`, { type });
    const found = all.find(
      (record) => record.type === type && sameName(name, record.name) && sameName(content, record.content),
    );
    return found && `${zoneId}/${found.id}`;
  },
};

function bodyOf(inputs: Properties): unknown {
  const body = Object.fromEntries(bodyInputs.map((key) => [key, inputs[key]]));
  return renameKeys(compact(body), snakeCase);
}

function outputsOf(record: DnsRecord): Properties {
  const { id: _, zone_id: __, zone_name: ___, meta, ...rest } = record;
  return { ...(renameKeys(rest, camelCase) as Properties), meta: JSON.stringify(meta ?? {}) };
}

/** Names are case-insensitive, and the API answers with the full name where only the host part was given. */
function sameName(wanted: unknown, actual: unknown): boolean {
  if (typeof wanted !== "string" || typeof actual !== "string") return false;
  const short = wanted.toLowerCase().replace(/\.$/, "");
  const full = actual.toLowerCase().replace(/\.$/, "");
  return short === full || (!short.includes(".") && full.startsWith(`${short}.`));
}
