import type Docker from "dockerode";
import type { Properties, ResourceType } from "../core/resource-type.ts";
import { asked, dockerEngine, orGone } from "./engine.ts";
import { labelList, labelMap } from "./labels.ts";

/**
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Volume The engine itself takes the creation of a
 * volume that exists for done, and so does the official provider.
 */
export const volume: ResourceType = {
  autoName: true,
  deleteBeforeReplace: true,
  inputs: {
    name: {},
    driver: { computed: true },
    driverOpts: {},
    labels: { set: true },
    cluster: { unread: true },
  },
  outputs: ["mountpoint"],
  async create({ name, driver, driverOpts, labels }, context) {
    const engine = await dockerEngine(context);
    await asked(
      engine.createVolume({
        Name: String(name),
        Driver: (driver as string) ?? "local",
        DriverOpts: (driverOpts ?? {}) as Record<string, string>,
        Labels: labelMap(labels),
      }),
    );
    return { id: String(name), outputs: outputsOf(await asked(engine.getVolume(String(name)).inspect())) };
  },
  async read(id, _state, context) {
    const engine = await dockerEngine(context);
    const found = await orGone(engine.getVolume(id).inspect());
    return found && { id, outputs: outputsOf(found) };
  },
  async delete(id, _state, context) {
    const engine = await dockerEngine(context);
    await orGone(engine.getVolume(id).remove());
  },
  async lookup({ name }, context) {
    const engine = await dockerEngine(context);
    return (await orGone(engine.getVolume(String(name)).inspect()))?.Name;
  },
};

function outputsOf(found: Docker.VolumeInspectInfo): Properties {
  return {
    name: found.Name,
    driver: found.Driver,
    driverOpts: found.Options ?? {},
    labels: labelList(found.Labels),
    mountpoint: found.Mountpoint,
  };
}
