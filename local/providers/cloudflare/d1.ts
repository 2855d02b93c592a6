import { camelCase, renameKeys } from "../core/casing.ts";
import type { Properties, ResourceType } from "../core/resource-type.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

interface Database {
  uuid: string;
  name: string;
}

const outputsOf = (database: Database) => renameKeys(database, camelCase) as Properties;

/** https://developers.cloudflare.com/api/resources/d1/subresources/database/ (a database cannot be renamed) */
export const d1Database: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    name: { required: true, replaces: true },
    primaryLocationHint: { replaces: true, unread: true },
    jurisdiction: { replaces: true, unread: true },
    readReplication: { computed: true },
  },
  outputs: ["createdAt", "fileSize", "numTables", "uuid", "version"],
  volatile: ["fileSize", "numTables"],
  importId(importId) {
    const [accountId = "", id = ""] = importParts(importId, "account_id", "database_id");
    return { id, state: { accountId } };
  },
  async create({ accountId, name, primaryLocationHint, jurisdiction, readReplication }, context) {
    const api = cloudflareApi(context);
    const made = await api.post<Database>(path`/accounts/${accountId}/d1/database`, {
      name,
      ...(primaryLocationHint !== undefined && { primary_location_hint: primaryLocationHint }),
      ...(jurisdiction !== undefined && { jurisdiction }),
      ...(readReplication !== undefined && { read_replication: readReplication }),
    });
    return { id: made.uuid, outputs: outputsOf(made) };
  },
  async read(id, { accountId }, context) {
    const found = await orGone(cloudflareApi(context).get<Database>(path`/accounts/${accountId}/d1/database/${id}`));
    return found && { id, outputs: { accountId, ...outputsOf(found) } };
  },
  async update(id, { accountId, readReplication }, _state, context) {
    const where = path`/accounts/${accountId}/d1/database/${id}`;
    return outputsOf(await cloudflareApi(context).patch<Database>(where, { read_replication: readReplication }));
  },
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/d1/database/${id}`);
  },
  async lookup({ accountId, name }, context) {
    const all = await cloudflareApi(context).list<Database>(path`/accounts/${accountId}/d1/database`, { name });
    const found = all.find((database) => database.name === name);
    return found && `${accountId}/${found.uuid}`;
  },
};
