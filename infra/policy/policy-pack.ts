import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from "@pulumi/policy";
import { serviceTools } from "../service-tools.ts";
import { withoutHealthcheck } from "./healthchecks.ts";
import { movableCustomDomain } from "./hostnames.ts";
import { unpinnedImages } from "./images.ts";
import { publicInbound, publishedPorts } from "./inbound.ts";
import { privilegeProblems } from "./privileges.ts";
import { unprotected } from "./protection.ts";
import { type Inspected, inspected, list, types } from "./resource.ts";
import { openSecrets, secretPaths } from "./secrets.ts";
import { toolNameProblems } from "./tools.ts";

/** Rules that look at one resource: a sentence for each thing that is wrong. */
type ResourceRule = (resource: Inspected, urn: string) => string[];
/** Rules that look at the whole stack; a resource is named by what is wrong about it. */
type StackRule = (resources: Inspected[], allowed: Allowed) => [Inspected | undefined, string][];

/** What the config allows (`PolicyInput` of the program): the engine hands a policy pack no stack config. */
interface Allowed {
  sshAllow: string[];
  adoptsDroplet: boolean;
  engineIsLocal: boolean;
  localImages: string[];
  allowDataLoss: string[];
}

function ofResource(name: string, description: string, rule: ResourceRule): ResourceValidationPolicy {
  return {
    name,
    description,
    validateResource: (args, report) => {
      for (const problem of rule(inspected(args), args.urn)) report(problem);
    },
  };
}

function ofStack(name: string, description: string, rule: StackRule): StackValidationPolicy {
  return {
    name,
    description,
    validateStack: ({ resources }, report) => {
      const urns = new Map<Inspected, string>();
      const all = resources.map((resource) => {
        const madeOf = Object.entries(resource.propertyDependencies).map(([key, of]) => [key, of.map(inspected)]);
        const each = { ...inspected(resource), madeOf: Object.fromEntries(madeOf) };
        urns.set(each, resource.urn);
        return each;
      });
      const input = all.find(({ type }) => type === types.input)?.props ?? {};
      const strings = (value: unknown) => list(value).map(String);
      const allowed = {
        sshAllow: strings(input.sshAllow),
        adoptsDroplet: input.adoptsDroplet === true,
        engineIsLocal: input.engineIsLocal === true,
        localImages: strings(input.localImages),
        allowDataLoss: strings(input.allowDataLoss),
      };
      for (const [resource, problem] of rule(all, allowed)) report(problem, resource && urns.get(resource));
    },
  };
}

/** Rules for one kind of resources. */
const only =
  (type: string, rule: (resource: Inspected) => string[]): ResourceRule =>
  (resource) =>
    resource.type === type ? rule(resource) : [];

/** Which inputs of a resource are secret. Rules are shown their values without that; only what may change a resource sees it. */
const secretsOf = new Map<string, Set<string>>();

/** The object behind the proxies in which the SDK hands over inputs: secrets in it are `Secret`s. */
function raw(props: Record<string, unknown>): unknown {
  let value = props;
  while (value.__isSpecialProxy === true) value = value.__getSpecialProxyTarget as Record<string, unknown>;
  return value;
}

const secretsAreSecret: ResourceValidationPolicy = {
  ...ofResource(
    "secrets-are-secret",
    "What nobody else should read is marked as secret, and bound to Workers as secret_text.",
    (resource, urn) => openSecrets(resource, secretsOf.get(urn) ?? new Set()),
  ),
  // The level at which the engine asks `remediateResource` too; what `validateResource` finds is mandatory all the same.
  enforcementLevel: "remediate",
  remediateResource: ({ urn, props }) => {
    secretsOf.set(urn, secretPaths(raw(props)));
  },
};

new PolicyPack("hybrid-mcp", {
  enforcementLevel: "mandatory",
  policies: [
    ofStack("no-public-inbound", "Nothing comes in at the droplet but SSH, from droplet.sshAllow.", publicInbound),
    ofResource(
      "no-published-ports",
      "Containers are reached through the tunnel only.",
      only(types.container, publishedPorts),
    ),
    ofStack("pinned-images", "Images are pinned by their digests, or built here.", unpinnedImages),
    ofStack("healthchecks", "Every container that stays has a health check.", (resources) =>
      withoutHealthcheck(resources).map((container) => [
        container,
        "It has no health check, so nobody knows whether it works. Give it `healthcheck`, or its Dockerfile HEALTHCHECK.",
      ]),
    ),
    secretsAreSecret,
    ofResource(
      "no-custom-domain",
      "The hostname of a service that moves has a route, not a Custom Domain.",
      (resource) => [movableCustomDomain(resource)].filter((problem) => problem !== undefined),
    ),
    ofStack("protected-data", "What holds data is protected, unless the config lets it go.", (resources, allowed) =>
      unprotected(resources, allowed.allowDataLoss),
    ),
    ofStack("tool-names", "Tools have names of their own at the gateway, and scopes of their own service.", () =>
      toolNameProblems(Object.fromEntries(Object.entries(serviceTools).map(([name, { tools }]) => [name, tools]))).map(
        (problem) => [undefined, problem],
      ),
    ),
    ofResource("least-privilege", "Containers can do little else than their work.", privilegeProblems),
  ],
});
