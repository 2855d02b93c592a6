import { camelCase, renameKeys } from "../core/casing.ts";
import type { DataSource, OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { isEmpty } from "../core/values.ts";
import { CloudflareError, cloudflareApi, importParts, orGone, path } from "./client.ts";

interface Tunnel extends Properties {
  id: string;
  name: string;
  deleted_at?: string | null;
}

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/subresources/cloudflared/ */
export const zeroTrustTunnelCloudflared: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    name: { required: true },
    configSrc: { default: "local", replaces: true },
    tunnelSecret: { unread: true },
  },
  outputs: [
    "accountTag",
    "connections",
    "connsActiveAt",
    "connsInactiveAt",
    "createdAt",
    "deletedAt",
    "metadata",
    "remoteConfig",
    "status",
    "tunType",
  ],
  importId(importId) {
    const [accountId = "", id = ""] = importParts(importId, "account_id", "tunnel_id");
    return { id, state: { accountId } };
  },
  async create({ accountId, name, configSrc, tunnelSecret }, context) {
    const made = await cloudflareApi(context).post<Tunnel>(path`/accounts/${accountId}/cfd_tunnel`, {
      name,
      config_src: configSrc,
      ...(tunnelSecret !== undefined && { tunnel_secret: tunnelSecret }),
    });
    return { id: made.id, outputs: outputsOf(made) };
  },
  async read(id, { accountId }, context) {
    const found = await orGone(cloudflareApi(context).get<Tunnel>(path`/accounts/${accountId}/cfd_tunnel/${id}`));
    // A deleted tunnel can still be asked for.
    if (!found || found.deleted_at) return undefined;
    return { id, outputs: { accountId, ...outputsOf(found) } };
  },
  async update(id, { accountId, name, tunnelSecret }, _state, context) {
    const changed = await cloudflareApi(context).patch<Tunnel>(path`/accounts/${accountId}/cfd_tunnel/${id}`, {
      name,
      ...(tunnelSecret !== undefined && { tunnel_secret: tunnelSecret }),
    });
    return outputsOf(changed);
  },
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/cfd_tunnel/${id}`);
  },
  async lookup({ accountId, name }, context) {
    const where = path`/accounts/${accountId}/cfd_tunnel`;
    const all = await cloudflareApi(context).list<Tunnel>(where, { name, is_deleted: false });
    const found = all.find((tunnel) => tunnel.name === name && !tunnel.deleted_at);
    return found && `${accountId}/${found.id}`;
  },
};

function outputsOf(tunnel: Tunnel): Properties {
  const { id: _, connections: __, metadata, credentials_file: ___, token: ____, ...rest } = tunnel;
  const outputs = renameKeys(rest, camelCase) as Properties;
  // Whether a connector is connected changes by itself: as an output it would make every refresh find drift.
  for (const key of ["status", "connsActiveAt", "connsInactiveAt"]) delete outputs[key];
  const configSrc = outputs.configSrc ?? (outputs.remoteConfig ? "cloudflare" : "local");
  return { ...outputs, configSrc, metadata: JSON.stringify(metadata ?? {}) };
}

/** Names of the SDK that are written differently in the API's document. */
const toApi: Record<string, string> = {
  ingresses: "ingress",
  noTlsVerify: "noTLSVerify",
  matchSnItoHost: "matchSNItoHost",
  audTags: "audTag",
};
const fromApi = Object.fromEntries(Object.entries(toApi).map(([sdk, api]) => [api, sdk]));
const unchanged = (name: string) => name;

interface Configuration {
  config: Properties | null;
  version?: number;
  source?: string;
  created_at?: string;
}

/**
 * https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/subresources/cloudflared/subresources/configurations/
 * One document per tunnel; it goes with the tunnel, so there is nothing to delete.
 */
export const zeroTrustTunnelCloudflaredConfig: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    tunnelId: { required: true, replaces: true },
    config: {},
    source: { default: "cloudflare", unread: true },
  },
  outputs: ["createdAt", "version"],
  volatile: ["createdAt", "version"],
  importId(importId) {
    const [accountId = "", tunnelId = ""] = importParts(importId, "account_id", "tunnel_id");
    return { id: tunnelId, state: { accountId, tunnelId } };
  },
  async create(inputs, context) {
    return { id: String(inputs.tunnelId), outputs: await putConfiguration(inputs, context) };
  },
  async read(id, { accountId }, context) {
    const where = path`/accounts/${accountId}/cfd_tunnel/${id}/configurations`;
    const found = await orGone(cloudflareApi(context).get<Configuration>(where));
    if (!found || isEmpty(found.config)) return undefined;
    return { id, outputs: { accountId, tunnelId: id, ...configurationOutputs(found) } };
  },
  update: (_id, inputs, _state, context) => putConfiguration(inputs, context),
  async delete() {},
  async lookup(inputs, context) {
    const { accountId, tunnelId } = inputs;
    const where = path`/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`;
    const found = await orGone(cloudflareApi(context).get<Configuration>(where));
    return found && !isEmpty(found.config) ? `${accountId}/${tunnelId}` : undefined;
  },
};

async function putConfiguration(inputs: Properties, context: OperationContext): Promise<Properties> {
  const where = path`/accounts/${inputs.accountId}/cfd_tunnel/${inputs.tunnelId}/configurations`;
  const body = { config: renameKeys(inputs.config ?? {}, unchanged, toApi) };
  return configurationOutputs(await cloudflareApi(context).put<Configuration>(where, body));
}

function configurationOutputs(answer: Configuration): Properties {
  const { "warp-routing": _, ...config } = (renameKeys(answer.config ?? {}, unchanged, fromApi) ?? {}) as Properties;
  return { config, version: answer.version, createdAt: answer.created_at };
}

/** The document of a tunnel as it is, whoever wrote it. */
export const getTunnelConfig: DataSource = async ({ accountId, tunnelId }, context) => {
  const where = path`/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`;
  const answer = await cloudflareApi(context).get<Configuration>(where);
  return { id: tunnelId, accountId, tunnelId, source: answer.source, ...configurationOutputs(answer) };
};

/** The token with which a connector runs a tunnel. A plain string, as in the official data source. */
export const getTunnelToken: DataSource = async ({ accountId, tunnelId }, context) => {
  const token = await cloudflareApi(context).get<string>(path`/accounts/${accountId}/cfd_tunnel/${tunnelId}/token`);
  if (typeof token !== "string") throw new CloudflareError(`The API gave no token for tunnel ${tunnelId}.`, undefined);
  return { id: tunnelId, accountId, tunnelId, token };
};
