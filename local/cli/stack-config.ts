import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hostNames, type ServiceName } from "@hybrid-mcp/catalogue";
import { parse, stringify } from "yaml";
import { standInAddresses } from "../cloud/stand-ins.ts";
import type { ServiceImages } from "../docker/service-images.ts";
import { localBackups } from "./local-backups.ts";
import type { Update } from "./placement-history.ts";
import {
  type LocalStack,
  merge,
  repositoryRoot,
  runsN8n,
  type Values,
  wantsN8n,
  withoutNamespace,
  writePrivately,
} from "./stack.ts";

/** Images that the local stack uses instead of the public ones. */
export interface LocalImages extends ServiceImages {
  base: string;
  cloudflared: string;
}

/**
 * Writes the stack's Pulumi project: the checkout's own `Pulumi.yaml` and program, and a stack config made of the local
 * cloud's addresses, under what the tracked file and the flags say.
 */
export function writeProject(stack: LocalStack, images: LocalImages): void {
  const project = stack.path("project");
  mkdirSync(project, { recursive: true });
  writePrivately(join(project, "Pulumi.yaml"), readFileSync(join(repositoryRoot, "Pulumi.yaml"), "utf8"));
  // The program of this checkout, wherever the stack's directory came from.
  const link = join(project, "infra");
  rmSync(link, { force: true });
  symlinkSync(join(repositoryRoot, "infra"), link);

  writeStackConfig(stack, images, join(project, "Pulumi.local.yaml"));
  stack.saveSettings(stack.settings);
}

/** Writes the stack config that an update would be given, to a file of its own or to the project's. */
export function writeStackConfig(stack: LocalStack, images: LocalImages, file: string): void {
  const before = writtenProject(stack);
  // The stack's salt and its encrypted values stay as the CLI wrote them.
  const config = { ...stackValues(stack, images), ...encryptedValues(before.config) };
  const named = Object.fromEntries(Object.entries(config).map(([key, value]) => [`hybrid-mcp:${key}`, value]));
  writePrivately(file, stringify({ ...before, config: named }));
}

/** The stack config as the program will see it, with something in the place of what only the engine can decrypt. */
export function plainConfig(stack: LocalStack): Values {
  const values = stackValues(stack, { base: "scratch", cloudflared: "scratch" });
  const { servers } = (values.gateway ?? {}) as { servers?: { name?: string }[] };
  const known: Values = {
    // They stay in the config when n8n is taken away.
    backupSecrets: { passphrase: PLACEHOLDER },
    ...secretValues(stack),
    serverSecrets: Object.fromEntries((Array.isArray(servers) ? servers : []).map((each) => [each?.name, PLACEHOLDER])),
  };
  const encrypted = Object.entries(encryptedValues(writtenProject(stack).config)).map(([key, value]) => [
    key,
    isEncrypted(value) ? (known[key] ?? PLACEHOLDER) : decrypted(value),
  ]);
  return { ...secretValues(stack), ...values, ...Object.fromEntries(encrypted) };
}

/** The config that an update would be given now, as the CLI shows one: what is encrypted has no value. */
export function configOfNow(stack: LocalStack): Update["config"] {
  const { config = {} } = writtenProject(stack);
  const { images } = (withoutNamespace(config).droplet ?? {}) as { images?: LocalImages };
  const values = stackValues(stack, images ?? { base: "scratch", cloudflared: "scratch" });
  const secrets = Object.keys({ ...secretValues(stack), ...encryptedValues(config) });
  return Object.fromEntries([
    ...Object.entries(values).map(([key, value]) => [
      `hybrid-mcp:${key}`,
      { secret: false, ...(typeof value === "object" ? { objectValue: value } : { value: String(value) }) },
    ]),
    ...secrets.map((key) => [`hybrid-mcp:${key}`, { secret: true }]),
  ]);
}

const PLACEHOLDER = "encrypted";

/** The project's stack config as it is on disk: our values, and what the CLI has put there. */
function writtenProject(stack: LocalStack): { config?: Values } & Values {
  const file = stack.path("project", "Pulumi.local.yaml");
  return existsSync(file) ? (parse(readFileSync(file, "utf8")) as { config?: Values } & Values) : {};
}

/** The values of a config that are encrypted, as a whole or somewhere in them. */
function encryptedValues(config: Values = {}): Values {
  return Object.fromEntries(Object.entries(withoutNamespace(config)).filter(([, value]) => holdsEncrypted(value)));
}

/** `pulumi config set --secret` writes `{ secure: … }` in a value's place. */
function isEncrypted(value: unknown): value is object {
  return typeof value === "object" && value !== null && "secure" in value;
}

function holdsEncrypted(value: unknown): boolean {
  return (
    isEncrypted(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsEncrypted))
  );
}

/** A value with a placeholder for everything in it that is encrypted. */
function decrypted(value: unknown): unknown {
  if (isEncrypted(value)) return PLACEHOLDER;
  if (Array.isArray(value)) return value.map(decrypted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decrypted(each)]));
}

/** The local cloud's values, under what a person set; n8n needs containers, and is left out where there are none. */
function stackValues(stack: LocalStack, images: LocalImages): Values {
  const values = merge(localValues(stack, images), stack.settings);
  return wantsN8n(stack) && !runsN8n(stack) ? merge(values, { services: { n8n: { enabled: false } } }) : values;
}

/** What differs from a real account: endpoints, ids, images and names; nothing else. */
function localValues(stack: LocalStack, images: LocalImages): Values {
  const { identity, ports, subnet, tls } = stack;
  const inContainer = identity.containers === "docker" ? subnet.gateway : "127.0.0.1";
  const { upstreams, providers, connections } = standInAddresses(`http://127.0.0.1:${ports.standIns}`);
  const inContainers = standInAddresses(`http://${inContainer}:${ports.standIns}`).upstreams;
  const upstream = (name: ServiceName) => ({ upstreamUrl: upstreams[name], dropletUpstreamUrl: inContainers[name] });
  return {
    name: stack.name,
    cloudflare: { accountId: identity.accountId, zoneId: identity.zoneId, workersSubdomain: "local" },
    services: {
      coda: upstream("coda"),
      github: upstream("github"),
      firecrawl: { ...(ownsEngine(stack) ? {} : upstream("firecrawl")), allowedHosts: [`127.0.0.1:${ports.standIns}`] },
      n8n: wantsN8n(stack) ? {} : { upstreamUrl: upstreams.n8n },
    },
    auth: {
      ...providers,
      connections,
      dropletUrl: `http://${inContainer}:${stack.portOf("oauth-broker")}`,
    },
    telemetry: {
      tracesUrl: `http://127.0.0.1:${ports.standIns}/otlp/v1/traces`,
      dropletTracesUrl: `http://${inContainer}:${ports.standIns}/otlp/v1/traces`,
    },
    droplet: {
      dockerHost: `unix://${stack.engineSocket}`,
      subnet: subnet.cidr,
      images,
      imagesAreLocal: true,
      storage: "engine",
    },
    ...(runsN8n(stack) && { backup: { repository: localBackups(stack.dir).repository } }),
    tunnel: { edge: `${inContainer}:${ports.edge}` },
    cutover: { dial: tls ? `https://127.0.0.1:${tls.port}` : `http://127.0.0.1:${ports.edge}` },
    publicUrls: tls
      ? // Workers dial it here, whatever clients do: they reach no address of this machine but the edge's ports.
        { "firecrawl-engine": `http://localhost:${stack.portOf("firecrawl-engine")}` }
      : Object.fromEntries(hostNames.map((name) => [name, stack.publicUrl(name)])),
  };
}

/** What the program is told as secrets, by key: the stack keeps them encrypted, as on a real account. */
export function secretValues(stack: LocalStack): Values {
  const { identity } = stack;
  return {
    clientSecrets: identity.clientSecrets,
    ...(runsN8n(stack) && { backupSecrets: { passphrase: localBackups(stack.dir).passphrase } }),
    sharedConnections: { coda: identity.codaToken, ...(!ownsEngine(stack) && { firecrawl: identity.firecrawlKey }) },
  };
}

/** Whether the stack is to have a Firecrawl engine of its own: then the stand-in is not Firecrawl. */
function ownsEngine({ settings }: LocalStack): boolean {
  const { firecrawl } = (settings.services ?? {}) as { firecrawl?: { engine?: string } };
  return firecrawl?.engine === "self-hosted";
}
