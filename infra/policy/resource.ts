import { type PolicyResource, type ResourceValidationArgs, UnknownValueError } from "@pulumi/policy";

/** In the place of a value that a preview cannot know. */
export const UNKNOWN = Symbol("unknown");

/** A resource as rules look at it. */
export interface Inspected {
  /** Without the older names that a type has: one of `types`, if rules speak of it. */
  type: string;
  name: string;
  /** Its inputs, with `UNKNOWN` for what is not known yet. */
  props: Record<string, unknown>;
  opts: { protect: boolean };
  /** The resources that a property was made of, by the property's name. */
  madeOf?: Record<string, Inspected[]>;
}

/** Types of resources, by a short name. */
export const types = {
  container: "docker:index/container:Container",
  swarmService: "docker:index/service:Service",
  image: "docker:index/remoteImage:RemoteImage",
  builtImage: "docker:index/image:Image",
  dockerVolume: "docker:index/volume:Volume",
  droplet: "digitalocean:index/droplet:Droplet",
  firewall: "digitalocean:index/firewall:Firewall",
  volume: "digitalocean:index/volume:Volume",
  script: "cloudflare:index/workersScript:WorkersScript",
  scriptVersion: "cloudflare:index/workerVersion:WorkerVersion",
  customDomain: "cloudflare:index/workersCustomDomain:WorkersCustomDomain",
  namespace: "cloudflare:index/workersKvNamespace:WorkersKvNamespace",
  database: "cloudflare:index/d1Database:D1Database",
  bucket: "cloudflare:index/r2Bucket:R2Bucket",
  tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  password: "random:index/randomPassword:RandomPassword",
  bytes: "random:index/randomBytes:RandomBytes",
  randomId: "random:index/randomId:RandomId",
  randomString: "random:index/randomString:RandomString",
  input: "hybrid-mcp:policy:Input",
} as const;

/** Names that some of them had before, under which the SDKs still make the same. */
export const olderTypes: Readonly<Record<string, string>> = {
  "docker:image:Image": types.builtImage,
  "cloudflare:index/workerScript:WorkerScript": types.script,
  "cloudflare:index/workerDomain:WorkerDomain": types.customDomain,
  "cloudflare:index/tunnel:Tunnel": types.tunnel,
};

/** What the engine hands over, as rules look at it. */
export const inspected = ({ type, name, props, opts }: PolicyResource | ResourceValidationArgs): Inspected => ({
  type: olderTypes[type] ?? type,
  name,
  props: readable(props),
  opts: { protect: opts.protect },
});

/**
 * A copy of what the engine hands over, which can be read without care: reading an unknown value of the original ends the
 * rule that does, with nothing but a remark.
 */
export function readable(props: Record<string, unknown>): Record<string, unknown> {
  return copy(props) as Record<string, unknown>;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, at) => member(value, at));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, member(value as Record<string, unknown>, key)]));
}

function member(of: Record<string | number, unknown> | unknown[], key: string | number): unknown {
  try {
    return copy((of as Record<string | number, unknown>)[key]);
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}

/** A property that should be a list: what is missing is an empty one. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** A property that should be an object: what is missing is an empty one. */
export const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
