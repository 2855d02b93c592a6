import type { Properties, ResourceType } from "../core/resource-type.ts";
import { compact, equal, sorted } from "../core/values.ts";
import { plainResource } from "./plain.ts";

/** https://docs.digitalocean.com/reference/api/reference/vpcs/ */
export const vpc: ResourceType = plainResource({
  autoName: true,
  inputs: {
    name: {},
    region: { required: true, replaces: true },
    ipRange: { computed: true, replaces: true },
    description: {},
  },
  outputs: ["createdAt", "default", "vpcUrn"],
  collection: () => "/vpcs",
  one: "vpc",
  many: "vpcs",
  named: "name",
  fromApi: ({ urn, ...rest }) => ({ ...rest, vpcUrn: urn }),
});

/** https://docs.digitalocean.com/reference/api/reference/firewalls/ */
export const firewall: ResourceType = {
  ...plainResource({
    autoName: true,
    inputs: {
      name: {},
      dropletIds: { set: true, default: [] },
      tags: { set: true, default: [] },
      inboundRules: { same: sameRules },
      outboundRules: { same: sameRules },
    },
    outputs: ["createdAt", "pendingChanges", "status"],
    volatile: ["pendingChanges", "status"],
    collection: () => "/firewalls",
    one: "firewall",
    many: "firewalls",
    named: "name",
    toApi: (inputs) => ({
      ...inputs,
      inboundRules: rulesToApi(inputs.inboundRules, "source", "sources"),
      outboundRules: rulesToApi(inputs.outboundRules, "destination", "destinations"),
    }),
    fromApi: (object) => ({
      ...object,
      inboundRules: rulesFromApi(object.inboundRules, "source", "sources"),
      outboundRules: rulesFromApi(object.outboundRules, "destination", "destinations"),
    }),
  }),
  check(inputs) {
    const unknownPort = (rule: Properties) => rule.protocol !== "icmp" && rule.portRange === undefined;
    return ["inboundRules", "outboundRules"].flatMap((property) =>
      ((Array.isArray(inputs[property]) ? inputs[property] : []) as Properties[]).filter(unknownPort).map((rule) => ({
        property,
        reason: `A ${String(rule.protocol)} rule needs portRange, for example "22", "8000-9000" or "all".`,
      })),
    );
  },
};

/** SDK field ↔ API field inside `sources` or `destinations`. */
const ends = [
  ["Addresses", "addresses"],
  ["DropletIds", "dropletIds"],
  ["KubernetesIds", "kubernetesIds"],
  ["LoadBalancerUids", "loadBalancerUids"],
  ["Tags", "tags"],
] as const;

function rulesToApi(rules: unknown, prefix: string, field: string): unknown {
  return ((rules ?? []) as Properties[]).map((rule) => ({
    protocol: rule.protocol,
    ...(rule.portRange !== undefined && { ports: rule.portRange }),
    ...(rule.action !== undefined && { action: rule.action }),
    [field]: Object.fromEntries(ends.map(([sdk, api]) => [api, rule[`${prefix}${sdk}`]])),
  }));
}

function rulesFromApi(rules: unknown, prefix: string, field: string): unknown {
  return ((rules ?? []) as Properties[]).map((rule) => {
    const end = (rule[field] ?? {}) as Properties;
    const ports = rule.ports === "0" && rule.protocol === "icmp" ? undefined : rule.ports;
    return compact({
      protocol: rule.protocol,
      portRange: ports,
      action: rule.action,
      ...Object.fromEntries(ends.map(([sdk, api]) => [`${prefix}${sdk}`, end[api]])),
    });
  });
}

/** Rules and the lists in them have no order, and the API writes "all" and "0" for the same ports. */
function sameRules(wanted: unknown, actual: unknown): boolean {
  const normal = (rules: unknown) =>
    sorted(
      ((rules ?? []) as Properties[]).map((rule) => {
        const ports = rule.portRange === "all" || rule.portRange === "1-65535" ? "0" : rule.portRange;
        const entries = Object.entries({ ...rule, portRange: rule.protocol === "icmp" ? undefined : ports });
        const filled = entries.filter(([, value]) => value !== undefined && !(Array.isArray(value) && !value.length));
        return Object.fromEntries(filled.map(([key, value]) => [key, sorted(value)] as const).sort());
      }),
    );
  return equal(normal(wanted), normal(actual));
}
