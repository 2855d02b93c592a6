import type { OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { equal } from "../core/values.ts";
import { actionDone, type DigitalOceanApi, digitalOceanApi, orGone, path, until } from "./client.ts";

interface Address {
  ip_address: string;
  type: string;
}

interface Droplet {
  id: number;
  name: string;
  status: string;
  locked: boolean;
  memory: number;
  vcpus: number;
  disk: number;
  created_at: string;
  size_slug: string;
  size?: { price_hourly?: number; price_monthly?: number };
  image?: { id: number; slug?: string | null };
  region?: { slug: string };
  networks?: { v4?: Address[]; v6?: Address[] };
  features?: string[];
  tags?: string[];
  volume_ids?: string[];
  vpc_uuid?: string;
}

/** https://docs.digitalocean.com/reference/api/reference/droplets/ */
export const droplet: ResourceType = {
  autoName: true,
  inputs: {
    name: {},
    image: { required: true, replaces: true },
    size: { required: true },
    region: { computed: true, replaces: true },
    sshKeys: { replaces: true, unread: true, set: true },
    userData: { replaces: true, unread: true },
    vpcUuid: { computed: true, replaces: true },
    volumeIds: { computed: true, set: true, replaces: true },
    tags: { set: true },
    backups: { default: false },
    backupPolicy: { unread: true },
    ipv6: { default: false },
    ipv6Address: { computed: true, replaces: true },
    monitoring: { default: false, replaces: true },
    privateNetworking: { computed: true, replaces: true },
    publicNetworking: { computed: true, replaces: true },
    dropletAgent: { replaces: true, unread: true },
    gpuPartitionMode: { replaces: true, unread: true },
    gracefulShutdown: { default: false, unread: true },
    resizeDisk: { default: true, unread: true },
  },
  outputs: [
    "createdAt",
    "disk",
    "dropletUrn",
    "ipv4Address",
    "ipv4AddressPrivate",
    "locked",
    "memory",
    "priceHourly",
    "priceMonthly",
    "status",
    "vcpus",
  ],
  volatile: ["disk", "memory", "priceHourly", "priceMonthly", "vcpus"],
  async create(inputs, context) {
    const api = digitalOceanApi(context);
    const { droplet: made } = await api.post<{ droplet: Droplet }>("/droplets", {
      name: inputs.name,
      region: inputs.region ?? "",
      size: inputs.size,
      image: numberOr(inputs.image),
      ssh_keys: ((inputs.sshKeys ?? []) as unknown[]).map(numberOr),
      backups: inputs.backups,
      ipv6: inputs.ipv6,
      monitoring: inputs.monitoring,
      private_networking: inputs.privateNetworking ?? false,
      tags: inputs.tags ?? [],
      ...(inputs.backupPolicy !== undefined && { backup_policy: inputs.backupPolicy }),
      ...(inputs.userData !== undefined && { user_data: inputs.userData }),
      ...(inputs.vpcUuid !== undefined && { vpc_uuid: inputs.vpcUuid }),
      ...(inputs.volumeIds !== undefined && { volumes: inputs.volumeIds }),
      ...(inputs.dropletAgent !== undefined && { with_droplet_agent: inputs.dropletAgent }),
      ...(inputs.publicNetworking !== undefined && { public_networking: inputs.publicNetworking }),
    });
    const ask = async () => {
      const now = await api.get<{ droplet: Droplet }>(path`/droplets/${made.id}`);
      return now.droplet.status === "active" ? now.droplet : undefined;
    };
    const active = await until(`droplet ${made.name} (${made.id}) to become active`, ask, context);
    return { id: String(made.id), outputs: outputsOf(active, inputs) };
  },
  async read(id, state, context) {
    const found = await orGone(digitalOceanApi(context).get<{ droplet: Droplet }>(path`/droplets/${id}`));
    return found && { id, outputs: outputsOf(found.droplet, state) };
  },
  async update(id, inputs, state, context) {
    const api = digitalOceanApi(context);
    const act = async (body: Properties) => {
      await actionDone(api, await api.post(path`/droplets/${id}/actions`, body), context);
    };
    if (inputs.name !== state.name) await act({ type: "rename", name: inputs.name });
    const policy = inputs.backupPolicy !== undefined && { backup_policy: inputs.backupPolicy };
    if (inputs.backups !== state.backups) {
      await act(inputs.backups ? { type: "enable_backups", ...policy } : { type: "disable_backups" });
    } else if (inputs.backups && policy && !equal(inputs.backupPolicy, state.backupPolicy)) {
      await act({ type: "change_backup_policy", ...policy });
    }
    if (inputs.ipv6 === true && state.ipv6 !== true) await act({ type: "enable_ipv6" });
    if (inputs.size !== state.size) await resize(id, inputs, act, api, context);
    await retag(id, inputs, state, api);
    const { droplet: changed } = await api.get<{ droplet: Droplet }>(path`/droplets/${id}`);
    return outputsOf(changed, inputs);
  },
  async delete(id, { gracefulShutdown }, context) {
    const api = digitalOceanApi(context);
    if (gracefulShutdown === true) await shutDown(id, api, context);
    await api.delete(path`/droplets/${id}`);
    const ask = async () => {
      const found = await orGone(api.get<{ droplet: Droplet }>(path`/droplets/${id}`));
      return found === undefined || found.droplet.status === "archive" ? true : undefined;
    };
    await until(`droplet ${id} to be deleted`, ask, context);
  },
  async lookup({ name }, context) {
    const all = await digitalOceanApi(context).list<Droplet>("/droplets", "droplets");
    const found = all.find((candidate) => candidate.name === name);
    return found && String(found.id);
  },
};

/** Lets what runs on a droplet come to its end. One that is gone or off already is fine. */
async function shutDown(id: string, api: DigitalOceanApi, context: OperationContext): Promise<void> {
  const found = await orGone(api.get<{ droplet: Droplet }>(path`/droplets/${id}`));
  if (found?.droplet.status !== "active") return;
  await actionDone(api, await api.post(path`/droplets/${id}/actions`, { type: "shutdown" }), context);
}

/** Only a droplet that is off can be resized. */
async function resize(
  id: string,
  inputs: Properties,
  act: (body: Properties) => Promise<void>,
  api: DigitalOceanApi,
  context: OperationContext,
): Promise<void> {
  await act({ type: inputs.gracefulShutdown === true ? "shutdown" : "power_off" });
  const ask = async () => {
    const now = await api.get<{ droplet: Droplet }>(path`/droplets/${id}`);
    return now.droplet.status === "off" ? true : undefined;
  };
  await until(`droplet ${id} to be off`, ask, context);
  await act({ type: "resize", size: inputs.size, disk: inputs.resizeDisk !== false });
  await act({ type: "power_on" });
}

async function retag(id: string, inputs: Properties, state: Properties, api: DigitalOceanApi): Promise<void> {
  const wanted = new Set((inputs.tags ?? []) as string[]);
  const actual = new Set((state.tags ?? []) as string[]);
  const resources = { resources: [{ resource_id: id, resource_type: "droplet" }] };
  for (const tag of wanted) {
    if (actual.has(tag)) continue;
    await api.post("/tags", { name: tag });
    await api.post(path`/tags/${tag}/resources`, resources);
  }
  for (const tag of actual) {
    if (!wanted.has(tag)) await api.delete(path`/tags/${tag}/resources`, resources);
  }
}

/** Keys and images are named by number, fingerprint or slug. */
function numberOr(value: unknown): unknown {
  return /^\d+$/.test(String(value)) ? Number(value) : value;
}

function outputsOf(found: Droplet, given: Properties): Properties {
  const address = (family: "v4" | "v6", type: string) =>
    found.networks?.[family]?.find((candidate) => candidate.type === type)?.ip_address;
  const features = new Set(found.features ?? []);
  const slug = found.image?.slug ?? String(found.image?.id ?? "");
  const sameImage = [slug, String(found.image?.id)].includes(String(given.image));
  return {
    name: found.name,
    image: sameImage ? given.image : slug,
    size: found.size_slug,
    region: found.region?.slug,
    tags: found.tags ?? [],
    volumeIds: found.volume_ids ?? [],
    vpcUuid: found.vpc_uuid,
    backups: features.has("backups"),
    ipv6: features.has("ipv6"),
    monitoring: features.has("monitoring"),
    privateNetworking: features.has("private_networking"),
    ipv4Address: address("v4", "public"),
    ipv4AddressPrivate: address("v4", "private"),
    ipv6Address: address("v6", "public"),
    status: found.status,
    locked: found.locked,
    memory: found.memory,
    vcpus: found.vcpus,
    disk: found.disk,
    priceHourly: found.size?.price_hourly,
    priceMonthly: found.size?.price_monthly,
    createdAt: found.created_at,
    dropletUrn: `do:droplet:${found.id}`,
  };
}
