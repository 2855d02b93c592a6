import type { ProviderDefinition } from "../core/resource-type.ts";
import { container } from "./container.ts";
import { remoteImage } from "./image.ts";
import { network } from "./network.ts";
import { volume } from "./volume.ts";

/** Stands in for the official `docker` plugin. */
export const provider: Omit<ProviderDefinition, "version"> = {
  name: "docker",
  resources: {
    "docker:index/container:Container": container,
    "docker:index/network:Network": network,
    "docker:index/remoteImage:RemoteImage": remoteImage,
    "docker:index/volume:Volume": volume,
  },
};
