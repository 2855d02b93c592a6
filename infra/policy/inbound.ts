import { isTooWide, SHORTEST_PREFIX } from "../droplet/address-range.ts";
import { fields, type Inspected, list, types, UNKNOWN } from "./resource.ts";

/** What comes in at a droplet: SSH, from the addresses of the config. */
const SSH = { protocol: "tcp", portRange: "22" };

/** Name of the resource that a droplet of `droplet.adopt` is imported as (infra/droplet/host.ts). */
const ADOPTED = "droplet";

/**
 * What a stack lets in from outside, beyond SSH from the allow-list.
 *
 * @param sshAllow config key `droplet.sshAllow`
 * @param adoptsDroplet whether the config has `droplet.adopt`
 * @returns a sentence for each, with the resource that it is about
 */
export function publicInbound(
  resources: Inspected[],
  { sshAllow, adoptsDroplet }: { sshAllow: string[]; adoptsDroplet: boolean },
): [Inspected, string][] {
  const firewalls = resources.filter(({ type }) => type === types.firewall);
  const found: [Inspected, string][] = [];
  for (const firewall of firewalls) {
    for (const each of list(firewall.props.inboundRules)) {
      const problem = ruleProblem(fields(each), sshAllow);
      if (problem) found.push([firewall, problem]);
    }
  }
  for (const droplet of resources.filter(({ type }) => type === types.droplet)) {
    // The one that was adopted has its own firewall, or none, and stays as it is.
    if (adoptsDroplet && droplet.name === ADOPTED) continue;
    if (firewalls.some((firewall) => standsBefore(firewall, droplet))) continue;
    found.push([
      droplet,
      "It has no firewall, so every port is open to everybody. Put its id into the dropletIds of one (infra/droplet/host.ts).",
    ]);
  }
  return found;
}

/** A droplet's id is not known before it is made: what says so is of which resources the firewall's list was made. */
function standsBefore({ props, madeOf }: Inspected, droplet: Inspected): boolean {
  const { dropletIds } = props;
  if (dropletIds !== UNKNOWN && list(dropletIds).length === 0) return false;
  return (madeOf?.dropletIds ?? []).some(({ type, name }) => type === droplet.type && name === droplet.name);
}

function ruleProblem(rule: Record<string, unknown>, sshAllow: string[]): string | undefined {
  const { protocol, portRange, sourceAddresses, ...others } = rule;
  const what = `${String(protocol)} ${String(portRange)}`;
  if (protocol !== SSH.protocol || portRange !== SSH.portRange) {
    return `It lets in ${what}. Nothing but SSH (tcp 22) comes in from outside: lead it through the tunnel, with an ingress rule (infra/edge/ingress.ts).`;
  }
  const other = Object.entries(others).find(([, value]) => value === UNKNOWN || list(value).length > 0);
  if (other)
    return `It lets in SSH by ${other[0]}. Name the addresses instead: config key hybrid-mcp:droplet.sshAllow.`;
  for (const address of list(sourceAddresses)) {
    if (address === UNKNOWN || !sshAllow.includes(String(address))) {
      return `It lets in SSH from ${String(address)}, which hybrid-mcp:droplet.sshAllow does not name. Put it there, or take it out of the firewall.`;
    }
    if (isTooWide(String(address))) {
      return `It lets in SSH from ${String(address)}, which is too many: /${SHORTEST_PREFIX.ipv4} (IPv4) and /${SHORTEST_PREFIX.ipv6} (IPv6) are the widest. Name your own addresses in hybrid-mcp:droplet.sshAllow, or let SSH go through the tunnel (droplet.dockerHost).`;
    }
  }
  return undefined;
}

/** What of a container can be reached past the tunnel. */
export function publishedPorts({ props }: Inspected): string[] {
  const advice =
    "Docker opens published ports past every firewall of the machine. Lead the tunnel to the container instead, by its name in the network.";
  const found: string[] = [];
  if (list(props.ports).length > 0) {
    const ports = list(props.ports).map((port) => String(fields(port).external ?? fields(port).internal));
    found.push(`It publishes the port ${ports.join(", ")}. ${advice}`);
  }
  if (props.publishAllPorts === true) found.push(`It publishes all its ports. ${advice}`);
  if (props.networkMode === "host") {
    found.push("It is in the machine's own network (networkMode: host). Put it into a network of its own.");
  }
  return found;
}
