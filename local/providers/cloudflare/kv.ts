import type { ResourceType } from "../core/resource-type.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

interface Namespace {
  id: string;
  title: string;
  supports_url_encoding?: boolean;
}

const namespaceOutputs = (namespace: Namespace) => ({
  title: namespace.title,
  supportsUrlEncoding: namespace.supports_url_encoding ?? true,
});

/** https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/ */
export const workersKvNamespace: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    title: { required: true },
    jurisdiction: { replaces: true, unread: true },
  },
  outputs: ["supportsUrlEncoding"],
  importId(importId) {
    const [accountId = "", id = ""] = importParts(importId, "account_id", "namespace_id");
    return { id, state: { accountId } };
  },
  async create({ accountId, title, jurisdiction }, context) {
    const body = { title, ...(jurisdiction !== undefined && { jurisdiction }) };
    const made = await cloudflareApi(context).post<Namespace>(path`/accounts/${accountId}/storage/kv/namespaces`, body);
    return { id: made.id, outputs: namespaceOutputs(made) };
  },
  async read(id, { accountId }, context) {
    const where = path`/accounts/${accountId}/storage/kv/namespaces/${id}`;
    const found = await orGone(cloudflareApi(context).get<Namespace>(where));
    return found && { id, outputs: { accountId, ...namespaceOutputs(found) } };
  },
  async update(id, { accountId, title }, _state, context) {
    await cloudflareApi(context).put(path`/accounts/${accountId}/storage/kv/namespaces/${id}`, { title });
    return {};
  },
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/storage/kv/namespaces/${id}`);
  },
  async lookup({ accountId, title }, context) {
    const all = await cloudflareApi(context).list<Namespace>(path`/accounts/${accountId}/storage/kv/namespaces`);
    const found = all.find((namespace) => namespace.title === title);
    return found && `${accountId}/${found.id}`;
  },
};

/** https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/subresources/values/ */
export const workersKv: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    namespaceId: { required: true, replaces: true },
    keyName: { required: true, replaces: true },
    value: { required: true },
    metadata: { unread: true },
    expiration: { unread: true },
    expirationTtl: { unread: true },
  },
  outputs: [],
  importId(importId) {
    const [accountId = "", namespaceId = "", keyName = ""] = importParts(
      importId,
      "account_id",
      "namespace_id",
      "key_name",
    );
    return { id: keyName, state: { accountId, namespaceId, keyName } };
  },
  async create(inputs, context) {
    await writeValue(inputs, context);
    return { id: String(inputs.keyName), outputs: {} };
  },
  async read(id, { accountId, namespaceId }, context) {
    const value = await orGone(cloudflareApi(context).text(valuePath(accountId, namespaceId, id)));
    return value === undefined ? undefined : { id, outputs: { accountId, namespaceId, keyName: id, value } };
  },
  async update(_id, inputs, _state, context) {
    await writeValue(inputs, context);
    return {};
  },
  async delete(id, { accountId, namespaceId }, context) {
    await cloudflareApi(context).delete(valuePath(accountId, namespaceId, id));
  },
  async lookup({ accountId, namespaceId, keyName }, context) {
    const value = await orGone(cloudflareApi(context).text(valuePath(accountId, namespaceId, keyName)));
    return value === undefined ? undefined : `${accountId}/${namespaceId}/${keyName}`;
  },
};

function valuePath(accountId: unknown, namespaceId: unknown, key: unknown): string {
  return path`/accounts/${accountId}/storage/kv/namespaces/${namespaceId}/values/${key}`;
}

const writeValue: (...args: Parameters<ResourceType["create"]>) => Promise<void> = async (inputs, context) => {
  const query = new URLSearchParams();
  if (inputs.expiration !== undefined) query.set("expiration", String(inputs.expiration));
  if (inputs.expirationTtl !== undefined) query.set("expiration_ttl", String(inputs.expirationTtl));
  const form = new FormData();
  form.set("value", String(inputs.value));
  form.set("metadata", String(inputs.metadata ?? "{}"));
  const where = valuePath(inputs.accountId, inputs.namespaceId, inputs.keyName);
  await cloudflareApi(context).put(query.size > 0 ? `${where}?${query}` : where, form);
};
