import { catalogue, isServiceName, type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const NAMESPACE = "hybrid-mcp";

/** How the droplet is reached and made (config key `hybrid-mcp:droplet`). */
const droplet = z
  .strictObject({
    /** Where its Docker Engine answers; unset: over SSH at the droplet that this program makes. */
    dockerHost: z
      .string()
      .regex(/^(unix|ssh|tcp):\/\//, "must start with unix://, ssh:// or tcp://")
      .optional(),
    region: z.string().default("fra1"),
    size: z.string().default("s-1vcpu-2gb"),
    image: z.string().default("debian-12-x64"),
    /** Public SSH key that the Docker provider signs in with. */
    sshPublicKey: z
      .string()
      .regex(/^(ssh|ecdsa)-\S+ \S+/, "must be a public key as in ~/.ssh/id_ed25519.pub")
      .optional(),
    /** Addresses (CIDR) that may reach the droplet's SSH port. */
    sshAllow: z
      .array(z.union([z.cidrv4(), z.cidrv6()], { error: "must be an address range such as 203.0.113.7/32" }))
      .default([]),
    /** Subnet (CIDR) of the containers' own network. */
    subnet: z.cidrv4().default("10.213.0.0/24"),
    /** Images to use instead of the pinned public ones, by name. */
    images: z.strictObject({ base: z.string(), cloudflared: z.string() }).partial().default({}),
  })
  .prefault({});

/** Deadlines around a flip (config key `hybrid-mcp:cutover`), in seconds. */
const cutover = z
  .strictObject({
    /** How long the new side may take to become healthy before the flip is given up. */
    gateSeconds: z.number().positive().max(3600).default(120),
    /** How long the public URL must answer from the new side, without a break, before the old side is let go. */
    confirmSeconds: z.number().positive().max(600).default(15),
    /** How long calls and streams that run on the old container may take to end before it is stopped. */
    drainSeconds: z.number().positive().max(3600).default(60),
    /** Keeps the container of a service that is placed on Workers, for a quicker way back. */
    keepStandby: z.boolean().default(false),
    /** Where gates connect for hostnames of the edge, instead of looking them up in DNS, e.g. `http://127.0.0.1:8780`. */
    dial: z.url({ protocol: /^https?$/ }).optional(),
  })
  .prefault({});

/** Base URL of an API; paths are put behind it. */
const baseUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

const placements = (service: ServiceName) => catalogue[service].placements as readonly Placement[];

const service = (name: ServiceName) =>
  z
    .strictObject({
      enabled: z.boolean().default(true),
      placement: z.enum(placements(name)).default(placements(name)[0]!),
      /** Base URL of the API behind the service. */
      upstreamUrl: baseUrl.optional(),
      /** The same where a container must dial another address. */
      dropletUpstreamUrl: baseUrl.optional(),
    })
    .prefault({});

const schema = z.strictObject({
  /** Domain (a Cloudflare zone) under which every service has its hostname. */
  domain: z.hostname({ error: "must be a hostname such as example.com" }),
  /** Prefix of the names of everything that is created. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, "must be lower-case letters, digits and dashes, at most 31")
    .default("hybrid-mcp"),
  cloudflare: z.strictObject({
    accountId: z.string().regex(/^[0-9a-f]{32}$/, "must be the account's 32 hexadecimal digits"),
    zoneId: z.string().regex(/^[0-9a-f]{32}$/, "must be the zone's 32 hexadecimal digits"),
    /** The account's `<subdomain>.workers.dev`. */
    workersSubdomain: z.string().regex(/^[a-z0-9-]+$/),
  }),
  services: z.strictObject({ coda: service("coda") }).prefault({}),
  codaApiToken: z.string().min(1).optional(),
  droplet,
  tunnel: z
    .strictObject({
      /** `host:port` that connectors dial instead of Cloudflare's edge. */
      edge: z
        .string()
        .regex(/^[^\s/]+:\d+$/, "must be host:port")
        .optional(),
    })
    .prefault({}),
  cutover,
  /** Origins that clients use instead of `https://<hostname>`, by service. */
  publicUrls: z
    .partialRecord(
      z.enum(serviceNames),
      z.string().regex(/^https?:\/\/[^/?#\s]+$/, "must be an origin such as https://coda.example.com, without a path"),
    )
    .default({}),
  /** Read by the local stack's commands only. */
  local: z
    .strictObject({
      /** Added to every local port. */
      portOffset: z.int().min(0).max(50_000),
      /** Certificate for every hostname of the domain and of workers.dev (PEM files), and the edge's port for https. */
      tls: z.strictObject({ key: z.string(), cert: z.string(), ca: z.string().optional(), port: z.int() }),
    })
    .partial()
    .optional(),
});

/** The whole stack config, validated, with every default filled in. */
export type Config = z.output<typeof schema>;

type ServiceConfig = Config["services"][ServiceName];

function usesDroplet(config: Pick<ServiceConfig, "enabled" | "placement">, keepStandby: boolean): boolean {
  return config.enabled && (config.placement === "droplet" || keepStandby);
}

/** The services that are switched on, in the catalogue's order. */
export function enabledServices(config: Config): ServiceName[] {
  return serviceNames.filter((name) => config.services[name].enabled);
}

/** Whether a service has a container: it is placed on the droplet, or kept there as a standby. */
export function hasContainer(config: Config, service: ServiceName): boolean {
  return usesDroplet(config.services[service], config.cutover.keepStandby);
}

/** The origin at which clients reach a service: an identifier, the same in both homes. */
export function publicUrl(config: Config, service: ServiceName): string {
  return config.publicUrls[service] ?? `https://${catalogue[service].subdomain}.${config.domain}`;
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
 * @param flat the stack config as the engine hands it over: full keys, objects as JSON text
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
    ...missing(raw).map(([key, message]) => `  ${NAMESPACE}:${key}: is missing; ${message}`),
  ];
  return parsed.success && errors.length === 0 ? { config: parsed.data } : { errors };
}

/**
 * What one value makes necessary elsewhere. Each relation is asked of the raw values that it needs, so that it is told
 * together with errors in other keys.
 */
function missing(raw: Record<string, unknown>): [key: string, message: string][] {
  const value = (...path: string[]) =>
    path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined | null)?.[key], raw);
  const enabled = serviceNames.filter((name) => value("services", name, "enabled") !== false);
  const onDroplet = enabled.some((name) =>
    usesDroplet(
      {
        enabled: true,
        placement: (value("services", name, "placement") ?? placements(name)[0]) as Placement,
      },
      value("cutover", "keepStandby") === true,
    ),
  );
  const found: [string, string][] = [];
  if (enabled.includes("coda") && value("codaApiToken") === undefined) {
    found.push(["codaApiToken", "set it with: pulumi config set --secret hybrid-mcp:codaApiToken <token>"]);
  }
  if (onDroplet && !value("droplet", "dockerHost")) {
    const why = "a service is placed on the droplet, whose Docker Engine is reached over SSH";
    if (!value("droplet", "sshPublicKey")) found.push(["droplet.sshPublicKey", why]);
    if (!(value("droplet", "sshAllow") as unknown[] | undefined)?.length) {
      found.push(["droplet.sshAllow", `${why}; name the addresses from which you deploy, e.g. [203.0.113.7/32]`]);
    }
  }
  return found;
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
      const known = issue.path[0] === "services" && issue.path.length === 1 && !isServiceName(name);
      return `  ${key(path)}: unknown ${known ? `service; the services are: ${serviceNames.join(", ")}` : "key"}`;
    });
  }
  const value = issue.path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], raw);
  // A secret's value is never repeated.
  const shown =
    value === undefined || /token|secret|key$/i.test(String(issue.path.at(-1))) ? "" : ` ${JSON.stringify(value)}`;
  if (issue.code === "invalid_value")
    return [`  ${key(issue.path)}:${shown} is not allowed; allowed: ${issue.values.join(", ")}`];
  if (value === undefined && issue.code === "invalid_type") return [`  ${key(issue.path)}: is missing`];
  const message = issue.message.replace(/^Invalid (input: )?/, "is not allowed: ").replace(/^Too/, "is too");
  return [`  ${key(issue.path)}:${shown} ${message}`];
}
