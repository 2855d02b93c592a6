import { gateHostname, type HostName, hostname, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { problemsOf, valueIn } from "./config-problems.ts";
import { type Config, cutover, droplet, n8n, schema, usesDroplet } from "./config-schema.ts";

export type { Config };

const NAMESPACE = "hybrid-mcp";

/** The services that are switched on, in the catalogue's order. */
export function enabledServices(config: Config): ServiceName[] {
  return serviceNames.filter((name) => config.services[name].enabled);
}

/** Whether a service has a container: it is placed on the droplet, or kept there as a standby. */
export function hasContainer(config: Config, service: ServiceName): boolean {
  return usesDroplet(config.services[service], config.cutover.keepStandby);
}

/** Whether the stack has a Firecrawl engine of its own, on its droplet. */
export function hostsFirecrawl({ services: { firecrawl } }: Config): boolean {
  return firecrawl.enabled && firecrawl.engine === "self-hosted";
}

/** Whether n8n runs on this stack's droplet. */
export function deploysN8n({ services: { n8n } }: Config): boolean {
  return n8n.enabled === true && n8n.upstreamUrl === undefined;
}

/**
 * Whether anything runs on the droplet: without that there is none. One that was adopted stays known: the stack must never
 * let go of it by itself.
 */
export function needsDroplet(config: Config): boolean {
  const hasServices = enabledServices(config).some((service) => hasContainer(config, service));
  return hasServices || hasState(config) || config.droplet.adopt !== undefined;
}

/** Whether something on the droplet keeps what must not be lost. */
export function hasState(config: Config): boolean {
  return deploysN8n(config) || hostsFirecrawl(config);
}

/** Whether containers run on the droplet itself, and not in another Docker Engine that stands for it. */
export function engineOverSsh({ dockerHost }: Config["droplet"]): boolean {
  return dockerHost === undefined || dockerHost.startsWith("ssh://");
}

/** Where containers find the droplet itself: the first address of their network, which Docker gives to its bridge. */
export function containerGateway({ droplet: { subnet } }: Config): string {
  const [a, b, c, d] = ipaddr.IPv4.networkAddressFromCIDR(subnet).octets;
  return [a, b, c, d! + 1].join(".");
}

/** The MCP endpoint of n8n, if the stack has one. */
export function n8nMcpUrl(config: Config): string | undefined {
  const { enabled, upstreamUrl } = config.services.n8n;
  const origin = deploysN8n(config) ? publicUrl(config, "n8n") : enabled === false ? undefined : upstreamUrl;
  return origin && `${origin}/mcp-server/http`;
}

/** The origin at which clients reach a service: an identifier, the same in both homes. */
export function publicUrl(config: Config, name: HostName): string {
  return config.publicUrls[name] ?? `https://${hostname(name, config.domain)}`;
}

/** Where the droplet's copy of a service is asked, past any Workers route. */
export function dropletUrl({ domain }: Config, service: ServiceName): string {
  return `https://${gateHostname(service, domain)}`;
}

/**
 * Reads the stack config.
 *
 * @throws {pulumi.RunError} one message with every bad value: its key, the value, what is allowed
 */
export function loadConfig(): Config {
  const { config, errors } = parseConfig(pulumi.runtime.allConfig());
  if (errors) throw new pulumi.RunError(`The stack config has errors; nothing was changed.\n${errors.join("\n")}`);
  return config;
}

/**
 * Deadlines of a stack config that may hide its secrets, for what tells of an update beforehand.
 *
 * @param flat as for `parseConfig`; of a part that cannot be read, what is usual
 * @returns seconds
 */
export function deadlinesOf(flat: Record<string, string>) {
  const { gateSeconds, confirmSeconds, drainSeconds } = sectionOf(flat, "cutover", cutover);
  const { startSeconds } = sectionOf(flat, "services", z.object({ n8n }).prefault({})).n8n;
  const { readySeconds } = sectionOf(flat, "droplet", droplet);
  return { gateSeconds, confirmSeconds, drainSeconds, startSeconds, readySeconds };
}

/** One key of a config, with what is usual where it cannot be read. */
function sectionOf<T>(flat: Record<string, string>, key: string, section: z.ZodType<T>): T {
  const text = flat[`${NAMESPACE}:${key}`];
  return (text === undefined ? undefined : section.safeParse(fromJson(text)).data) ?? section.parse(undefined);
}

/** A stack config as the engine hands it over, of its values by their keys: full keys, objects as JSON text. */
export function flatConfig(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `${NAMESPACE}:${key}`,
      typeof value === "string" ? value : JSON.stringify(value ?? ""),
    ]),
  );
}

/**
 * @param flat the stack config as the engine hands it over, see `flatConfig`
 * @returns the typed config, or one line for every error
 */
export function parseConfig(
  flat: Record<string, string>,
): { config: Config; errors?: undefined } | { config?: undefined; errors: string[] } {
  const raw: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(flat)) {
    if (key.startsWith(`${NAMESPACE}:`)) raw[key.slice(NAMESPACE.length + 1)] = fromJson(text);
  }
  const parsed = schema.safeParse(raw);
  const errors = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => describe(issue, raw)),
    ...problemsOf(raw).map(([key, message]) => `  ${NAMESPACE}:${key}: ${message}`),
  ];
  return parsed.success && errors.length === 0 ? { config: parsed.data } : { errors };
}

/** Objects and arrays come as JSON; plain words, numbers and booleans may be either. */
function fromJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" ? text : value;
  } catch {
    return text;
  }
}

function describe(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const key = (path: PropertyKey[]) => `${NAMESPACE}:${path.map(String).join(".")}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => {
      const path = [...issue.path, name];
      const isService = issue.path[0] === "services" && issue.path.length === 1;
      const known = [...serviceNames, "n8n"].join(", ");
      return `  ${key(path)}: unknown ${isService ? `service; the services are: ${known}` : "key"}`;
    });
  }
  const value = valueIn(raw, issue.path);
  // A secret's value is never repeated.
  const shown = value === undefined || isSecretPath(issue.path) ? "" : ` ${withoutUserInfo(JSON.stringify(value))}`;
  if (issue.code === "invalid_value")
    return [`  ${key(issue.path)}:${shown} is not allowed; allowed: ${issue.values.join(", ")}`];
  if (value === undefined && issue.code === "invalid_type") return [`  ${key(issue.path)}: is missing`];
  const message = issue.message.replace(/^Invalid (input: )?/, "is not allowed: ").replace(/^Too/, "is too");
  return [`  ${key(issue.path)}:${shown} ${message}`];
}

/** A URL's user name and password are secrets that somebody put in the wrong place. */
function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^/@\s"]*@/g, "//…@");
}

function isSecretPath(path: PropertyKey[]): boolean {
  return (
    /secret|sharedConnections|telemetryHeaders/i.test(String(path[0])) ||
    path.includes("slack") ||
    /token|secret|key$/i.test(String(path.at(-1)))
  );
}
