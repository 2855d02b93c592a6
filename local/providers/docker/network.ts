import type Docker from "dockerode";
import type { Properties, ResourceType } from "../core/resource-type.ts";
import { asked, dockerEngine, orGone } from "./engine.ts";
import { labelList, labelMap } from "./labels.ts";

/** https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Network A network never changes, it is replaced. */
export const network: ResourceType = {
  autoName: true,
  deleteBeforeReplace: true,
  inputs: {
    name: {},
    driver: { computed: true },
    internal: { default: false },
    attachable: { default: false },
    ingress: { default: false },
    ipv6: { default: false },
    labels: { set: true },
    options: { computed: true },
    ipamDriver: { default: "default" },
    ipamOptions: {},
    ipamConfigs: { computed: true, set: true },
  },
  outputs: ["scope"],
  async create(inputs, context) {
    const engine = await dockerEngine(context);
    const made = await asked(
      engine.createNetwork({
        Name: String(inputs.name),
        CheckDuplicate: true,
        Driver: (inputs.driver as string) ?? "bridge",
        Internal: inputs.internal === true,
        Attachable: inputs.attachable === true,
        Ingress: inputs.ingress === true,
        EnableIPv6: inputs.ipv6 === true,
        Labels: labelMap(inputs.labels),
        Options: (inputs.options ?? {}) as Record<string, string>,
        IPAM: {
          Driver: String(inputs.ipamDriver),
          Options: (inputs.ipamOptions ?? {}) as Record<string, string>,
          Config: ((inputs.ipamConfigs ?? []) as Properties[]).map(({ subnet, gateway, ipRange, auxAddress }) => ({
            ...(subnet !== undefined && { Subnet: subnet as string }),
            ...(gateway !== undefined && { Gateway: gateway as string }),
            ...(ipRange !== undefined && { IPRange: ipRange as string }),
            ...(auxAddress !== undefined && { AuxiliaryAddresses: auxAddress }),
          })) as Docker.IPAM["Config"],
        },
      }),
    );
    return { id: made.id, outputs: outputsOf(await asked(made.inspect())) };
  },
  async read(id, _state, context) {
    const engine = await dockerEngine(context);
    const found = await orGone(engine.getNetwork(id).inspect());
    return found && { id: found.Id, outputs: outputsOf(found) };
  },
  async delete(id, _state, context) {
    const engine = await dockerEngine(context);
    await orGone(engine.getNetwork(id).remove());
  },
  async lookup({ name }, context) {
    const engine = await dockerEngine(context);
    const all = await asked(engine.listNetworks({ filters: { name: [String(name)] } }));
    return all.find((found) => found.Name === name)?.Id;
  },
};

function outputsOf(found: Docker.NetworkInspectInfo): Properties {
  return {
    name: found.Name,
    driver: found.Driver,
    scope: found.Scope,
    internal: found.Internal,
    attachable: found.Attachable,
    ingress: found.Ingress,
    ipv6: found.EnableIPv6,
    labels: labelList(found.Labels),
    options: found.Options ?? {},
    ipamDriver: found.IPAM?.Driver ?? "default",
    ipamOptions: found.IPAM?.Options ?? {},
    ipamConfigs: ((found.IPAM?.Config ?? []) as Record<string, unknown>[]).map((config) => ({
      subnet: config.Subnet,
      gateway: config.Gateway,
      ipRange: config.IPRange,
      auxAddress: config.AuxiliaryAddresses,
    })),
  };
}
