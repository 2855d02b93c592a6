import type { OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { actionDone, DigitalOceanError, digitalOceanApi, orGone, path } from "./client.ts";

interface Volume {
  id: string;
  name: string;
  description?: string;
  size_gigabytes: number;
  region?: { slug: string };
  droplet_ids?: number[];
  filesystem_type?: string;
  filesystem_label?: string;
  tags?: string[];
}

/** https://docs.digitalocean.com/reference/api/reference/block-storage/ A volume can grow, never shrink. */
export const volume: ResourceType = {
  autoName: true,
  inputs: {
    name: { replaces: true },
    region: { required: true, replaces: true },
    size: { required: true },
    description: { replaces: true },
    snapshotId: { replaces: true, unread: true },
    initialFilesystemType: { replaces: true, unread: true },
    initialFilesystemLabel: { replaces: true, unread: true },
    filesystemType: { computed: true, replaces: true },
    tags: { set: true },
  },
  outputs: ["dropletIds", "filesystemLabel", "volumeUrn"],
  volatile: ["dropletIds"],
  async create(inputs, context) {
    const { volume: made } = await digitalOceanApi(context).post<{ volume: Volume }>("/volumes", {
      region: inputs.region,
      name: inputs.name,
      description: inputs.description ?? "",
      size_gigabytes: inputs.size,
      snapshot_id: inputs.snapshotId ?? "",
      filesystem_type: inputs.initialFilesystemType ?? inputs.filesystemType ?? "",
      filesystem_label: inputs.initialFilesystemLabel ?? "",
      tags: inputs.tags ?? [],
    });
    return { id: made.id, outputs: outputsOf(made) };
  },
  async read(id, _state, context) {
    const found = await orGone(digitalOceanApi(context).get<{ volume: Volume }>(path`/volumes/${id}`));
    return found && { id, outputs: outputsOf(found.volume) };
  },
  async update(id, inputs, state, context) {
    const api = digitalOceanApi(context);
    const [wanted, actual] = [Number(inputs.size), Number(state.size)];
    if (wanted < actual) {
      throw new DigitalOceanError(`A volume cannot shrink: ${inputs.name} has ${actual} GB, not ${wanted}.`, undefined);
    }
    if (wanted > actual) {
      const body = { type: "resize", size_gigabytes: wanted, region: inputs.region };
      await actionDone(api, await api.post(path`/volumes/${id}/actions`, body), context);
    }
    const { volume: changed } = await api.get<{ volume: Volume }>(path`/volumes/${id}`);
    return outputsOf(changed);
  },
  async delete(id, _state, context) {
    await digitalOceanApi(context).delete(path`/volumes/${id}`);
  },
  async lookup({ name, region }, context) {
    const all = await digitalOceanApi(context).list<Volume>("/volumes", "volumes");
    return all.find((found) => found.name === name && found.region?.slug === region)?.id;
  },
};

function outputsOf(found: Volume): Properties {
  return {
    name: found.name,
    region: found.region?.slug,
    size: found.size_gigabytes,
    description: found.description,
    filesystemType: found.filesystem_type,
    filesystemLabel: found.filesystem_label,
    tags: found.tags ?? [],
    // Attaching and detaching is what VolumeAttachment does: it must not look like drift of the volume.
    volumeUrn: `do:volume:${found.id}`,
  };
}

/** https://docs.digitalocean.com/reference/api/reference/block-storage-actions/ */
export const volumeAttachment: ResourceType = {
  inputs: {
    dropletId: { required: true, replaces: true, same: (wanted, actual) => Number(wanted) === Number(actual) },
    volumeId: { required: true, replaces: true },
  },
  outputs: [],
  // A volume can be on one droplet only.
  deleteBeforeReplace: true,
  importId(importId) {
    const [dropletId, volumeId] = importId.split(",");
    if (!dropletId || !volumeId)
      throw new Error(`"${importId}" is no import id: it is written <droplet id>,<volume id>.`);
    return { id: attachmentId(dropletId, volumeId), state: { dropletId: Number(dropletId), volumeId } };
  },
  async create({ dropletId, volumeId }, context) {
    await act(volumeId, { type: "attach", droplet_id: Number(dropletId) }, context);
    return { id: attachmentId(dropletId, volumeId), outputs: {} };
  },
  async read(id, { dropletId, volumeId }, context) {
    const found = await orGone(digitalOceanApi(context).get<{ volume: Volume }>(path`/volumes/${volumeId}`));
    const attached = found?.volume.droplet_ids?.includes(Number(dropletId));
    return attached ? { id, outputs: { dropletId: Number(dropletId), volumeId } } : undefined;
  },
  async delete(_id, { dropletId, volumeId }, context) {
    const found = await orGone(digitalOceanApi(context).get<{ volume: Volume }>(path`/volumes/${volumeId}`));
    if (!found?.volume.droplet_ids?.includes(Number(dropletId))) return;
    await act(volumeId, { type: "detach", droplet_id: Number(dropletId) }, context);
  },
  async lookup({ dropletId, volumeId }, context) {
    const found = await orGone(digitalOceanApi(context).get<{ volume: Volume }>(path`/volumes/${volumeId}`));
    return found?.volume.droplet_ids?.includes(Number(dropletId)) ? `${dropletId},${volumeId}` : undefined;
  },
};

function attachmentId(dropletId: unknown, volumeId: unknown): string {
  return `${dropletId}-${volumeId}`;
}

async function act(volumeId: unknown, body: Properties, context: OperationContext): Promise<void> {
  const api = digitalOceanApi(context);
  await actionDone(api, await api.post(path`/volumes/${volumeId}/actions`, body), context);
}
