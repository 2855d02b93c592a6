import { camelCase, renameKeys, snakeCase } from "../core/casing.ts";
import type { Properties, ResourceType } from "../core/resource-type.ts";
import { compact } from "../core/values.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

interface ServiceToken extends Properties {
  id: string;
  name: string;
}

const told = ["name", "duration", "enabled", "clientSecretVersion", "clientId", "clientSecret", "expiresAt"];

/**
 * https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/service_tokens/ The secret
 * is in the answer that makes it and in no other: from then on it is kept from the state.
 */
export const zeroTrustAccessServiceToken: ResourceType = {
  inputs: {
    accountId: { replaces: true },
    zoneId: { replaces: true },
    name: { required: true },
    duration: { default: "8760h" },
    enabled: { default: true },
    clientSecretVersion: { computed: true },
    previousClientSecretExpiresAt: { unread: true },
  },
  outputs: ["clientId", "clientSecret", "expiresAt"],
  volatile: ["clientSecret", "expiresAt"],
  check: (inputs) =>
    (inputs.accountId === undefined) === (inputs.zoneId === undefined)
      ? [{ property: "accountId", reason: "Exactly one of accountId and zoneId must be given." }]
      : [],
  importId(importId) {
    const [kind = "", owner = "", id = ""] = importParts(
      importId,
      "accounts|zones",
      "account_id|zone_id",
      "service_token_id",
    );
    return { id, state: kind === "zones" ? { zoneId: owner } : { accountId: owner } };
  },
  async create(inputs, context) {
    const made = await cloudflareApi(context).post<ServiceToken>(tokens(inputs), bodyOf(inputs));
    return { id: made.id, outputs: outputsOf(made) };
  },
  async read(id, state, context) {
    const found = await orGone(cloudflareApi(context).get<ServiceToken>(`${tokens(state)}/${encodeURIComponent(id)}`));
    return found && { id, outputs: outputsOf(found) };
  },
  async update(id, inputs, _state, context) {
    const where = `${tokens(inputs)}/${encodeURIComponent(id)}`;
    return outputsOf(await cloudflareApi(context).put<ServiceToken>(where, bodyOf(inputs)));
  },
  async delete(id, state, context) {
    await cloudflareApi(context).delete(`${tokens(state)}/${encodeURIComponent(id)}`);
  },
  async lookup(inputs, context) {
    const all = await cloudflareApi(context).list<ServiceToken>(tokens(inputs));
    const found = all.find(({ name }) => name === inputs.name);
    if (!found) return undefined;
    return inputs.zoneId ? `zones/${inputs.zoneId}/${found.id}` : `accounts/${inputs.accountId}/${found.id}`;
  },
};

function tokens({ accountId, zoneId }: Properties): string {
  return zoneId === undefined
    ? path`/accounts/${accountId}/access/service_tokens`
    : path`/zones/${zoneId}/access/service_tokens`;
}

function bodyOf({ accountId: _, zoneId: __, ...own }: Properties): unknown {
  return renameKeys(compact(own), snakeCase);
}

function outputsOf(answer: ServiceToken): Properties {
  const known = renameKeys(compact(answer), camelCase) as Properties;
  return Object.fromEntries(Object.entries(known).filter(([key]) => told.includes(key)));
}
